//! Messages of a conversation, and the media in them.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::json_size::{sum_bytes, text_bytes, texts_bytes};
use super::tool::{ToolCall, ToolResult};
use super::wire;

/// The role of the speaker of a [`Message`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Role {
    /// No role. On the wire the empty string.
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
    /// Returns the role as it is on the wire.
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

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        wire::text(deserializer).map(|role| Self::from(role.as_str()))
    }
}

/// A message of a conversation.
///
/// On the wire `{"role":"user","content":"hi"}`, with `tool_calls`, `tool_results`, `audio_parts`, `image_parts` and
/// `tool_id` where there are any.
///
/// # Example
///
/// ```
/// use llmobs_model::{Message, ToolCall};
/// use serde_json::json;
///
/// let question = Message::user("What is the weather in Paris?");
/// assert_eq!(serde_json::to_value(&question)?, json!({"role": "user", "content": "What is the weather in Paris?"}));
/// let call = Message::assistant("").tool_call(ToolCall::new("get_weather", json!({"city": "Paris"})));
/// assert_eq!(call.tool_calls.len(), 1);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, serde::Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Message {
    /// The role of the speaker.
    pub role: Role,
    /// The text; may be empty beside tool calls.
    #[serde(deserialize_with = "wire::text")]
    pub content: String,
    /// The tool calls that the model asks for.
    #[serde(deserialize_with = "wire::list")]
    pub tool_calls: Vec<ToolCall>,
    /// The results of tool calls.
    #[serde(deserialize_with = "wire::list")]
    pub tool_results: Vec<ToolResult>,
    /// Audio.
    #[serde(deserialize_with = "wire::list")]
    pub audio_parts: Vec<Media>,
    /// Images.
    #[serde(deserialize_with = "wire::list")]
    pub image_parts: Vec<Media>,
    /// The id of the tool call that this message answers; written for the role `tool` only.
    #[serde(deserialize_with = "wire::optional_text")]
    pub tool_id: Option<String>,
}

impl Message {
    /// Creates a message of any role; the role may be empty.
    pub fn new(role: impl AsRef<str>, content: impl Into<String>) -> Self {
        Self { role: Role::from(role.as_ref()), content: content.into(), ..Self::default() }
    }

    /// Creates a message of the role `system`.
    pub fn system(content: impl Into<String>) -> Self {
        Self::new("system", content)
    }

    /// Creates a message of the role `user`.
    pub fn user(content: impl Into<String>) -> Self {
        Self::new("user", content)
    }

    /// Creates a message of the role `assistant`.
    pub fn assistant(content: impl Into<String>) -> Self {
        Self::new("assistant", content)
    }

    /// Creates a message of the role `tool` that carries `result`.
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

    /// Adds audio.
    pub fn audio(mut self, part: Media) -> Self {
        self.audio_parts.push(part);
        self
    }

    /// Adds an image.
    pub fn image(mut self, part: Media) -> Self {
        self.image_parts.push(part);
        self
    }

    /// Sets the id of the tool call that this message answers.
    pub fn tool_id(mut self, id: impl Into<String>) -> Self {
        self.tool_id = Some(id.into());
        self
    }

    pub(crate) fn text_bytes(&self) -> usize {
        let own = text_bytes(&self.content).saturating_add(self.role.as_str().len());
        let own = own.saturating_add(texts_bytes([&self.tool_id]));
        let tools = sum_bytes(&self.tool_calls, ToolCall::text_bytes)
            .saturating_add(sum_bytes(&self.tool_results, ToolResult::text_bytes));
        let media = sum_bytes(&self.audio_parts, Media::text_bytes)
            .saturating_add(sum_bytes(&self.image_parts, Media::text_bytes));
        own.saturating_add(tools).saturating_add(media)
    }
}

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", &self.role)?;
        map.serialize_entry("content", &self.content)?;
        if !self.tool_calls.is_empty() {
            map.serialize_entry("tool_calls", &self.tool_calls)?;
        }
        if !self.tool_results.is_empty() {
            map.serialize_entry("tool_results", &self.tool_results)?;
        }
        if !self.audio_parts.is_empty() {
            map.serialize_entry("audio_parts", &self.audio_parts)?;
        }
        if !self.image_parts.is_empty() {
            map.serialize_entry("image_parts", &self.image_parts)?;
        }
        if let Some(tool_id) = self.tool_id.as_ref().filter(|_| self.role == Role::Tool) {
            map.serialize_entry("tool_id", tool_id)?;
        }
        map.end()
    }
}

/// Audio or an image in a [`Message`].
///
/// On the wire `{"mime_type":"image/png","content":"…"}` or `{"mime_type":"image/png","attachment_key":"…"}`.
///
/// # Example
///
/// ```
/// use llmobs_model::{Media, Message};
///
/// let message = Message::user("What is this?").image(Media::base64("image/png", "iVBORw0KGgo="));
/// assert_eq!(message.image_parts[0].mime_type, "image/png");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Media {
    /// The media type, for example `image/png`.
    pub mime_type: String,
    /// The bytes, or a reference to them.
    pub source: MediaSource,
}

/// The place of the bytes of a [`Media`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaSource {
    /// In the event, as base64.
    Base64(String),
    /// At the intake, under this key.
    Attachment(String),
}

impl Media {
    /// Creates a part whose bytes are given in base64.
    pub fn base64(mime_type: impl Into<String>, content: impl Into<String>) -> Self {
        Self { mime_type: mime_type.into(), source: MediaSource::Base64(content.into()) }
    }

    /// Creates a part that was uploaded before.
    pub fn attachment(mime_type: impl Into<String>, key: impl Into<String>) -> Self {
        Self { mime_type: mime_type.into(), source: MediaSource::Attachment(key.into()) }
    }

    fn text_bytes(&self) -> usize {
        let (MediaSource::Base64(text) | MediaSource::Attachment(text)) = &self.source;
        text_bytes(&self.mime_type).saturating_add(text_bytes(text))
    }
}

impl Serialize for Media {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("mime_type", &self.mime_type)?;
        match &self.source {
            MediaSource::Base64(content) => map.serialize_entry("content", content)?,
            MediaSource::Attachment(key) => map.serialize_entry("attachment_key", key)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Media {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize, Default)]
        #[serde(default)]
        struct Members {
            #[serde(deserialize_with = "wire::text")]
            mime_type: String,
            #[serde(deserialize_with = "wire::text")]
            content: String,
            #[serde(deserialize_with = "wire::optional_text")]
            attachment_key: Option<String>,
        }
        let members = Members::deserialize(deserializer)?;
        let source = members.attachment_key.map_or(MediaSource::Base64(members.content), MediaSource::Attachment);
        Ok(Self { mime_type: members.mime_type, source })
    }
}
