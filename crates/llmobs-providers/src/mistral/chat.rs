//! `/v1/chat/completions` and `/v1/agents/completions`.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::super::codec::{Answer, Codec, Rebuild};
use super::super::endpoint::Endpoint;
use super::super::json::{allowed, get, text};
use super::super::openai;
use super::rebuild::Chunks;
use llmobs_model::{Annotation, Message, metric};

/// Conversations with Mistral's models.
#[derive(Debug)]
pub(in super::super) struct Chat;

/// What every span is called.
pub(super) const NAME: Cow<'static, str> = Cow::Borrowed("mistralai.request");

impl Codec for Chat {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut sent = openai::Chat.sent(endpoint, request);
        sent.metadata = settings(request, SETTINGS);
        sent
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let body = in_one_text(answer.body);
        let said = openai::Chat.received(said, Answer { body: &body, ..answer });
        let cached = get(answer.body, &["usage", "num_cached_tokens"]).as_u64();
        match cached.filter(|_| said.metrics.get(metric::CACHE_READ_INPUT_TOKENS).is_none()) {
            Some(cached) => said.metric(metric::CACHE_READ_INPUT_TOKENS, cached),
            None => said,
        }
    }

    /// As Datadog's Python SDK has it.
    fn silence(&self) -> Message {
        Message::assistant("")
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Chunks::new())
    }
}

/// Those settings that are there and not null.
pub(super) fn settings(request: &Value, names: &[&str]) -> Map<String, Value> {
    let mut given = allowed(request, names);
    given.retain(|_, value| !value.is_null());
    given
}

/// The answer with its texts in one: between them stand references, and in a stream they are put together too.
fn in_one_text(body: &Value) -> Value {
    let mut body = body.clone();
    for choice in body.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(message) = choice.get_mut("message").and_then(Value::as_object_mut) else { continue };
        let Some(Value::Array(parts)) = message.get_mut("content") else { continue };
        let said: String = parts.iter().map(|part| text(part, "text")).collect();
        parts.retain(|part| !matches!(text(part, "type"), "text" | "reference"));
        if !said.is_empty() || parts.is_empty() {
            parts.push(json!({"type": "text", "text": said}));
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
