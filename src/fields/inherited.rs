//! Values that a span passes on to the spans below it, read on the application's thread.

use llmobs_conventions::llmobs_json::{prompt, tool_definitions};
use llmobs_model::{Prompt, ToolDefinition};

use super::lookup::SESSION_TAG;

/// Returns the session in a JSON object of tags.
pub(crate) fn session_of_tags(json: &str) -> Option<String> {
    // Most tags name no session, and need no parser.
    if !json.contains(SESSION_TAG) {
        return None;
    }
    let tags: serde_json::Map<_, _> = serde_json::from_str(json).ok()?;
    let session: &serde_json::Value = tags.get(SESSION_TAG)?;
    Some(session.as_str().map_or_else(|| session.to_string(), str::to_owned))
}

/// Returns the prompt in the text of a field, as far as it can be read.
pub(crate) fn prompt_of(json: &str) -> Option<Prompt> {
    prompt(&serde_json::from_str(json).ok()?).0
}

/// Returns the tool definitions in the text of a field, as far as they can be read.
pub(crate) fn tools_of(json: &str) -> Option<Vec<ToolDefinition>> {
    tool_definitions(&serde_json::from_str(json).ok()?).0
}
