//! `POST …/embeddings`: texts in, vectors out. The vectors are only counted.

use std::borrow::Cow;

use serde_json::Value;

use super::completions::texts;
use super::{names, usage};
use crate::codec::{Codec, Frame, FrameSummary, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::{failure, json};
use llmobs_model::{Annotation, Document};

/// Embeddings.
#[derive(Debug)]
pub(crate) struct OpenAiEmbeddings;

impl Codec for OpenAiEmbeddings {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createEmbedding")
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let input: Vec<Document> = texts(json::get(request, &["input"])).into_iter().map(Document::new).collect();
        let format = json::present(request, "encoding_format").cloned().unwrap_or_else(|| Value::from("float"));
        let annotation = names::with_model(endpoint, request).input(input).metadata("encoding_format", format);
        match request.get("dimensions").and_then(Value::as_u64).filter(|dimensions| *dimensions > 0) {
            Some(dimensions) => annotation.metadata("dimensions", dimensions),
            None => annotation,
        }
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let vectors = json::items(response.body, "data");
        let annotation = usage::with_usage(names::with_response_model(annotation, &response), response.body);
        if let Some(error) = failure::inside(response.body) {
            return annotation.span_error(error);
        }
        if vectors.is_empty() {
            return annotation;
        }
        // What came decides, not what was asked for: as text, the size cannot be seen.
        let size = vectors.first().and_then(|vector| vector.get("embedding")?.as_array()).map(Vec::len);
        let of_size = size.map(|size| format!(" with size {size}")).unwrap_or_default();
        annotation.output(format!("[{} embedding(s) returned{of_size}]", vectors.len()))
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(LastFrame::default())
    }
}

/// Embeddings are not streamed; of frames, the last is the response.
#[derive(Debug, Default)]
struct LastFrame(Value);

impl StreamAssembler for LastFrame {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        self.0 = frame.data;
        FrameSummary::default()
    }

    fn has_ended(&self) -> bool {
        true
    }

    fn retained_bytes(&self) -> usize {
        json::estimated_bytes(&self.0)
    }

    fn finish(self: Box<Self>) -> Value {
        self.0
    }
}
