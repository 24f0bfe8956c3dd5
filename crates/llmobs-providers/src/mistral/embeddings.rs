//! `/v1/embeddings`.

use std::borrow::Cow;

use serde_json::Value;

use super::super::codec::{Answer, Codec, Rebuild};
use super::super::endpoint::Endpoint;
use super::super::openai;
use super::chat::{NAME, settings};
use llmobs_model::Annotation;

/// Embeddings of Mistral's models.
#[derive(Debug)]
pub(in super::super) struct Embeddings;

impl Codec for Embeddings {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut sent = openai::Embeddings.sent(endpoint, request);
        sent.metadata = settings(request, SETTINGS);
        sent
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        openai::Embeddings.received(said, answer)
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        openai::Embeddings.rebuild()
    }
}

const SETTINGS: &[&str] = &["output_dimension", "output_dtype", "encoding_format"];
