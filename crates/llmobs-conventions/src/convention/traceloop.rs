//! Traceloop's `OpenLLMetry` (`traceloop.*`, `llm.*`); names as of opentelemetry-semantic-conventions-ai 0.4.

use llmobs_model::SpanKind;

/// Values of `traceloop.span.kind`; any other value decides nothing.
pub(crate) const KINDS: &[(&str, SpanKind)] =
    &[("workflow", SpanKind::Workflow), ("task", SpanKind::Task), ("agent", SpanKind::Agent), ("tool", SpanKind::Tool)];
/// Values of `llm.request.type`; any other value is a workflow.
pub(crate) const REQUEST_TYPES: &[(&str, SpanKind)] =
    &[("chat", SpanKind::Llm), ("completion", SpanKind::Llm), ("embedding", SpanKind::Embedding)];

pub(crate) const ENTITY: &str = "traceloop.entity.name";
pub(crate) const ENTITY_INPUT: &str = "traceloop.entity.input";
pub(crate) const ENTITY_OUTPUT: &str = "traceloop.entity.output";
pub(crate) const WORKFLOW: &str = "traceloop.workflow.name";
/// Prefix of the properties that an application attaches to all its spans.
pub(crate) const PROPERTIES: &str = "traceloop.association.properties.";
/// Properties that are not tags: they are the session and the user of the span.
pub(crate) const OTHER_PROPERTIES: [&str; 2] = ["session_id", "user_id"];
