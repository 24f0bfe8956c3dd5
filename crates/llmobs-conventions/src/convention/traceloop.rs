//! Traceloop and `OpenLLMetry`.

use llmobs_model::SpanKind;

/// Every other word decides nothing.
pub(crate) const KINDS: &[(&str, SpanKind)] =
    &[("workflow", SpanKind::Workflow), ("task", SpanKind::Task), ("agent", SpanKind::Agent), ("tool", SpanKind::Tool)];
/// Of `llm.request.type`; every other word is a workflow.
pub(crate) const REQUEST_TYPES: &[(&str, SpanKind)] =
    &[("chat", SpanKind::Llm), ("completion", SpanKind::Llm), ("embedding", SpanKind::Embedding)];

pub(crate) const ENTITY: &str = "traceloop.entity.name";
pub(crate) const ENTITY_INPUT: &str = "traceloop.entity.input";
pub(crate) const ENTITY_OUTPUT: &str = "traceloop.entity.output";
pub(crate) const WORKFLOW: &str = "traceloop.workflow.name";
/// What the application associates with everything it traces.
pub(crate) const PROPERTIES: &str = "traceloop.association.properties.";
/// Those of them that say something else than a tag.
pub(crate) const OTHER_PROPERTIES: [&str; 2] = ["session_id", "user_id"];
