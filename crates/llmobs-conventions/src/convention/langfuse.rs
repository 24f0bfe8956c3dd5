//! Langfuse (`langfuse.*`): kinds and status; names as of its `OpenTelemetry` endpoint.

use llmobs_model::SpanKind;

/// Values that name a kind; any other value is a workflow.
pub(crate) const KINDS: &[(&str, SpanKind)] = &[
    ("generation", SpanKind::Llm),
    ("embedding", SpanKind::Embedding),
    ("tool", SpanKind::Tool),
    ("agent", SpanKind::Agent),
    ("retriever", SpanKind::Retrieval),
];

pub(crate) const LEVEL: &str = "langfuse.observation.level";
pub(crate) const STATUS: [&str; 2] = ["langfuse.observation.status_message", "langfuse.status_message"];
pub(crate) const TAGS: &str = "langfuse.trace.tags";
/// A member of the metadata that is the provider of the model.
pub(crate) const PROVIDER_MEMBER: &str = "ls_provider";
