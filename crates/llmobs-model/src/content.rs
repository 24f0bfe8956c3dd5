//! What goes into a span and comes out of it: text, messages, documents.

use std::borrow::Cow;

use serde_json::Value;

use super::depth;
use super::document::Document;
use super::tool::{ToolCall, ToolResult};

/// The input or output of a span.
///
/// Which form reaches the intake depends on the kind of the span: an `llm` span has messages, `retrieval`
/// output and `embedding` input are documents, everything else is one string. What is given in another
/// form is turned into it where that loses nothing: text becomes one message without a role or one
/// document; JSON becomes its text.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Content, Message};
///
/// assert_eq!(Content::from("hi"), Content::Text("hi".to_owned()));
/// assert!(matches!(Content::from(Message::user("hi")), Content::Messages(m) if m.len() == 1));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// One text. On the wire `{"value":"…"}`.
    Text(String),
    /// A conversation. On the wire `{"messages":[…]}`.
    Messages(Vec<Message>),
    /// Texts with a name, an id and a score. On the wire `{"documents":[…]}`.
    Documents(Vec<Document>),
    /// Any JSON value. On the wire its text, `{"value":"…"}`, unless it has the form of messages or
    /// documents and the kind asks for those.
    Json(Value),
}

impl Content {
    /// Any value that serde can write, as JSON; text stays text.
    ///
    /// # Errors
    ///
    /// What [`serde_json::to_value`] refuses: map keys that are no strings, 128-bit numbers.
    /// Values nested deeper than 128 levels are refused too, because each step that walks them needs more stack.
    pub fn json(value: impl serde::Serialize) -> Result<Self, serde_json::Error> {
        depth::to_value(&value).map(Self::from)
    }

    /// Itself, unless some JSON in it is nested too deep, which is taken apart without walking on the stack.
    pub(super) fn unless_deep(self) -> Option<Self> {
        match self {
            Self::Json(value) => depth::unless_deep(value).map(Self::Json),
            Self::Messages(mut messages) => {
                let calls = messages.iter_mut().flat_map(|message| &mut message.tool_calls);
                // Each of them is taken apart, not only the first.
                let are_good = calls.fold(true, |good, call| good & call.has_no_deep_arguments());
                are_good.then_some(Self::Messages(messages))
            }
            Self::Documents(mut documents) => {
                let all = documents.iter_mut();
                let are_good = all.fold(true, |good, document| good & document.has_no_deep_metadata());
                are_good.then_some(Self::Documents(documents))
            }
            other @ Self::Text(_) => Some(other),
        }
    }

    /// Bytes of text in here, near enough to bound a queue with.
    pub fn text_bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Messages(messages) => sum(messages, Message::text_bytes),
            Self::Documents(documents) => sum(documents, Document::text_bytes),
            Self::Json(value) => retained_json_bytes(value),
        }
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

/// Who speaks in a [`Message`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Role {
    /// No role was given. On the wire the empty string.
    #[default]
    Unspecified,
    /// `system`
    System,
    /// `developer`
    Developer,
    /// `user`
    User,
    /// `assistant`
    Assistant,
    /// `tool`
    Tool,
    /// Any other word.
    Other(String),
}

impl Role {
    /// The role as it is on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unspecified => "",
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(role) => role,
        }
    }
}

impl From<&str> for Role {
    fn from(role: &str) -> Self {
        match role {
            "" => Self::Unspecified,
            "system" => Self::System,
            "developer" => Self::Developer,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// One message of a conversation.
///
/// On the wire `{"role":"user","content":"hi"}`, with `tool_calls`, `tool_results`, `audio_parts`,
/// `image_parts` and `tool_id` where there are any.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use tracing_llmobs::{Message, ToolCall};
///
/// let question = Message::user("What is the weather in Paris?");
/// let call = Message::assistant("").tool_call(ToolCall::new("get_weather", json!({"city": "Paris"})));
/// assert_eq!(question.role.as_str(), "user");
/// assert_eq!(call.tool_calls.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; may be empty beside tool calls.
    pub content: String,
    /// The calls the model asks for.
    pub tool_calls: Vec<ToolCall>,
    /// What tools answered.
    pub tool_results: Vec<ToolResult>,
    /// Sound.
    pub audio_parts: Vec<Media>,
    /// Pictures.
    pub image_parts: Vec<Media>,
    /// The id of the tool call that this message answers; only kept for the role `tool`.
    pub tool_id: Option<String>,
}

impl Message {
    /// A message of any role; the role may be empty.
    pub fn new(role: impl AsRef<str>, content: impl Into<String>) -> Self {
        Self { role: Role::from(role.as_ref()), content: content.into(), ..Self::default() }
    }

    /// A message of the role `system`.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new("system", content)
    }

    /// A message of the role `user`.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new("user", content)
    }

    /// A message of the role `assistant`.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new("assistant", content)
    }

    /// A message of the role `tool` that carries one result.
    pub fn tool(result: ToolResult) -> Self {
        let tool_id = result.tool_id.clone();
        Self { tool_id, ..Self::new("tool", "").tool_result(result) }
    }

    /// Adds a tool call.
    pub fn tool_call(mut self, call: ToolCall) -> Self {
        self.tool_calls.push(call);
        self
    }

    /// Adds a tool result.
    pub fn tool_result(mut self, result: ToolResult) -> Self {
        self.tool_results.push(result);
        self
    }

    /// Adds a sound.
    pub fn audio(mut self, part: Media) -> Self {
        self.audio_parts.push(part);
        self
    }

    /// Adds a picture.
    pub fn image(mut self, part: Media) -> Self {
        self.image_parts.push(part);
        self
    }

    /// Sets the id of the tool call that this message answers.
    pub fn tool_id(mut self, id: impl Into<String>) -> Self {
        self.tool_id = Some(id.into());
        self
    }

    fn text_bytes(&self) -> usize {
        self.content
            .len()
            .saturating_add(self.role.as_str().len())
            .saturating_add(sum(&self.tool_calls, ToolCall::text_bytes))
            .saturating_add(sum(&self.tool_results, ToolResult::text_bytes))
            .saturating_add(sum(&self.audio_parts, Media::text_bytes))
            .saturating_add(sum(&self.image_parts, Media::text_bytes))
    }
}

/// A sound or a picture in a [`Message`].
///
/// On the wire `{"mime_type":"image/png","content":"…"}` or `{"mime_type":"image/png","attachment_key":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Media {
    /// For example `image/png`.
    pub mime_type: String,
    /// The bytes or where they are.
    pub source: MediaSource,
}

/// Where the bytes of a [`Media`] are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaSource {
    /// Here, in base64.
    Base64(String),
    /// At the intake, under this key.
    Attachment(String),
}

impl Media {
    /// A part whose bytes are given in base64.
    pub fn base64(mime_type: impl Into<String>, content: impl Into<String>) -> Self {
        Self { mime_type: mime_type.into(), source: MediaSource::Base64(content.into()) }
    }

    /// A part that was uploaded before.
    pub fn attachment(mime_type: impl Into<String>, key: impl Into<String>) -> Self {
        Self { mime_type: mime_type.into(), source: MediaSource::Attachment(key.into()) }
    }

    fn text_bytes(&self) -> usize {
        let (MediaSource::Base64(text) | MediaSource::Attachment(text)) = &self.source;
        self.mime_type.len().saturating_add(text.len())
    }
}

/// Bytes of text in a JSON value, without walking on the stack: it may be deep.
pub fn retained_json_bytes(value: &Value) -> usize {
    const NODE: usize = 32;
    let mut total = 0_usize;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        total = total.saturating_add(NODE);
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => total = total.saturating_add(text.len()),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                total = members.keys().fold(total, |sum, key| sum.saturating_add(key.len()));
                open.extend(members.values());
            }
        }
    }
    total
}

fn sum<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    items.iter().fold(0, |total, item| total.saturating_add(bytes(item)).saturating_add(32))
}
