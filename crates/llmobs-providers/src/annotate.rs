//! Setters that several codecs share. What is absent sets nothing, so that it takes nothing away from what the application
//! itself has recorded on the span.

use serde_json::Value;

use llmobs_model::{Annotation, Document, Message, ToolDefinition};

/// Sets input messages and tool definitions, where there are any.
pub(crate) fn with_input_and_tools(
    annotation: Annotation,
    input: Vec<Message>,
    tools: Vec<ToolDefinition>,
) -> Annotation {
    let annotation = if input.is_empty() { annotation } else { annotation.input(input) };
    if tools.is_empty() { annotation } else { annotation.tool_definitions(tools) }
}

/// Sets the documents that are to be embedded, if any are known.
pub(crate) fn with_documents(annotation: Annotation, documents: Vec<Document>) -> Annotation {
    if documents.is_empty() { annotation } else { annotation.input(documents) }
}

/// Sets what is reported in place of vectors: `[2 embedding(s) returned with size 768]`, or without the size where they are
/// packed in a text.
pub(crate) fn with_vectors(annotation: Annotation, count: usize, size: Option<usize>) -> Annotation {
    match size.filter(|size| *size > 0) {
        _ if count == 0 => annotation,
        Some(size) => annotation.output(format!("[{count} embedding(s) returned with size {size}]")),
        None => annotation.output(format!("[{count} embedding(s) returned]")),
    }
}

/// The metadata member that says why a response ended, for every provider.
pub(crate) const FINISH_REASON: &str = "finish_reason";

/// Sets why the response ended, in the provider's own word: `stop`, `end_turn`, `MAX_TOKENS`. Several choices that ended
/// differently give a list.
pub(crate) fn with_finish_reasons<'a>(
    annotation: Annotation,
    reasons: impl IntoIterator<Item = &'a Value>,
) -> Annotation {
    let reasons: Vec<&str> =
        reasons.into_iter().filter_map(Value::as_str).filter(|reason| !reason.is_empty()).collect();
    match reasons.as_slice() {
        [] => annotation,
        [first, rest @ ..] if rest.iter().all(|reason| reason == first) => annotation.metadata(FINISH_REASON, *first),
        _ => annotation.metadata(FINISH_REASON, reasons),
    }
}
