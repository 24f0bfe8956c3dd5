//! Words → meaning; the only place where field names are spelled.
//!
//! In: a field's name, a JSON value. Out: [`Meaning`], messages, documents.
//! Never: `tracing`, spans, configuration.

mod llmobs;
mod messages;

pub use llmobs::fields;

pub(crate) use messages::{documents, messages};

use crate::model::Meaning;

/// What a field of a span says, or `None` when no vocabulary has the word.
pub(crate) fn span_field(name: &'static str) -> Option<Meaning> {
    llmobs::meaning(name)
}

/// What a field of an event says about the span around it. `is_error` is whether the event is at ERROR.
pub(crate) fn event_field(name: &'static str, is_error: bool) -> Option<Meaning> {
    match name {
        RETURN => Some(Meaning::Returned),
        ERROR if is_error => Some(Meaning::Failed),
        other => llmobs::meaning(other),
    }
}

/// What `#[instrument(ret)]` calls the value that a function returns.
const RETURN: &str = "return";
/// What `#[instrument(err)]` and most people call an error.
const ERROR: &str = "error";
