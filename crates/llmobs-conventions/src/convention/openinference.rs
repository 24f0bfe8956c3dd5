//! `OpenInference`: kinds, evaluations written on the span, and what is left for tags.

use llmobs_model::SpanKind;

/// Every other word is a workflow.
pub(crate) const KINDS: &[(&str, SpanKind)] = &[
    ("LLM", SpanKind::Llm),
    ("EMBEDDING", SpanKind::Embedding),
    ("TOOL", SpanKind::Tool),
    ("AGENT", SpanKind::Agent),
    ("RETRIEVER", SpanKind::Retrieval),
];

/// A kind's word in a table, in any case.
pub(crate) fn kind_in(table: &[(&str, SpanKind)], word: &str) -> Option<SpanKind> {
    let word = word.trim();
    table.iter().find(|(own, _)| own.eq_ignore_ascii_case(word)).map(|(_, kind)| *kind)
}

pub(crate) const INPUT_MESSAGES: &str = "llm.input_messages";
pub(crate) const OUTPUT_MESSAGES: &str = "llm.output_messages";
pub(crate) const PROMPTS: &str = "llm.prompts";
pub(crate) const CHOICES: &str = "llm.choices";
pub(crate) const INPUT_VALUE: &str = "input.value";
pub(crate) const DOCUMENTS: &str = "retrieval.documents";
pub(crate) const EMBEDDINGS: &str = "embedding.embeddings";
pub(crate) const RERANKED: &str = "reranker.output_documents";
pub(crate) const TAGS: &str = "tag.tags";
/// Families that become tags as they stand, if they are short.
pub(crate) const TAG_FAMILIES: [&str; 3] = ["agent.", "graph.", "prompt."];
/// Where evaluations stand, and whether they are of the whole trace.
pub(crate) const EVALUATIONS: [(&str, &str, bool); 4] = [
    ("annotations.", "annotation", false),
    ("evaluations.", "evaluation", false),
    ("trace.annotations.", "annotation", true),
    ("trace.evaluations.", "evaluation", true),
];
