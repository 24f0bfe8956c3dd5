//! `/api/embed`, and `/api/embeddings` before it.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::{LineShape, OllamaAssembler};
use super::usage;
use crate::annotate::{with_documents, with_vectors};
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json::{as_list, as_text, first_present, items};
use llmobs_model::{Annotation, Document};

/// Embeddings of a model that Ollama runs.
#[derive(Debug)]
pub(crate) struct OllamaEmbed;

impl Codec for OllamaEmbed {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let given = first_present(request, &["input", "prompt"]);
        let documents = given.map(as_list).unwrap_or_default().iter().map(|text| Document::new(as_text(text)));
        with_documents(usage::asked(endpoint, request), documents.collect())
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let alone = response.body.get("embedding").filter(|embedding| embedding.is_array());
        let vectors: Vec<&Value> = items(response.body, "embeddings").iter().chain(alone).collect();
        let size = vectors.first().and_then(|first| first.as_array()).map(Vec::len);
        with_vectors(usage::counted(annotation, response.body), vectors.len(), size)
    }

    /// Embeddings are never streamed.
    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(OllamaAssembler::new(LineShape::Generate))
    }
}
