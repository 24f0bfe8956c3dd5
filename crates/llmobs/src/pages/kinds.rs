//! Kinds of spans as colours.

/// Returns the class that colours a kind; unknown kinds are grey.
pub(crate) fn kind_class(kind: &str) -> &'static str {
    let known = ["llm", "agent", "embedding", "retrieval", "tool", "workflow", "task"];
    known.into_iter().find(|known| *known == kind).unwrap_or("task")
}
