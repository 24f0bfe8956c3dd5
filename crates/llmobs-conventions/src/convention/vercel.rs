//! Vercel's AI SDK (`ai.*`): kinds, names, and responses whose text and tool calls are separate attributes; names as
//! of AI SDK 5.

use crate::convention::openinference::kind_in;
use llmobs_model::SpanKind;

/// Returns the kind of an operation, by its last segment.
pub(crate) fn kind_of_operation(operation: &str) -> SpanKind {
    kind_in(KINDS, last_segment(operation)).unwrap_or(SpanKind::Workflow)
}

/// Returns the step that an operation ends with.
pub(crate) fn last_segment(operation: &str) -> &str {
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
