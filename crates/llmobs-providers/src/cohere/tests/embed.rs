//! `/v1/embed` and `/v2/embed`: whole annotations.

use serde_json::{Value, json};

use super::v2::said as chat;
use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Document, SpanError, SpanKind};

fn said() -> Annotation {
    chat().kind(SpanKind::Embedding)
}

fn exchange(generation: &str, request: &Value) -> TestExchange {
    TestExchange::new(&format!("https://api.cohere.com/{generation}/embed"), request)
}

#[test]
fn texts_of_the_first_generation() {
    let exchange = exchange(
        "v1",
        &json!({"model": "command-a", "texts": ["a", "b"], "input_type": "search_document", "truncate": "END"}),
    );
    let answer = json!({"id": "x", "texts": ["a", "b"], "embeddings": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]],
        "meta": {"api_version": {"version": "1"}, "billed_units": {"input_tokens": 2}}, "response_type": "embeddings_floats"});
    let expected = said()
        .input([Document::new("a"), Document::new("b")])
        .metadata_map(json!({"input_type": "search_document", "truncate": "END"}))
        .output("[2 embedding(s) returned with size 3]")
        .metric("input_tokens", 2)
        .metric("total_tokens", 2);
    assert_eq!(exchange.answer(200, &answer), expected);
}

#[test]
fn embeddings_by_type() {
    let request = json!({"model": "command-a", "texts": ["a"], "input_type": "classification", "embedding_types": ["int8"], "output_dimension": 2});
    let answer = json!({"embeddings": {"float": [], "int8": [[1, 2]]}, "meta": {"billed_units": {"input_tokens": 1}}});
    let expected = said()
        .input([Document::new("a")])
        .metadata_map(json!({"input_type": "classification", "embedding_types": ["int8"], "output_dimension": 2}))
        .output("[1 embedding(s) returned with size 2]")
        .metric("input_tokens", 1)
        .metric("total_tokens", 1);
    assert_eq!(exchange("v2", &request).answer(200, &answer), expected);
}

#[test]
fn packed_embeddings_have_no_size() {
    let request = json!({"model": "command-a", "texts": ["a"], "embedding_types": ["base64"]});
    let expected = said().input([Document::new("a")]).metadata("embedding_types", json!(["base64"]));
    let expected = expected.output("[1 embedding(s) returned]");
    assert_eq!(exchange("v2", &request).answer(200, &json!({"embeddings": {"base64": ["AAAA"]}})), expected);
}

#[test]
fn pictures_are_only_words() {
    let url = "data:image/png;base64,AAAA";
    let request = json!({"model": "command-a", "images": [url], "inputs": [
        {"content": [{"type": "text", "text": "a cat"}, {"type": "image_url", "image_url": {"url": url}}]}
    ]});
    let expected = said().input([Document::new("[image]"), Document::new("a cat\n[image]")]);
    let expected = expected.output("[2 embedding(s) returned with size 1]");
    assert_eq!(exchange("v2", &request).answer(200, &json!({"embeddings": {"float": [[1], [2]]}})), expected);
}

#[test]
fn an_error_has_no_output() {
    let expected =
        said().input([Document::new("a")]).span_error(SpanError::new("no such model").error_type("HTTP 404"));
    let request = json!({"model": "command-a", "texts": ["a"]});
    assert_eq!(exchange("v1", &request).answer(404, &json!({"id": "x", "message": "no such model"})), expected);
}
