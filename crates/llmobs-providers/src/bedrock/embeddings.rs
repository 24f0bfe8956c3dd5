//! `InvokeModel` of a model that turns texts into vectors.

use std::borrow::Cow;

use serde_json::Value;

use super::token_counts;
use crate::annotate::{with_documents, with_vectors};
use crate::codec::{Codec, Frame, FrameSummary, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json;
use crate::usage::TokenUsage;
use llmobs_model::{Annotation, Document};

/// `POST /model/{id}/invoke` of an embedding model: Titan, Nova, Cohere, Marengo.
#[derive(Debug)]
pub(crate) struct BedrockEmbeddings;

/// The parameters of a request that become metadata.
const METADATA: &[&str] =
    &["dimensions", "normalize", "embeddingTypes", "embedding_types", "input_type", "output_dimension", "truncate"];

impl Codec for BedrockEmbeddings {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        "bedrock-runtime.command".into()
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let said =
            Annotation::new().model_provider(endpoint.provider.clone()).metadata_map(json::pick(request, METADATA));
        let said = endpoint.model.iter().fold(said, Annotation::model_name);
        with_documents(said, documents(request))
    }

    fn annotate_response(&self, said: Annotation, response: Response<'_>) -> Annotation {
        let body = response.body;
        let own = TokenUsage { input: json::count(body, "inputTextTokenCount"), ..TokenUsage::default() };
        let mut counts = own.or(token_counts::of_invocation(response.head, body));
        if counts.input.is_some() {
            counts.output = counts.output.or(Some(0));
        }
        let (count, size) = vectors(body);
        with_vectors(said.metrics(counts.with_cache_in_input().metrics()), count, size)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(NoStream)
    }
}

/// Vectors do not come in streams.
#[derive(Debug)]
struct NoStream;

impl StreamAssembler for NoStream {
    fn push(&mut self, _: Frame) -> FrameSummary {
        FrameSummary::default()
    }

    fn has_ended(&self) -> bool {
        true
    }

    fn retained_bytes(&self) -> usize {
        0
    }

    fn finish(self: Box<Self>) -> Value {
        Value::Null
    }
}

/// Returns the documents that are to be embedded, under the names of each family.
fn documents(request: &Value) -> Vec<Document> {
    const IMAGE: &str = "([IMAGE DETECTED])";
    let mut documents = Vec::new();
    let single = json::get(request, &["singleEmbeddingParams", "text", "value"]);
    documents.extend([&request["inputText"], single].into_iter().filter_map(Value::as_str).map(Document::new));
    documents.extend(json::items(request, "texts").iter().map(|text| Document::new(json::as_text(text))));
    for input in json::items(request, "inputs") {
        let parts = json::items(input, "content").iter();
        let texts: Vec<&str> =
            parts.map(|part| if part["type"] == "text" { json::text(part, "text") } else { IMAGE }).collect();
        documents.push(Document::new(texts.join("\n")));
    }
    let pictures = json::items(request, "images").len().saturating_add(usize::from(request["inputImage"].is_string()));
    documents.extend((0..pictures).map(|_| Document::new(IMAGE)));
    documents
}

/// Returns the number of vectors, and their length where they are lists of numbers.
fn vectors(body: &Value) -> (usize, Option<usize>) {
    if !body["embedding"].is_null() {
        return (1, size(&body["embedding"]));
    }
    // By type of number: each type has them all.
    let by_type = |types: &Value| types.as_object().and_then(|types| types.values().next()).cloned();
    if let Some(vector) = by_type(&body["embeddingsByType"]) {
        return (1, size(&vector));
    }
    let lists = by_type(&body["embeddings"]);
    let lists = lists.as_ref().unwrap_or(&body["embeddings"]);
    let lists = if lists.is_array() { lists } else { &body["data"] };
    let lists = lists.as_array().map(Vec::as_slice).unwrap_or_default();
    let first = lists.first().map(|first| if first.is_object() { &first["embedding"] } else { first });
    (lists.len(), first.and_then(size))
}

fn size(vector: &Value) -> Option<usize> {
    vector.as_array().map(Vec::len)
}
