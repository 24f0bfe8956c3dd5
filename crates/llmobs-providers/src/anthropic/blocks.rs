//! Content blocks → messages: each block is a message of its own.

use std::borrow::Cow;

use serde_json::Value;

use crate::json;
use crate::media::{self, MediaBudget};
use llmobs_model::{Message, ToolCall, ToolResult};

/// The role of what a model thinks before it answers.
const REASONING: &str = "reasoning";
/// The text in place of a picture that is not kept.
const IMAGE: &str = "([IMAGE DETECTED])";
/// Pictures that can be shown.
const MIME_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];
/// Characters that are shown of a block of a type that this does not know.
const MOST_UNKNOWN: usize = 4096;

/// The system prompt and the messages of a request.
pub(super) fn input(request: &Value) -> Vec<Message> {
    let mut blocks = Blocks { media: MediaBudget::new() };
    let mut messages = blocks.messages("system", &request["system"]);
    for message in json::items(request, "messages") {
        messages.extend(blocks.messages(json::text(message, "role"), &message["content"]));
    }
    messages
}

/// The content of an answer.
pub(super) fn output(body: &Value) -> Vec<Message> {
    Blocks { media: MediaBudget::new() }.messages(json::text(body, "role"), &body["content"])
}

/// Returns the citations of all blocks of a response.
pub(super) fn citations(body: &Value) -> Vec<Value> {
    let cited = json::items(body, "content").iter().flat_map(|block| json::items(block, "citations"));
    cited.map(without_media).collect()
}

/// Reads the blocks of one side of a call; the media of all of them share one allowance.
struct Blocks {
    media: MediaBudget,
}

impl Blocks {
    fn messages(&mut self, role: &str, content: &Value) -> Vec<Message> {
        match content {
            Value::String(text) => vec![Message::new(role, text)],
            Value::Array(blocks) => blocks.iter().map(|block| self.message(role, block)).collect(),
            Value::Null => Vec::new(),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => vec![self.message(role, other)],
        }
    }

    fn message(&mut self, role: &str, block: &Value) -> Message {
        match json::text(block, "type") {
            "text" => Message::new(role, json::text(block, "text")),
            "thinking" => Message::new(REASONING, json::text(block, "thinking")),
            "image" => self.image(role, &block["source"]),
            kind if kind.contains("tool_use") => {
                let call = ToolCall::new(json::text(block, "name"), block["input"].clone());
                Message::new(role, json::text(block, "text")).tool_call(call.id(json::text(block, "id")).kind(kind))
            }
            kind if kind.contains("tool_result") => {
                // The intake knows no name here, but wants the member.
                let result = ToolResult::new(result(&block["content"])).name("");
                let result = result.id(json::text(block, "tool_use_id")).kind("tool_result");
                Message::new(role, "").tool_result(result)
            }
            kind => Message::new(role, shown(kind, block)),
        }
    }

    fn image(&mut self, role: &str, source: &Value) -> Message {
        let mime_type = json::text(source, "media_type");
        if source["type"] != "base64" || !MIME_TYPES.contains(&mime_type) {
            return Message::new(role, IMAGE);
        }
        match self.media.image(mime_type, json::text(source, "data")) {
            Ok(picture) => Message::new(role, "").image(picture),
            Err(media::IMAGE) => Message::new(role, IMAGE),
            Err(marker) => Message::new(role, marker),
        }
    }
}

/// Returns a tool's result as text: a list is its texts with commas between them.
fn result(content: &Value) -> String {
    match content {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(item).collect::<Vec<_>>().join(","),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_)) => json::to_sorted_text(without_media(other)),
    }
}

fn item(item: &Value) -> Cow<'_, str> {
    if let Some(text) = item.as_str() {
        return text.into();
    }
    match json::text(item, "type") {
        "text" => json::text(item, "text").into(),
        "image" => IMAGE.into(),
        _ => json::to_sorted_text(without_media(item)).into(),
    }
}

/// A block that no message has a member for, as its JSON.
fn shown(kind: &str, block: &Value) -> String {
    let text = json::to_sorted_text(without_media(block));
    match kind {
        "document" | "search_result" | "redacted_thinking" | "compaction" => text,
        _ => json::cut(&text, MOST_UNKNOWN).to_owned(),
    }
}

/// The value without what is no use to a reader: media in base64, and what only Anthropic can decrypt or check.
fn without_media(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_media).collect(),
        Value::Object(members) => {
            let instead = stand_in(value);
            let kept = members.iter().filter(|(name, _)| !name.starts_with("encrypted_") && *name != "signature");
            let shown = kept.map(|(name, value)| match instead {
                Some(instead) if name == "data" => (name.clone(), instead.into()),
                _ => (name.clone(), without_media(value)),
            });
            Value::Object(shown.collect())
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other.clone(),
    }
}

/// Returns the text in place of the `data` of an object.
fn stand_in(object: &Value) -> Option<&'static str> {
    match json::text(object, "type") {
        "redacted_thinking" => Some("[redacted thinking]"),
        "base64" if json::text(object, "media_type").starts_with("image/") => Some(IMAGE),
        "base64" => Some("[document]"),
        _ => None,
    }
}
