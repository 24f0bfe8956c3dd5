//! Vercel's AI SDK (`ai.*`): kinds, names, and responses whose text and tool calls are separate attributes; names as
//! of AI SDK 5.

use std::borrow::Cow;

use crate::attributes::ResolvedAttributes;
use crate::convention::openinference::kind_in;
use crate::format::json::Json;
use llmobs_model::SpanKind;

/// Returns the kind of an operation, by its last segment.
pub(crate) fn kind_of_operation(operation: &str) -> SpanKind {
    kind_in(KINDS, last_segment(operation)).unwrap_or(SpanKind::Workflow)
}

/// Returns the name of an operation's span: function id and step.
pub(crate) fn name(attributes: &ResolvedAttributes<'_>) -> Option<String> {
    let operation = attributes.text(crate::convention::precedence::VERCEL_OPERATION)?;
    let step = last_segment(&operation);
    Some(match attributes.text(FUNCTION) {
        Some(function) => format!("{function}.{step}"),
        None => step.to_owned(),
    })
}

/// Returns the response as one message.
pub(crate) fn answer<'a>(attributes: &ResolvedAttributes<'a>) -> Option<Json<'a>> {
    let text = attributes.text(TEXT).or_else(|| attributes.text(OBJECT));
    let calls = attributes.json(CALLS);
    if text.is_none() && calls.is_none() {
        return None;
    }
    let thought = attributes.text(REASONING).map(|thought| (Cow::Borrowed("reasoning"), Json::Text(thought)));
    let text = text.map(|text| (Cow::Borrowed("content"), Json::Text(text)));
    let calls = calls.map(|calls| (Cow::Borrowed("tool_calls"), calls));
    let role = (Cow::Borrowed("role"), Json::Text(Cow::Borrowed("assistant")));
    Some(Json::Object([Some(role), thought, text, calls].into_iter().flatten().collect()))
}

fn last_segment(operation: &str) -> &str {
    operation.rsplit('.').next().unwrap_or_default()
}

pub(crate) const KINDS: &[(&str, SpanKind)] = &[
    ("doGenerate", SpanKind::Llm),
    ("doStream", SpanKind::Llm),
    ("doEmbed", SpanKind::Embedding),
    ("toolCall", SpanKind::Tool),
];

pub(crate) const PROMPT_MESSAGES: &str = "ai.prompt.messages";
pub(crate) const PROMPT: &str = "ai.prompt";
pub(crate) const TOOLS: &str = "ai.prompt.tools";
pub(crate) const TEXT: &str = "ai.response.text";
pub(crate) const OBJECT: &str = "ai.response.object";
pub(crate) const CALLS: &str = "ai.response.toolCalls";
pub(crate) const REASONING: &str = "ai.response.reasoning";
pub(crate) const FUNCTION: &str = "ai.telemetry.functionId";
/// Texts that were embedded.
pub(crate) const VALUES: [&str; 2] = ["ai.values", "ai.value"];
pub(crate) const EMBEDDINGS: &str = "ai.embeddings";
pub(crate) const EMBEDDING: &str = "ai.embedding";
