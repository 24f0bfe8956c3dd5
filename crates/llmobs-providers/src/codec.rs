//! What each API brings: how to read its request, its answer, its errors, and how to put a stream together again.

use std::borrow::Cow;

use serde_json::Value;

use super::anthropic;
use super::bedrock;
use super::call::Head;
use super::endpoint::{Api, Endpoint};
use super::failure;
use super::{cohere, gemini, mistral, ollama, openai};
use llmobs_model::{Annotation, Message, SpanError};

/// One API. Its answers are read in one place: a stream is put together into the answer that would have come whole.
pub(super) trait Codec: Sync {
    /// What the span of a call is called.
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str>;

    /// What a request says: model, provider, input, metadata, tools. Kind and name are set by [`Call`](super::Call).
    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation;

    /// Adds what an answer says to what the request said.
    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation;

    /// What an answer with a bad status says went wrong.
    fn error(&self, head: &Head, body: &Value) -> SpanError {
        failure::of_answer(head, body)
    }

    /// What an llm span of a call that failed has for an output.
    fn silence(&self) -> Message {
        Message::new("", "")
    }

    /// A stream that begins.
    fn rebuild(&self) -> Box<dyn Rebuild>;
}

/// A whole answer, or one that was put together from what arrived of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) request: &'a Value,
    pub(super) head: &'a Head,
    pub(super) body: &'a Value,
}

/// Puts the frames of a stream together again into the JSON of a whole answer.
///
/// It holds no more than it is worth: what it keeps goes through a [`Room`](super::json::Room).
pub(super) trait Rebuild: Send {
    /// Takes one frame.
    fn frame(&mut self, frame: Frame) -> Seen;

    /// Takes the JSON of a frame whose name does not matter, if it is one of those that most of a stream consists of; any
    /// other is left to [`frame`](Self::frame). What is taken is taken as that would have done, only quicker.
    fn usual(&mut self, _: &[u8]) -> Option<Seen> {
        None
    }

    /// Bytes of the answer that it holds, about.
    fn held(&self) -> usize;

    /// The answer, as far as it has come.
    fn whole(self: Box<Self>) -> Value;
}

/// One frame of a stream, its framing taken off.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    /// What the framing calls it: the SSE event, the AWS `:event-type`; else empty.
    pub(super) event: String,
    /// An exception frame of an AWS event stream; its type is the event.
    pub(super) is_exception: bool,
    pub(super) data: Value,
}

/// What a frame was, for the clock and for the end.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// It bears part of the answer: text, a tool call, reasoning. Not a greeting, not a role.
    pub(super) is_content: bool,
    /// It says that the provider failed in the middle.
    pub(super) error: Option<SpanError>,
}

impl Seen {
    pub(super) fn content(is_content: bool) -> Self {
        Self { is_content, error: None }
    }
}

/// The codec of an API.
pub(super) fn codec(api: Api) -> &'static dyn Codec {
    match api {
        Api::OpenAiChat => &openai::Chat,
        Api::OpenAiCompletions => &openai::Completions,
        Api::OpenAiResponses => &openai::Responses,
        Api::OpenAiEmbeddings => &openai::Embeddings,
        Api::AnthropicMessages => &anthropic::Messages,
        Api::AnthropicComplete => &anthropic::Complete,
        Api::BedrockInvoke => &bedrock::Invoke,
        Api::BedrockEmbeddings => &bedrock::Embeddings,
        Api::BedrockConverse => &bedrock::Converse,
        Api::BedrockAgent => &bedrock::Agents,
        Api::GeminiGenerate | Api::VertexGenerate => &gemini::Generate,
        Api::GeminiEmbed | Api::VertexEmbed => &gemini::Embed,
        Api::GeminiInteractions => &gemini::Interactions,
        Api::MistralChat => &mistral::Chat,
        Api::MistralEmbeddings => &mistral::Embeddings,
        Api::CohereChat => &cohere::Chat,
        Api::CohereEmbed => &cohere::Embed,
        Api::OllamaChat => &ollama::Chat,
        Api::OllamaGenerate => &ollama::Generate,
        Api::OllamaEmbed => &ollama::Embed,
    }
}

#[cfg(test)]
mod tests;
