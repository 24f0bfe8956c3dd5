//! `/v1/embeddings`.

use std::borrow::Cow;

use serde_json::Value;

use super::chat::{NAME, settings};
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::openai;
use llmobs_model::Annotation;

/// Embeddings of Mistral's models.
#[derive(Debug)]
pub(crate) struct MistralEmbeddings;

impl Codec for MistralEmbeddings {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut annotation = openai::OpenAiEmbeddings.annotate_request(endpoint, request);
        annotation.metadata = settings(request, SETTINGS);
        annotation
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        openai::OpenAiEmbeddings.annotate_response(annotation, response)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        openai::OpenAiEmbeddings.assembler()
    }
}

const SETTINGS: &[&str] = &["output_dimension", "output_dtype", "encoding_format"];
