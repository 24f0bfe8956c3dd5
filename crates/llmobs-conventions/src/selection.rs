//! Capture decisions of a set of conventions, from names alone.

use crate::convention::allowlist;
use crate::plan::{self, Promise};
use crate::{Conventions, span_events};

impl Conventions {
    /// Decides from names alone whether a span can be an LLM span.
    pub fn promise<'n>(
        self,
        target: &str,
        span_name: &str,
        attribute_names: impl IntoIterator<Item = &'n str>,
    ) -> Promise {
        plan::promise(self, (target, span_name), attribute_names)
    }

    /// Returns whether the value of a span's attribute is used. Names that look like secrets never are.
    pub fn captures_attribute(self, target: &str, name: &str) -> bool {
        allowlist::is_captured(self, target, name)
    }

    /// Returns whether an event inside a span is used, by its name and the names of its attributes. All its attributes are
    /// needed then. `is_error` says that the event's level is ERROR.
    pub fn captures_event<'n>(
        self,
        event_name: &str,
        is_error: bool,
        attribute_names: impl IntoIterator<Item = &'n str>,
    ) -> bool {
        !self.is_empty() && span_events::is_captured(self, event_name, is_error, attribute_names)
    }
}
