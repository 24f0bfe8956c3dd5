//! Messages and documents in the SDKs' own JSON.

use serde_json::{Map, Value};

use crate::format::json::Json;
use crate::messages::plain_dialect;
use llmobs_model::{Document, Media, Message, ToolCall, ToolResult};

/// Returns the messages in a JSON value, or `None` if it holds something else.
///
/// Shape: `{"role": …, "content": …}` or an array of such objects and strings, and the request or response of a known
/// API.
pub fn messages(value: &Value) -> Option<Vec<Message>> {
    let own: Option<Vec<Message>> = match value {
        Value::Array(items) => items.iter().map(message).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            message(value).map(|one| vec![one])
        }
    };
    own.or_else(|| plain_dialect(&Json::of(value)))
}

/// Returns the documents in a JSON value, or `None` if it holds something else.
///
/// Shape: `{"text": …, "name"?: …, "id"?: …, "score"?: …}`, a string, or an array of these.
pub fn documents(value: &Value) -> Option<Vec<Document>> {
    match value {
        Value::Array(items) => items.iter().map(document).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            document(value).map(|one| vec![one])
        }
    }
}

fn message(value: &Value) -> Option<Message> {
    let members = match value {
        Value::String(text) => return Some(Message::new("", text.as_str())),
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    if !MESSAGE_MEMBERS.iter().any(|name| members.contains_key(*name)) {
        return None;
    }
    // Others call the content so; to read such a message as ours would lose it.
    if members.contains_key("parts") && !members.contains_key("content") {
        return None;
    }
    let mut message = Message::new(text(members, "role")?.unwrap_or_default(), content(members.get("content"))?);
    message.tool_calls = list(members.get("tool_calls"), tool_call)?;
    message.tool_results = list(members.get("tool_results"), tool_result)?;
    message.audio_parts = list(members.get("audio_parts"), media)?;
    message.image_parts = list(members.get("image_parts"), media)?;
    message.tool_id = text(members, "tool_id")?.or(text(members, "tool_call_id")?).map(str::to_owned);
    Some(message)
}

/// Returns the content, which is a string, null, or a list of parts. Texts are joined; a marker stands for other
/// parts.
fn content(value: Option<&Value>) -> Option<String> {
    match value {
        None | Some(Value::Null) => Some(String::new()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(Value::Array(parts)) => {
            let texts: Option<Vec<&str>> = parts.iter().map(part).collect();
            texts.map(|texts| texts.concat())
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => None,
    }
}

fn part(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(members) => members.get("text").and_then(Value::as_str).or_else(|| marker(members)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

/// Returns the marker of a part that is an image, audio or a file.
fn marker(members: &Map<String, Value>) -> Option<&'static str> {
    let kind = members.get("type").and_then(Value::as_str)?;
    let markers = [("image", "[image]"), ("audio", "[audio]"), ("file", "[file]")];
    markers.into_iter().find(|(word, _)| kind.contains(word)).map(|(_, marker)| marker)
}

/// Reads a tool call in the SDKs' form, or in `OpenAI`'s, which has name and arguments below `function`.
fn tool_call(value: &Value) -> Option<ToolCall> {
    let members = value.as_object()?;
    let inner = members.get("function").and_then(Value::as_object).unwrap_or(members);
    let name = text(inner, "name")?.filter(|name| !name.is_empty())?;
    let mut call = ToolCall::new(name, inner.get("arguments").cloned().unwrap_or_default());
    call.tool_id = text(members, "tool_id")?.or(text(members, "id")?).map(str::to_owned);
    call.kind = text(members, "type")?.map(str::to_owned);
    Some(call)
}

fn tool_result(value: &Value) -> Option<ToolResult> {
    let members = value.as_object()?;
    let result = members.get("result")?;
    let mut result = ToolResult::new(result.as_str().map_or_else(|| result.to_string(), str::to_owned));
    result.name = text(members, "name")?.map(str::to_owned);
    result.tool_id = text(members, "tool_id")?.map(str::to_owned);
    result.kind = text(members, "type")?.map(str::to_owned);
    Some(result)
}

fn media(value: &Value) -> Option<Media> {
    let members = value.as_object()?;
    let mime_type = text(members, "mime_type")?.filter(|mime_type| !mime_type.is_empty())?;
    match (text(members, "content")?, text(members, "attachment_key")?) {
        (Some(content), None) => Some(Media::base64(mime_type, content)),
        (None, Some(key)) => Some(Media::attachment(mime_type, key)),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

fn document(value: &Value) -> Option<Document> {
    let members = match value {
        Value::String(text) => return Some(Document::new(text.as_str())),
        Value::Object(members) => members,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => return None,
    };
    let mut document = Document::new(text(members, "text")??);
    document.name = text(members, "name")?.map(str::to_owned);
    document.id = match members.get("id") {
        Some(Value::Number(id)) => Some(id.to_string()),
        _ => text(members, "id")?.map(str::to_owned),
    };
    match members.get("score") {
        None | Some(Value::Null) => {}
        Some(score) => document = document.score(score.as_f64()?),
    }
    Some(document)
}

/// Returns the string under a name: `Some(None)` if it is absent or null, `None` if it is no string.
#[expect(clippy::option_option, reason = "with `?` the outer `None` means: no message at all")]
fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Option<Option<&'a str>> {
    match members.get(name) {
        None | Some(Value::Null) => Some(None),
        Some(Value::String(text)) => Some(Some(text)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => None,
    }
}

fn list<T>(value: Option<&Value>, one: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    match value {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(one).collect(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => None,
    }
}

/// Members of a message. An object with none of these is no message.
const MESSAGE_MEMBERS: [&str; 6] = ["role", "content", "tool_calls", "tool_results", "image_parts", "audio_parts"];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_read_in_every_dialect() {
        let cases = [
            (json!({"role": "user", "content": "hi"}), vec![Message::user("hi")]),
            (json!(["a", {"content": "b"}]), vec![Message::new("", "a"), Message::new("", "b")]),
            (json!([{"role": "user", "content": [{"type": "text", "text": "a"}, "b"]}]), vec![Message::user("ab")]),
            (
                json!({"role": "user", "content": [{"type": "text", "text": "see "}, {"type": "image_url", "image_url": {"url": "x"}}]}),
                vec![Message::user("see [image]")],
            ),
            (
                json!({"role": "assistant", "content": null, "tool_calls":
                    [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]}),
                vec![Message::assistant("").tool_call(ToolCall::new("f", json!({"x": 1})).id("c1").kind("function"))],
            ),
            (
                json!([{"role": "tool", "tool_results": [{"result": {"t": 21}}]}]),
                vec![Message::new("tool", "").tool_result(ToolResult::new("{\"t\":21}"))],
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(messages(&given), Some(expected), "{given}");
        }
    }

    #[test]
    fn requests_and_answers_of_other_apis_are_messages() {
        let call = ToolCall::new("f", json!({"a": 1})).id("c").kind("tool_use");
        let cases = [
            (
                json!({"choices": [{"message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}]}),
                vec![Message::assistant("a")],
            ),
            (
                json!({"system": "s", "messages": [{"role": "user", "content": "a"}]}),
                vec![Message::system("s"), Message::user("a")],
            ),
            (json!([{"role": "model", "parts": [{"text": "a"}]}]), vec![Message::assistant("a")]),
            (
                json!({"role": "assistant", "content": [{"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}]}),
                vec![Message::assistant("").tool_call(call)],
            ),
        ];
        for (given, expected) in cases {
            assert_eq!(messages(&given), Some(expected), "{given}");
        }
    }

    #[test]
    fn other_json_is_no_message() {
        let cases = [
            json!(5),
            json!({"a": 1}),
            json!({"messages": [1]}),
            json!({"choices": []}),
            json!({"parts": ["screw"]}),
            json!([1]),
            json!({"content": 5}),
            json!({"content": "a", "role": 5}),
            json!({"content": "", "tool_calls": [{"arguments": {}}]}),
            json!({"content": "", "tool_results": [{"name": "n"}]}),
            json!({"content": "", "image_parts": [{"mime_type": "i", "content": "a", "attachment_key": "b"}]}),
        ];
        for given in cases {
            assert_eq!(messages(&given), None, "{given}");
        }
    }

    #[test]
    fn documents_keep_a_score_of_zero_and_refuse_what_has_no_text() {
        let given = json!([{"text": "a", "id": 7, "score": 0}, "b"]);
        let expected = vec![Document::new("a").id("7").score(0.0), Document::new("b")];
        assert_eq!(documents(&given), Some(expected));
        for given in [json!(7), json!({"name": "n"}), json!({"text": 5}), json!({"text": "t", "score": "high"})] {
            assert_eq!(documents(&given), None, "{given}");
        }
    }
}
