//! `/api/embed`, and `/api/embeddings` before it.

use std::borrow::Cow;

use serde_json::Value;

use super::super::codec::{Answer, Codec, Rebuild};
use super::super::embedded;
use super::super::endpoint::Endpoint;
use super::super::json::{as_text, first, items, many};
use super::rebuild::{Kind, Lines};
use super::usage;
use llmobs_model::{Annotation, Document};

/// Embeddings of a model that Ollama runs.
#[derive(Debug)]
pub(in super::super) struct Embed;

impl Codec for Embed {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let given = first(request, &["input", "prompt"]);
        let documents = given.map(many).unwrap_or_default().iter().map(|text| Document::new(as_text(text)));
        embedded::documents(usage::asked(endpoint, request), documents.collect())
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let alone = answer.body.get("embedding").filter(|embedding| embedding.is_array());
        let vectors: Vec<&Value> = items(answer.body, "embeddings").iter().chain(alone).collect();
        let size = vectors.first().and_then(|first| first.as_array()).map(Vec::len);
        embedded::vectors(usage::counted(said, answer.body), vectors.len(), size)
    }

    /// Embeddings are never streamed.
    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Lines::new(Kind::Generate))
    }
}
