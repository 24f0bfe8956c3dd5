//! What each API brings: how to read its request, its answer, its errors, and how to put a stream together again.

use std::borrow::Cow;

use serde_json::Value;

use super::anthropic;
use super::bedrock;
use super::call::ResponseHead;
use super::endpoint::{Api, Endpoint};
use super::failure;
use super::{cohere, gemini, mistral, ollama, openai};
use llmobs_model::{Annotation, Message, SpanError};

/// One API. Its answers are read in one place: a stream is put together into the answer that would have come whole.
pub(super) trait Codec: Sync {
    /// What the span of a call is called.
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str>;

    /// What a request says: model, provider, input, metadata, tools. Kind and name are set by [`Call`](super::Call).
    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation;

    /// Adds what an answer says to what the request said.
    fn annotate_response(&self, said: Annotation, response: Response<'_>) -> Annotation;

    /// What an answer with a bad status says went wrong.
    fn error(&self, head: &ResponseHead, body: &Value) -> SpanError {
        failure::of_answer(head, body)
    }

    /// What an llm span of a call that failed has for an output.
    fn empty_output(&self) -> Message {
        Message::new("", "")
    }

    /// A stream that begins.
    fn assembler(&self) -> Box<dyn StreamAssembler>;
}

/// A whole answer, or one that was put together from what arrived of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Response<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) request: &'a Value,
    pub(super) head: &'a ResponseHead,
    pub(super) body: &'a Value,
}

/// Puts the frames of a stream together again into the JSON of a whole answer.
///
/// It holds no more than it is worth: what it keeps goes through a [`StreamBudget`](super::json::StreamBudget).
pub(super) trait StreamAssembler: Send {
    /// Takes one frame.
    fn push(&mut self, frame: Frame) -> FrameSummary;

    /// Takes the JSON of a frame whose name does not matter, if it is one of those that most of a stream consists of; any
    /// other is left to [`frame`](Self::frame). What is taken is taken as that would have done, only quicker.
    fn push_common(&mut self, _: &[u8]) -> Option<FrameSummary> {
        None
    }

    /// Bytes of the answer that it holds, about.
    fn retained_bytes(&self) -> usize;

    /// The answer, as far as it has come.
    fn finish(self: Box<Self>) -> Value;
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
pub(super) struct FrameSummary {
    /// It bears part of the answer: text, a tool call, reasoning. Not a greeting, not a role.
    pub(super) is_content: bool,
    /// It says that the provider failed in the middle.
    pub(super) error: Option<SpanError>,
}

impl FrameSummary {
    pub(super) fn content(is_content: bool) -> Self {
        Self { is_content, error: None }
    }
}

/// The codec of an API.
pub(super) fn codec(api: Api) -> &'static dyn Codec {
    match api {
        Api::OpenAiChat => &openai::OpenAiChat,
        Api::OpenAiCompletions => &openai::OpenAiCompletions,
        Api::OpenAiResponses => &openai::OpenAiResponses,
        Api::OpenAiEmbeddings => &openai::OpenAiEmbeddings,
        Api::AnthropicMessages => &anthropic::AnthropicMessages,
        Api::AnthropicComplete => &anthropic::AnthropicComplete,
        Api::BedrockInvoke => &bedrock::BedrockInvoke,
        Api::BedrockEmbeddings => &bedrock::BedrockEmbeddings,
        Api::BedrockConverse => &bedrock::BedrockConverse,
        Api::BedrockAgent => &bedrock::BedrockAgent,
        Api::GeminiGenerate | Api::VertexGenerate => &gemini::GeminiGenerate,
        Api::GeminiEmbed | Api::VertexEmbed => &gemini::GeminiEmbed,
        Api::GeminiInteractions => &gemini::GeminiInteractions,
        Api::MistralChat => &mistral::MistralChat,
        Api::MistralEmbeddings => &mistral::MistralEmbeddings,
        Api::CohereChat => &cohere::CohereChat,
        Api::CohereEmbed => &cohere::CohereEmbed,
        Api::OllamaChat => &ollama::OllamaChat,
        Api::OllamaGenerate => &ollama::OllamaGenerate,
        Api::OllamaEmbed => &ollama::OllamaEmbed,
    }
}

#[cfg(test)]
mod tests;
