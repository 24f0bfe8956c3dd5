//! `meta.input` and `meta.output`.

use serde_json::{Map, Value};

use llmobs_model::{Content, Document, Media, MediaSource, Message, ToolCall, ToolResult};

/// Reads one side. What has an unknown form stays JSON; `{}` (Node sends it always) is nothing.
///
/// Shape: `{"messages":[…]}`, `{"documents":[…]}` or `{"value":"…"}`; experiments have any JSON.
pub(super) fn content(json: &Value) -> Option<Content> {
    let members = match json {
        Value::Null => return None,
        Value::Object(members) => members,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Some(Content::from(json.clone()));
        }
    };
    if let Some(messages) = members.get("messages").and_then(|json| list(json, message)) {
        return Some(Content::Messages(messages));
    }
    if let Some(documents) = members.get("documents").and_then(|json| list(json, document)) {
        return Some(Content::Documents(documents));
    }
    match members.get("value") {
        Some(value) => Some(Content::from(value.clone())),
        None if members.keys().all(|name| name == "prompt") => None,
        None => {
            let mut members = members.clone();
            members.remove("prompt");
            Some(Content::Json(Value::Object(members)))
        }
    }
}

fn message(json: &Map<String, Value>) -> Message {
    let mut message = Message::new(text(json, "role").unwrap_or_default(), text(json, "content").unwrap_or_default());
    message.tool_calls = member_list(json, "tool_calls", tool_call);
    message.tool_results = member_list(json, "tool_results", tool_result);
    message.audio_parts = member_list(json, "audio_parts", media);
    message.image_parts = member_list(json, "image_parts", media);
    message.tool_id = text(json, "tool_id");
    message
}

fn tool_call(json: &Map<String, Value>) -> ToolCall {
    let mut call = ToolCall::new(text(json, "name").unwrap_or_default(), Value::Null);
    call.arguments = json.get("arguments").and_then(Value::as_object).cloned().unwrap_or_default();
    call.tool_id = text(json, "tool_id");
    call.kind = text(json, "type");
    call
}

fn tool_result(json: &Map<String, Value>) -> ToolResult {
    let mut result = ToolResult::new(text(json, "result").unwrap_or_default());
    result.name = text(json, "name");
    result.tool_id = text(json, "tool_id");
    result.kind = text(json, "type");
    result
}

fn media(json: &Map<String, Value>) -> Media {
    let source = match text(json, "attachment_key") {
        Some(key) => MediaSource::Attachment(key),
        None => MediaSource::Base64(text(json, "content").unwrap_or_default()),
    };
    let mut media = Media::base64(text(json, "mime_type").unwrap_or_default(), "");
    media.source = source;
    media
}

fn document(json: &Map<String, Value>) -> Document {
    let mut document = Document::new(text(json, "text").unwrap_or_default());
    document.name = text(json, "name");
    document.id = text(json, "id");
    document.score = json.get("score").and_then(Value::as_f64);
    document.metadata = json.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    document
}

/// An array of objects; `None` when it is anything else.
fn list<T>(json: &Value, read: impl Fn(&Map<String, Value>) -> T) -> Option<Vec<T>> {
    json.as_array()?.iter().map(|item| item.as_object().map(&read)).collect()
}

fn member_list<T>(json: &Map<String, Value>, name: &str, read: impl Fn(&Map<String, Value>) -> T) -> Vec<T> {
    json.get(name).and_then(|items| list(items, read)).unwrap_or_default()
}

/// A text, or the JSON text of anything else; null is nothing.
fn text(json: &Map<String, Value>, name: &str) -> Option<String> {
    match json.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_forms_are_read() {
        let call = ToolCall::new("get_weather", json!({"city": "Paris"})).id("call_1").kind("function");
        let result = ToolResult::new("27").name("get_weather").id("call_1").kind("tool_result");
        for (wire, read) in [
            (json!({"value": "hi"}), Some(Content::from("hi"))),
            (json!({"value": ""}), Some(Content::from(""))),
            (json!({}), None),
            (json!(null), None),
            (json!({"prompt": {"id": "p"}}), None),
            (json!("No"), Some(Content::from("No"))),
            (json!({"question": 1}), Some(Content::Json(json!({"question": 1})))),
            (json!({"messages": "no list"}), Some(Content::Json(json!({"messages": "no list"})))),
            (
                json!({"messages": [
                    {"role": "user", "content": "hi", "image_parts": [{"mime_type": "image/png", "content": "iVBO"}],
                     "audio_parts": [{"mime_type": "audio/wav", "attachment_key": "k"}]},
                    {"role": "assistant", "content": "", "tool_calls": [
                        {"name": "get_weather", "arguments": {"city": "Paris"}, "tool_id": "call_1", "type": "function"}]},
                    {"role": "tool", "content": "", "tool_id": "call_1", "tool_results": [
                        {"result": "27", "name": "get_weather", "tool_id": "call_1", "type": "tool_result"}]},
                ]}),
                Some(Content::from([
                    Message::user("hi")
                        .image(Media::base64("image/png", "iVBO"))
                        .audio(Media::attachment("audio/wav", "k")),
                    Message::assistant("").tool_call(call),
                    Message::tool(result),
                ])),
            ),
            (
                json!({"documents": [{"text": "a", "name": "n", "id": "i", "score": 0}, {"text": "b"}]}),
                Some(Content::from([Document::new("a").name("n").id("i").score(0.0), Document::new("b")])),
            ),
        ] {
            assert_eq!(content(&wire), read, "{wire}");
        }
    }
}
