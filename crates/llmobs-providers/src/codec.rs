//! The contract of an API: how its requests, responses and errors are read, and how its streams are assembled.

use std::borrow::Cow;

use serde_json::Value;

use crate::call::ResponseHead;
use crate::endpoint::{Api, Endpoint};
use crate::{anthropic, bedrock, cohere, failure, gemini, mistral, ollama, openai};
use llmobs_model::{Annotation, Message, SpanError};

/// The reader of one API.
///
/// A stream is first assembled into the JSON of the whole response, so that responses are interpreted in one place and a
/// stream cannot mean something else than the same response in one piece.
pub(crate) trait Codec: Sync {
    /// Returns the name of the span.
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str>;

    /// Reads a request: model, provider, input, metadata, tools. [`Call`](crate::Call) sets kind and name.
    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation;

    /// Adds what a response reports to the annotation of its request.
    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation;

    /// Reads the error of a response with a bad status.
    fn error(&self, head: &ResponseHead, body: &Value) -> SpanError {
        failure::of_response(head, body)
    }

    /// Returns the output of an llm span whose call failed: the intake expects a message there.
    fn empty_output(&self) -> Message {
        Message::new("", "")
    }

    /// Begins a stream.
    fn assembler(&self) -> Box<dyn StreamAssembler>;
}

/// A whole response, or one that was assembled from as much of a stream as arrived.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Response<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) request: &'a Value,
    pub(crate) head: &'a ResponseHead,
    pub(crate) body: &'a Value,
}

/// Assembles the frames of a stream into the JSON of the whole response.
///
/// All that it keeps goes through one [`StreamBudget`](crate::json::StreamBudget), so that a stream without end takes bounded
/// memory.
pub(crate) trait StreamAssembler: Send {
    /// Adds one frame.
    fn push(&mut self, frame: Frame) -> FrameSummary;

    /// Adds a frame from its bytes, without a tree, if it is of the kind that most of a stream consists of; `None` leaves it to
    /// [`push`](Self::push). The effect must be that of `push` exactly: this is a shortcut and no second reading.
    fn push_common(&mut self, _: &[u8]) -> Option<FrameSummary> {
        None
    }

    /// Tells whether the event that ends a response has come: a finish reason, a status, `message_stop`. A stream may end
    /// cleanly without it, and is then not complete.
    fn has_ended(&self) -> bool;

    /// Returns about how many bytes are kept.
    fn retained_bytes(&self) -> usize;

    /// Returns the response as far as it has come.
    fn finish(self: Box<Self>) -> Value;
}

/// A frame of a stream without its framing.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// The name that the framing gives it: the SSE event or the AWS `:event-type`; else empty.
    pub(crate) event: String,
    /// Marks an exception frame of an AWS event stream, whose type is the event.
    pub(crate) is_exception: bool,
    pub(crate) data: Value,
}

/// The meaning of a frame for the time to the first token and for the status.
#[derive(Debug, Default)]
pub(crate) struct FrameSummary {
    /// Marks part of the response: text, a tool call, reasoning; not a greeting or a role.
    pub(crate) is_content: bool,
    /// The failure that the provider reports in the middle of a stream.
    pub(crate) error: Option<SpanError>,
}

impl FrameSummary {
    /// The summary of a frame without an error.
    pub(crate) fn content(is_content: bool) -> Self {
        Self { is_content, error: None }
    }
}

/// Returns the codec of an API.
pub(crate) fn codec(api: Api) -> &'static dyn Codec {
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
