//! Input and output of a span.

use std::borrow::Cow;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::document::Document;
use super::json_limits;
use super::json_size::{self, retained_json_bytes, sum_bytes};
use super::message::Message;
use super::prompt::Prompt;

/// The input or output of a span.
///
/// The kind of the span decides which form reaches the intake: an `llm` span has messages, `retrieval` output and
/// `embedding` input are documents, everything else is one string. Content of another form is converted where nothing is
/// lost: text becomes one message without a role or one document, JSON becomes its text.
///
/// On the wire it is `{"value":"…"}`, `{"messages":[…]}` or `{"documents":[…]}`.
///
/// # Example
///
/// ```
/// use llmobs_model::{Content, Message};
///
/// assert_eq!(Content::from("hi"), Content::Text("hi".to_owned()));
/// assert!(matches!(Content::from(Message::user("hi")), Content::Messages(m) if m.len() == 1));
/// assert_eq!(serde_json::to_string(&Content::from("hi"))?, r#"{"value":"hi"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Text. On the wire `{"value":"…"}`.
    Text(String),
    /// A conversation. On the wire `{"messages":[…]}`.
    Messages(Vec<Message>),
    /// Texts with a name, an id and a score. On the wire `{"documents":[…]}`.
    Documents(Vec<Document>),
    /// Any JSON value. On the wire its text, `{"value":"…"}`, unless the kind of the span takes messages or documents and
    /// the value has their form.
    Json(Value),
}

impl Content {
    /// Converts any value that serde can write to JSON; text stays text.
    ///
    /// # Errors
    ///
    /// The value is not JSON (map keys that are not strings, 128-bit numbers), its `Serialize` panics, or it is nested
    /// deeper than 128 levels: each step that walks such a value needs more stack.
    pub fn json(value: impl Serialize) -> Result<Self, serde_json::Error> {
        json_limits::to_value(&value).map(Self::from)
    }

    /// Returns the content, or `None` when some JSON in it is nested too deep; that JSON is dropped without recursion.
    pub(crate) fn unless_deep(self) -> Option<Self> {
        match self {
            Self::Json(value) => json_limits::unless_deep(value).map(Self::Json),
            Self::Messages(mut messages) => {
                let calls = messages.iter_mut().flat_map(|message| &mut message.tool_calls);
                // Not `all`: every deep value must be taken apart before it is dropped.
                let are_good = calls.fold(true, |good, call| good & call.has_no_deep_arguments());
                are_good.then_some(Self::Messages(messages))
            }
            Self::Documents(mut documents) => {
                let all = documents.iter_mut();
                let are_good = all.fold(true, |good, document| good & document.has_no_deep_metadata());
                are_good.then_some(Self::Documents(documents))
            }
            text @ Self::Text(_) => Some(text),
        }
    }

    /// Returns the bytes that the content retains, near enough to bound a queue with.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => json_size::text_bytes(text),
            Self::Messages(messages) => sum_bytes(messages, Message::text_bytes),
            Self::Documents(documents) => sum_bytes(documents, Document::text_bytes),
            Self::Json(value) => retained_json_bytes(value),
        }
    }

    /// Reads `meta.input` or `meta.output`. Content of an unknown form stays JSON; `{}`, which the Node SDK sends for no
    /// content, is none.
    pub(crate) fn from_wire(json: Value) -> Option<Self> {
        let mut members = match json {
            Value::Null => return None,
            Value::Object(members) => members,
            other @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                // Experiments send any JSON in place of the object.
                return Some(Self::from(other));
            }
        };
        if let Some(messages) = members.get("messages").and_then(objects_of) {
            return Some(Self::Messages(messages));
        }
        if let Some(documents) = members.get("documents").and_then(objects_of) {
            return Some(Self::Documents(documents));
        }
        if let Some(value) = members.remove("value") {
            return Some(Self::from(value));
        }
        // A prompt beside no content says nothing about the content.
        members.remove(PROMPT);
        if members.is_empty() { None } else { Some(Self::Json(Value::Object(members))) }
    }
}

/// Returns an array of objects as a list; `None` when an item is not an object.
fn objects_of<T: serde::de::DeserializeOwned>(json: &Value) -> Option<Vec<T>> {
    json.as_array()?.iter().map(|item| if item.is_object() { T::deserialize(item).ok() } else { None }).collect()
}

/// Input or output as `meta` has it: the content, and in an input the prompt.
pub(crate) struct ContentWithPrompt<'a> {
    pub(crate) content: Option<&'a Content>,
    pub(crate) prompt: Option<&'a Prompt>,
}

impl Serialize for ContentWithPrompt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.content {
            Some(Content::Text(text) | Content::Json(Value::String(text))) => map.serialize_entry("value", text)?,
            Some(Content::Json(value)) => map.serialize_entry("value", &value.to_string())?,
            Some(Content::Messages(messages)) => map.serialize_entry("messages", messages)?,
            Some(Content::Documents(documents)) => map.serialize_entry("documents", documents)?,
            None => {}
        }
        if let Some(prompt) = self.prompt {
            map.serialize_entry(PROMPT, prompt)?;
        }
        map.end()
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ContentWithPrompt { content: Some(self), prompt: None }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Value::deserialize(deserializer)?;
        Ok(Self::from_wire(json).unwrap_or(Self::Json(Value::Null)))
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Content {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Cow<'_, str>> for Content {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Text(text.into_owned())
    }
}

impl From<Message> for Content {
    fn from(message: Message) -> Self {
        Self::Messages(vec![message])
    }
}

impl From<Vec<Message>> for Content {
    fn from(messages: Vec<Message>) -> Self {
        Self::Messages(messages)
    }
}

impl<const N: usize> From<[Message; N]> for Content {
    fn from(messages: [Message; N]) -> Self {
        Self::Messages(messages.into())
    }
}

impl From<Document> for Content {
    fn from(document: Document) -> Self {
        Self::Documents(vec![document])
    }
}

impl From<Vec<Document>> for Content {
    fn from(documents: Vec<Document>) -> Self {
        Self::Documents(documents)
    }
}

impl<const N: usize> From<[Document; N]> for Content {
    fn from(documents: [Document; N]) -> Self {
        Self::Documents(documents.into())
    }
}

impl From<Value> for Content {
    fn from(value: Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Self::Json(other)
            }
        }
    }
}

/// The member of an input that holds the prompt.
pub(crate) const PROMPT: &str = "prompt";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Media, ToolCall, ToolResult};

    #[test]
    fn all_forms_of_the_wire_are_read() {
        let call = ToolCall::new("get_weather", json!({"city": "Paris"})).id("call_1").kind("function");
        let result = ToolResult::new("27").name("get_weather").id("call_1").kind("tool_result");
        for (wire, content) in [
            (json!({"value": "hi"}), Some(Content::from("hi"))),
            (json!({"value": ""}), Some(Content::from(""))),
            (json!({}), None),
            (json!(null), None),
            (json!({"prompt": {"id": "p"}}), None),
            (json!("No"), Some(Content::from("No"))),
            (json!({"question": 1, "prompt": {}}), Some(Content::Json(json!({"question": 1})))),
            (json!({"messages": "no list"}), Some(Content::Json(json!({"messages": "no list"})))),
            (json!({"messages": [["user", "hi"]]}), Some(Content::Json(json!({"messages": [["user", "hi"]]})))),
            (
                json!({"messages": [
                    {"role": "user", "content": "hi", "image_parts": [{"mime_type": "image/png", "content": "iVBO"}],
                     "audio_parts": [{"mime_type": "audio/wav", "attachment_key": "k"}]},
                    {"role": "assistant", "content": null, "tool_calls": [7,
                        {"name": "get_weather", "arguments": {"city": "Paris"}, "tool_id": "call_1", "type": "function"}]},
                    {"role": "tool", "content": "", "tool_id": "call_1", "tool_results": [
                        {"result": 27, "name": "get_weather", "tool_id": "call_1", "type": "tool_result"}]},
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
            assert_eq!(Content::from_wire(wire.clone()), content, "{wire}");
        }
    }
}
