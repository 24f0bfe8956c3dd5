//! `/v1/embed` and `/v2/embed`.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::CohereAssembler;
use super::usage;
use crate::annotate::{with_documents, with_vectors};
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json::{as_text, get, items, text};
use crate::media::IMAGE;
use llmobs_model::{Annotation, Document};

/// Embeddings of Cohere's models.
#[derive(Debug)]
pub(crate) struct CohereEmbed;

impl Codec for CohereEmbed {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let texts = items(request, "texts").iter().map(|text| Document::new(as_text(text)));
        // A document has no picture, only a word for it.
        let pictures = items(request, "images").iter().map(|_| Document::new(IMAGE));
        let inputs = items(request, "inputs").iter().map(|input| Document::new(mixed(input)));
        with_documents(usage::asked(endpoint, request, SETTINGS), texts.chain(pictures).chain(inputs).collect())
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let vectors = vectors(get(response.body, &["embeddings"]));
        let size = vectors.first().and_then(Value::as_array).map(Vec::len);
        with_vectors(usage::counted(annotation, response.body), vectors.len(), size)
    }

    /// Embeddings are never streamed.
    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(CohereAssembler::None)
    }
}

/// A mix of text and pictures that is embedded as one.
fn mixed(input: &Value) -> String {
    let parts = items(input, "content").iter().map(|part| match text(part, "type") {
        "text" => text(part, "text").to_owned(),
        "image_url" => IMAGE.to_owned(),
        other => format!("[{other}]"),
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// The vectors, of the first type that was asked for: a list, or lists by type.
fn vectors(embeddings: &Value) -> &[Value] {
    let of = |embeddings: &Value| embeddings.as_array().is_some_and(|vectors| !vectors.is_empty());
    let by_type = embeddings.as_object().into_iter().flatten().map(|(_, vectors)| vectors);
    let found = [embeddings].into_iter().chain(by_type).find(|vectors| of(vectors));
    found.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

const SETTINGS: &[&str] = &["input_type", "truncate", "embedding_types", "output_dimension", "max_tokens"];
