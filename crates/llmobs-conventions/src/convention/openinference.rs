//! `OpenInference` (`llm.*`, `input.value`, …): kinds, evaluations on the span, and tags; names as of
//! openinference-semantic-conventions 0.1.

use llmobs_model::SpanKind;

/// Values that name a kind; any other value is a workflow.
pub(crate) const KINDS: &[(&str, SpanKind)] = &[
    ("LLM", SpanKind::Llm),
    ("EMBEDDING", SpanKind::Embedding),
    ("TOOL", SpanKind::Tool),
    ("AGENT", SpanKind::Agent),
    ("RETRIEVER", SpanKind::Retrieval),
];

/// Returns the kind of a value in a table; case does not matter.
pub(crate) fn kind_in(table: &[(&str, SpanKind)], value: &str) -> Option<SpanKind> {
    let value = value.trim();
    table.iter().find(|(own, _)| own.eq_ignore_ascii_case(value)).map(|(_, kind)| *kind)
}

pub(crate) const INPUT_MESSAGES: &str = "llm.input_messages";
pub(crate) const OUTPUT_MESSAGES: &str = "llm.output_messages";
pub(crate) const PROMPTS: &str = "llm.prompts";
pub(crate) const CHOICES: &str = "llm.choices";
pub(crate) const INPUT_VALUE: &str = "input.value";
pub(crate) const OUTPUT_VALUE: &str = "output.value";
/// The type of the value; without it the value is plain text.
pub(crate) const INPUT_MIME_TYPE: &str = "input.mime_type";
pub(crate) const OUTPUT_MIME_TYPE: &str = "output.mime_type";
pub(crate) const DOCUMENTS: &str = "retrieval.documents";
pub(crate) const EMBEDDINGS: &str = "embedding.embeddings";
pub(crate) const RERANKED: &str = "reranker.output_documents";
pub(crate) const TAGS: &str = "tag.tags";
/// Prefixes of attributes that become tags under their full names, if their values are short.
pub(crate) const TAG_FAMILIES: [&str; 3] = ["agent.", "graph.", "prompt."];
/// Prefixes of evaluations, the member that holds each, and whether they evaluate the whole trace.
pub(crate) const EVALUATIONS: [(&str, &str, bool); 4] = [
    ("annotations.", "annotation", false),
    ("evaluations.", "evaluation", false),
    ("trace.annotations.", "annotation", true),
    ("trace.evaluations.", "evaluation", true),
];
