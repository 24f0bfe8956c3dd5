//! `embedContent`, `batchEmbedContents`, and Vertex AI's `predict` of an embedding model.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::assembler::GenerateAssembler;
use super::case::{member, snake};
use super::content;
use super::model_owner::{self, NAME};
use crate::annotate::{with_documents, with_vectors};
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json::{as_count, get, items, text};
use llmobs_model::{Annotation, Document, metric};

/// Embeddings of Gemini and of Vertex AI.
#[derive(Debug)]
pub(crate) struct GeminiEmbed;

impl Codec for GeminiEmbed {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let annotation = model_owner::model(Annotation::new(), endpoint, endpoint.model.as_deref());
        with_documents(annotation.metadata_map(configuration(request)), documents(request))
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let vectors = vectors(response.body);
        let size = vectors.first().map(|one| items(one, "values").len());
        let each = vectors.iter().filter_map(|one| tokens(one)).reduce(u64::saturating_add);
        let tokens = each.or_else(|| as_count(member(member(response.body, "usageMetadata"), "promptTokenCount")));
        let characters = as_count(member(get(response.body, &["metadata"]), "billableCharacterCount"));
        let counts = [(metric::INPUT_TOKENS, tokens), (metric::BILLABLE_CHARACTER_COUNT, characters)];
        let counted = counts.into_iter().filter_map(|(name, count)| Some((name, count.filter(|count| *count > 0)?)));
        let annotation = counted.fold(annotation, |annotation, (name, count)| annotation.metric(name, count));
        with_vectors(annotation, vectors.len(), size)
    }

    /// Embeddings are never streamed.
    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(GenerateAssembler::new())
    }
}

/// The requests in a request: a batch has several, Vertex AI calls them instances.
fn requests(request: &Value) -> &[Value] {
    let several = [items(request, "requests"), items(request, "instances")];
    several.into_iter().find(|some| !some.is_empty()).unwrap_or(std::slice::from_ref(request))
}

/// A document for each part that is text.
fn documents(request: &Value) -> Vec<Document> {
    let parts = requests(request).iter().flat_map(|one| content::parts(get(one, &["content"])));
    parts.map(|part| Document::new(part.as_str().unwrap_or_else(|| text(part, "text")))).collect()
}

const CONFIGURATION: &[&str] = &["taskType", "title", "outputDimensionality", "mimeType", "autoTruncate"];

/// Picks the configuration: all members as soon as one is set, as Datadog's Python SDK does.
fn configuration(request: &Value) -> Map<String, Value> {
    let first = requests(request).first().unwrap_or(&Value::Null);
    let places = [request, first, member(first, "embedContentConfig"), get(request, &["parameters"])];
    let find = |name: &&str| {
        let found = places.iter().map(|place| member(place, name)).find(|value| !value.is_null());
        (snake(name).into_owned(), found.cloned().unwrap_or_default())
    };
    let known: Map<String, Value> = CONFIGURATION.iter().map(find).collect();
    if known.values().all(Value::is_null) { Map::new() } else { known }
}

/// The embeddings of an answer, each with its `values`.
fn vectors(body: &Value) -> Vec<&Value> {
    let predictions = items(body, "predictions").iter().map(|prediction| get(prediction, &["embeddings"]));
    let alone = body.get("embedding").filter(|embedding| embedding.is_object());
    items(body, "embeddings").iter().chain(predictions).chain(alone).collect()
}

/// Vertex AI counts them one by one, and may write a whole number with a fraction: `3.0`.
fn tokens(embedding: &Value) -> Option<u64> {
    as_count(member(get(embedding, &["statistics"]), "tokenCount"))
}
