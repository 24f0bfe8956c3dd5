//! `/api/embed`, and `/api/embeddings` before it.

use std::borrow::Cow;

use serde_json::Value;

use super::super::codec::{Answer, Codec, Rebuild};
use super::super::counts::embeddings;
use super::super::endpoint::Endpoint;
use super::super::json::{as_text, first, items};
use super::rebuild::{Kind, Lines};
use super::usage;
use crate::model::{Annotation, Document};

/// Embeddings of a model that Ollama runs.
#[derive(Debug)]
pub(in super::super) struct Embed;

impl Codec for Embed {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let given = first(request, &["input", "prompt"]);
        let texts = given.map(|given| given.as_array().map_or(std::slice::from_ref(given), Vec::as_slice));
        let documents = texts.unwrap_or_default().iter().map(|text| Document::new(as_text(text)));
        usage::asked(endpoint, request).input(documents.collect::<Vec<_>>())
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let alone = answer.body.get("embedding").filter(|embedding| embedding.is_array());
        let vectors: Vec<&Value> = items(answer.body, "embeddings").iter().chain(alone).collect();
        let size = vectors.first().and_then(|first| first.as_array()).map(Vec::len);
        embeddings(usage::counted(said, answer.body), vectors.len(), size)
    }

    /// Embeddings are never streamed.
    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Lines::new(Kind::Generate))
    }
}
