//! What embeddings of all APIs say alike.

use llmobs_model::{Annotation, Document};

/// Says what is to be embedded, if anything is known of it.
pub(super) fn documents(said: Annotation, documents: Vec<Document>) -> Annotation {
    if documents.is_empty() { said } else { said.input(documents) }
}

/// Says what stands for the vectors that came: `[2 embedding(s) returned with size 768]`, or without the size where they
/// are packed.
pub(super) fn vectors(said: Annotation, count: usize, size: Option<usize>) -> Annotation {
    match size.filter(|size| *size > 0) {
        _ if count == 0 => said,
        Some(size) => said.output(format!("[{count} embedding(s) returned with size {size}]")),
        None => said.output(format!("[{count} embedding(s) returned]")),
    }
}
