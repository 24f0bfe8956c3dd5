//! Carriers of headers.

use std::collections::HashMap;
use std::hash::BuildHasher;

use http::header::{HeaderMap, HeaderName, HeaderValue};

/// Named texts that travel with a request, such as HTTP headers or the attributes of a message in a queue.
///
/// Names are in lower case. Implemented for [`http::HeaderMap`] and for maps from `String` to `String`, whose names may
/// be in any case.
///
/// # Example
///
/// ```
/// use std::collections::HashMap;
/// use tracing_llmobs::propagation;
///
/// let message = HashMap::from([
///     ("traceparent".to_owned(), "00-6a879500000000000123456789abcdef-00000000000000f0-01".to_owned()),
///     ("tracestate".to_owned(), "dd=t.llmobs_parent_id:240".to_owned()),
/// ]);
/// let parent = propagation::extract(&message).unwrap();
/// assert_eq!(parent.span_id.as_u64(), 240);
/// ```
pub trait Carrier {
    /// Returns all texts under this name, in their order, without values that are no text.
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str>;

    /// Replaces all texts under this name with one, which is printable ASCII.
    fn set(&mut self, name: &'static str, value: String);
}

impl Carrier for HeaderMap {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
    }

    fn set(&mut self, name: &'static str, value: String) {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.insert(HeaderName::from_static(name), value);
        }
    }
}

impl<H: BuildHasher> Carrier for HashMap<String, String, H> {
    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &'static str, value: String) {
        self.retain(|key, _| !key.eq_ignore_ascii_case(name));
        self.insert(name.to_owned(), value);
    }
}

/// Returns the first text under a name, unless it is longer than `max_bytes`.
pub(super) fn first<'a>(carrier: &'a impl Carrier, name: &'a str, max_bytes: usize) -> Option<&'a str> {
    carrier.values(name).next().filter(|text| text.len() <= max_bytes).map(str::trim)
}

/// Returns whether a text is printable ASCII, as headers require.
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
}

pub(super) const TRACE_ID: &str = "x-datadog-trace-id";
pub(super) const PARENT_ID: &str = "x-datadog-parent-id";
pub(super) const SAMPLING_PRIORITY: &str = "x-datadog-sampling-priority";
pub(super) const TAGS: &str = "x-datadog-tags";
pub(super) const TRACEPARENT: &str = "traceparent";
pub(super) const TRACESTATE: &str = "tracestate";

/// The bound for numbers; all valid ones are shorter.
pub(super) const MAX_NUMBER_BYTES: usize = 64;
