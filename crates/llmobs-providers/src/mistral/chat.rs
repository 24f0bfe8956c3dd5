//! `/v1/chat/completions` and `/v1/agents/completions`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::assembler::MistralAssembler;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json::{get, pick, text};
use crate::openai;
use llmobs_model::{Annotation, Message, metric};

/// Conversations with Mistral's models.
#[derive(Debug)]
pub(crate) struct MistralChat;

/// The name of every span.
pub(super) const NAME: Cow<'static, str> = Cow::Borrowed("mistralai.request");

impl Codec for MistralChat {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut annotation = openai::OpenAiChat.annotate_request(endpoint, request);
        annotation.metadata = settings(request, SETTINGS);
        annotation
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let body = in_one_text(response.body);
        let annotation = openai::OpenAiChat.annotate_response(annotation, Response { body: &body, ..response });
        let cached = get(response.body, &["usage", "num_cached_tokens"]).as_u64();
        match cached.filter(|_| annotation.metrics.get(metric::CACHE_READ_INPUT_TOKENS).is_none()) {
            Some(cached) => annotation.metric(metric::CACHE_READ_INPUT_TOKENS, cached),
            None => annotation,
        }
    }

    /// Has a role, as in Datadog's Python SDK.
    fn empty_output(&self) -> Message {
        Message::assistant("")
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(MistralAssembler::new())
    }
}

/// Picks the listed parameters that are not null.
pub(super) fn settings(request: &Value, names: &[&str]) -> Map<String, Value> {
    let mut given = pick(request, names);
    given.retain(|_, value| !value.is_null());
    given
}

/// The answer with its texts in one: between them stand references, and in a stream they are put together too.
fn in_one_text(body: &Value) -> Value {
    let mut body = body.clone();
    for choice in body.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(message) = choice.get_mut("message").and_then(Value::as_object_mut) else { continue };
        let Some(Value::Array(parts)) = message.get_mut("content") else { continue };
        let annotation: String = parts.iter().map(|part| text(part, "text")).collect();
        parts.retain(|part| !matches!(text(part, "type"), "text" | "reference"));
        if !annotation.is_empty() || parts.is_empty() {
            parts.push(json!({"type": "text", "text": annotation}));
        }
    }
    body
}

const SETTINGS: &[&str] = &[
    "temperature",
    "top_p",
    "max_tokens",
    "stop",
    "random_seed",
    "response_format",
    "presence_penalty",
    "frequency_penalty",
    "n",
    "parallel_tool_calls",
    "reasoning_effort",
    "prompt_mode",
    "guardrails",
    "safe_prompt",
];
