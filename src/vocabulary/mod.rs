//! Words → meaning; the only place where field names are spelled.
//!
//! In: a field's name, a JSON value. Out: [`FieldKey`], messages, documents, prompts, tools, evaluations.
//! Never: `tracing`, spans, configuration.

mod details;
mod evaluation;
mod foreign;
mod json;
mod llmobs;
mod messages;
mod sayings;
mod selection;

pub use llmobs::fields;

pub(crate) use details::{keys, prompt, tool_definitions};
pub(crate) use evaluation::evaluation;
pub(crate) use foreign::{
    Declared, EvaluationDraft, Glance, Nature, Reading, SWITCH, Sayings, UNKNOWN_MODEL, decides, declared,
    evaluations_in, glance, has_usage, is_absent, is_known_event, is_known_field, nature, read, remarks_about,
};
pub(crate) use llmobs::{PROXY_TAG, SESSION_TAG};
pub(crate) use messages::{documents, messages};
pub(crate) use sayings::{
    CONTENT_IN_METADATA, RESPONSE_ID_TAG, USER_TAG, heard, heard_in_event, is_evaluation_field, is_evaluation_word,
};
pub(crate) use selection::Vocabularies;

use crate::recording::FieldKey;
use llmobs_model::{Prompt, ToolDefinition};

/// What a field of a span says, or `None` when no vocabulary has the word.
pub(crate) fn span_field(name: &'static str) -> Option<FieldKey> {
    llmobs::meaning(name)
}

/// What a field of an event says about the span around it. `is_error` is whether the event is at ERROR.
pub(crate) fn event_field(name: &'static str, is_error: bool) -> Option<FieldKey> {
    match name {
        RETURN => Some(FieldKey::Returned),
        ERROR if is_error => Some(FieldKey::Failed),
        other => llmobs::evaluation(other).or_else(|| llmobs::meaning(other)),
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
    let session: &serde_json::Value = tags.get(SESSION_TAG)?;
    Some(session.as_str().map_or_else(|| session.to_string(), str::to_owned))
}

/// The prompt in the text of a field, as far as it is understood.
pub(crate) fn prompt_of(json: &str) -> Option<Prompt> {
    prompt(&serde_json::from_str(json).ok()?).0
}

/// The tool definitions in the text of a field, as far as they are understood.
pub(crate) fn tools_of(json: &str) -> Option<Vec<ToolDefinition>> {
    tool_definitions(&serde_json::from_str(json).ok()?).0
}

/// What `#[instrument(ret)]` calls the value that a function returns.
const RETURN: &str = "return";
/// What `#[instrument(err)]` and most people call an error.
const ERROR: &str = "error";
