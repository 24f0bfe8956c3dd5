//! Every text of a recorded exchange is somewhere in its event, whatever the member is called that it stands under.

use std::collections::BTreeMap;

use serde_json::Value;
use tracing_llmobs::{Content, Message, SpanEvent};

use crate::cassettes::{Recording, known};
use crate::exchange::events;

#[test]
#[ignore = "needs ../shared"]
fn every_text_is_in_the_event() {
    let mut lost: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (recording, exchange) in known() {
        let (events, _) = events([exchange.whole()]);
        let event = &events[0];
        let sides = [(asked(&recording), event.input.as_ref()), (answered(&recording), event.output.as_ref())];
        for (texts, side) in sides {
            let side = squashed(&said(event, side));
            let is_lost = |text: &str| !side.contains(&squashed(text)) && !side.contains(&squashed(&unescaped(text)));
            for (path, text) in texts.into_iter().filter(|(_, text)| is_lost(text)) {
                lost.entry(format!("{} {path}", recording.file)).or_default().push(format!("{}: {text}", recording.id));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

/// All that an event says on this side, and aside; JSON as the texts in it.
fn said(event: &SpanEvent, content: Option<&Content>) -> String {
    let mut texts = Vec::new();
    match content {
        Some(Content::Text(text)) => texts.push(text.clone()),
        Some(Content::Messages(messages)) => messages.iter().for_each(|message| of_message(message, &mut texts)),
        Some(Content::Documents(documents)) => texts.extend(documents.iter().map(|one| one.text.clone())),
        other => texts.push(format!("{other:?}")),
    }
    leaves(&Value::Object(event.metadata.clone()), &mut texts);
    for tool in &event.tool_definitions {
        texts.extend([tool.name.clone(), tool.description.clone().unwrap_or_default()]);
        leaves(&Value::Object(tool.schema.clone().unwrap_or_default()), &mut texts);
    }
    texts.extend(event.error.iter().map(|error| error.message.clone()));
    let inner: Vec<Value> = texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
    for value in &inner {
        leaves(value, &mut texts);
    }
    texts.join(&BETWEEN.to_string())
}

fn of_message(message: &Message, texts: &mut Vec<String>) {
    texts.push(message.content.clone());
    for call in &message.tool_calls {
        texts.extend([call.name.clone(), call.tool_id.clone().unwrap_or_default()]);
        let arguments = Value::Object(call.arguments.clone());
        leaves(&arguments, texts);
        texts.push(arguments.to_string());
    }
    for result in &message.tool_results {
        let others = [&result.name, &result.tool_id].map(|other| other.clone().unwrap_or_default());
        texts.extend([result.result.clone()].into_iter().chain(others));
    }
}

fn leaves(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            texts.push(name.clone());
            leaves(value, texts);
        }),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, texts)),
        Value::String(text) => texts.push(text.clone()),
        other => texts.push(other.to_string()),
    }
}

fn asked(recording: &Recording) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for name in CONVERSATION {
        walk(&recording.json["request"]["json"][*name], name, &mut texts);
    }
    texts
}

fn answered(recording: &Recording) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for body in recording.bodies() {
        walk(&body, "", &mut texts);
    }
    texts
}

fn walk(value: &Value, path: &str, texts: &mut Vec<(String, String)>) {
    /// Shorter texts are words of a protocol more often than of a conversation.
    const SHORTEST: usize = 8;
    match value {
        // A tool that is not loaded yet is shown by its name alone.
        Value::Object(members) if members.get("defer_loading") == Some(&Value::Bool(true)) => {}
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                if !PROTOCOL.iter().any(|other| path.ends_with(other)) {
                    walk(value, &path, texts);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, texts)),
        Value::String(text) if squashed(text).chars().count() >= SHORTEST && !text.starts_with("data:") => {
            match serde_json::from_str(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => walk(&inner, path, texts),
                _ => texts.push((path.to_owned(), text.clone())),
            }
        }
        _ => {}
    }
}

/// Letters and digits only: JSON in a text is written in more ways than one.
fn squashed(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric() || *char == BETWEEN).collect()
}

/// A piece of JSON as the text that it stands for.
fn unescaped(text: &str) -> String {
    text.replace("\\n", "\n").replace("\\\"", "\"")
}

/// Between two texts; it stands in none.
const BETWEEN: char = '\u{1}';

/// The members of a request that are the conversation, and the tools for it.
const CONVERSATION: &[&str] = &[
    "chat_history",
    "content",
    "contents",
    "input",
    "inputText",
    "inputs",
    "instances",
    "instructions",
    "message",
    "messages",
    "preamble",
    "prompt",
    "requests",
    "system",
    "systemInstruction",
    "system_instruction",
    "texts",
    "tools",
    "functions",
    "toolConfig",
];

/// The ends of the paths of what is no part of a conversation.
const PROTOCOL: &[&str] = &[
    // What something is.
    ".type",
    ".role",
    ".object",
    ".format",
    ".channel",
    ".phase",
    ".status",
    ".mimeType",
    ".event_type",
    ".response_type",
    // Names of things.
    ".id",
    "agentId",
    "agentAliasId",
    "sessionId",
    ".eventTime",
    ".callerChain",
    ".item_id",
    ".request_id",
    ".response_id",
    ".responseId",
    ".generation_id",
    ".user_id",
    ".model",
    ".modelVersion",
    ".provider",
    "messages.name",
    ".system_fingerprint",
    ".prompt_cache_key",
    ".safety_identifier",
    ".error.code",
    ".error.param",
    ".x_groq",
    // Why it ended, when, how much it was.
    "_reason",
    ".finishReason",
    ".finish_details",
    ".created_at",
    ".created",
    ".updated",
    ".usage",
    ".usageMetadata",
    ".copilot_usage",
    ".billing",
    "service_tier",
    ".serviceTier",
    // Settings.
    ".cache_control",
    ".prompt_cache_retention",
    ".reasoning.context",
    ".reasoning.mode",
    ".reasoning.summary",
    ".metadata",
    ".venice_parameters",
    // What nobody can read: signatures, ciphers, padding, vectors, sounds, pictures, and where they are.
    "ignature",
    ".encrypted_content",
    ".encrypted_index",
    ".reasoning_details.data",
    ".obfuscation",
    ".p",
    ".padding",
    ".embedding",
    ".audio.data",
    "input_audio.data",
    "inlineData.data",
    "image_url",
    "image_url.url",
    ".file.filename",
    ".document_name",
    // Beside the text.
    ".annotations",
    ".citation",
    ".citations",
    ".search_results",
    ".logprobs",
    ".trace",
    // What is said again of the request.
    ".chat_history",
    ".instructions",
    ".prompt",
];
