//! Vercel's AI SDK: kinds, names, and answers whose text and calls stand apart.

use std::borrow::Cow;

use super::json::Json;
use super::openinference::kind_in;
use super::words::Words;
use llmobs_model::SpanKind;

/// The kind of an operation, by its last segment.
pub(super) fn kind_of_operation(operation: &str) -> SpanKind {
    kind_in(KINDS, last_segment(operation)).unwrap_or(SpanKind::Workflow)
}

/// The name of a span of an operation: that of the function and that of the step.
pub(super) fn name(words: &Words<'_>) -> Option<String> {
    let operation = words.text(super::precedence::VERCEL_OPERATION)?;
    let step = last_segment(&operation);
    Some(match words.text(FUNCTION) {
        Some(function) => format!("{function}.{step}"),
        None => step.to_owned(),
    })
}

/// The answer as one message.
pub(super) fn answer<'a>(words: &Words<'a>) -> Option<Json<'a>> {
    let text = words.text(TEXT).or_else(|| words.text(OBJECT));
    let calls = words.json(CALLS);
    if text.is_none() && calls.is_none() {
        return None;
    }
    let thought = words.text(REASONING).map(|thought| (Cow::Borrowed("reasoning"), Json::Text(thought)));
    let text = text.map(|text| (Cow::Borrowed("content"), Json::Text(text)));
    let calls = calls.map(|calls| (Cow::Borrowed("tool_calls"), calls));
    let role = (Cow::Borrowed("role"), Json::Text(Cow::Borrowed("assistant")));
    Some(Json::Object([Some(role), thought, text, calls].into_iter().flatten().collect()))
}

fn last_segment(operation: &str) -> &str {
    operation.rsplit('.').next().unwrap_or_default()
}

pub(super) const KINDS: &[(&str, SpanKind)] = &[
    ("doGenerate", SpanKind::Llm),
    ("doStream", SpanKind::Llm),
    ("doEmbed", SpanKind::Embedding),
    ("toolCall", SpanKind::Tool),
];

pub(super) const PROMPT_MESSAGES: &str = "ai.prompt.messages";
pub(super) const PROMPT: &str = "ai.prompt";
pub(super) const TOOLS: &str = "ai.prompt.tools";
pub(super) const TEXT: &str = "ai.response.text";
pub(super) const OBJECT: &str = "ai.response.object";
pub(super) const CALLS: &str = "ai.response.toolCalls";
const REASONING: &str = "ai.response.reasoning";
const FUNCTION: &str = "ai.telemetry.functionId";
/// What is embedded.
pub(super) const VALUES: [&str; 2] = ["ai.values", "ai.value"];
pub(super) const EMBEDDINGS: &str = "ai.embeddings";
pub(super) const EMBEDDING: &str = "ai.embedding";
