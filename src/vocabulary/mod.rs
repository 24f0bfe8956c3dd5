//! Words → meaning; the only place where field names are spelled.
//!
//! In: a field's name, a JSON value. Out: [`Meaning`], messages, documents.
//! Never: `tracing`, spans, configuration.

mod llmobs;
mod messages;

pub use llmobs::fields;

pub(crate) use llmobs::{PROXY_TAG, SESSION_TAG};
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

/// Whether a field of a span that says nothing we know is an argument of an instrumented function: names of
/// ours that are misspelled are not.
pub(crate) fn is_argument(name: &str) -> bool {
    !llmobs::is_own(name)
}

/// The session that a JSON object of tags names.
pub(crate) fn session_of_tags(json: &str) -> Option<String> {
    if !json.contains(SESSION_TAG) {
        return None;
    }
    let tags: serde_json::Map<_, _> = serde_json::from_str(json).ok()?;
    tags.get(SESSION_TAG)?.as_str().map(str::to_owned)
}

/// What `#[instrument(ret)]` calls the value that a function returns.
const RETURN: &str = "return";
/// What `#[instrument(err)]` and most people call an error.
const ERROR: &str = "error";
