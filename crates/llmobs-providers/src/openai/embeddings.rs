//! `POST …/embeddings`: texts in, vectors out. The vectors are only counted.

use std::borrow::Cow;

use serde_json::Value;

use super::super::codec::{Answer, Codec, Frame, Rebuild, Seen};
use super::super::endpoint::Endpoint;
use super::super::{failure, json};
use super::completions::texts;
use super::{names, usage};
use llmobs_model::{Annotation, Document};

/// Embeddings.
#[derive(Debug)]
pub(in super::super) struct Embeddings;

impl Codec for Embeddings {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        names::operation(endpoint, "createEmbedding")
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let input: Vec<Document> = texts(json::get(request, &["input"])).into_iter().map(Document::new).collect();
        let format = json::some(request, "encoding_format").cloned().unwrap_or_else(|| Value::from("float"));
        let said = names::asked(endpoint, request).input(input).metadata("encoding_format", format);
        match request.get("dimensions").and_then(Value::as_u64).filter(|dimensions| *dimensions > 0) {
            Some(dimensions) => said.metadata("dimensions", dimensions),
            None => said,
        }
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let vectors = json::items(answer.body, "data");
        let said = usage::count(names::answered(said, &answer), answer.body);
        if let Some(error) = failure::inside(answer.body) {
            return said.span_error(error);
        }
        if vectors.is_empty() {
            return said;
        }
        // What came decides, not what was asked for: as text, the size cannot be seen.
        let size = vectors.first().and_then(|vector| vector.get("embedding")?.as_array()).map(Vec::len);
        let of_size = size.map(|size| format!(" with size {size}")).unwrap_or_default();
        said.output(format!("[{} embedding(s) returned{of_size}]", vectors.len()))
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Last::default())
    }
}

/// Nobody streams embeddings; the last frame would be the answer.
#[derive(Debug, Default)]
struct Last(Value);

impl Rebuild for Last {
    fn frame(&mut self, frame: Frame) -> Seen {
        self.0 = frame.data;
        Seen::default()
    }

    fn held(&self) -> usize {
        json::weight(&self.0)
    }

    fn whole(self: Box<Self>) -> Value {
        self.0
    }
}
