//! Embeddings: whole annotations.

use serde_json::{Value, json};

use super::chat::said as chat;
use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Document, SpanError, SpanKind};

const URL: &str = "https://api.mistral.ai/v1/embeddings";

fn said() -> Annotation {
    chat().kind(SpanKind::Embedding)
}

#[test]
fn texts_become_vectors_of_a_size() {
    let request =
        json!({"model": "mistral-small", "input": ["a", "b"], "encoding_format": "float", "output_dimension": 3});
    let answer = json!({"model": "mistral-small", "object": "list",
        "data": [{"index": 0, "embedding": [0.1, 0.2, 0.3]}, {"index": 1, "embedding": [0.4, 0.5, 0.6]}],
        "usage": {"prompt_tokens": 4, "total_tokens": 4, "completion_tokens": 0}});
    let expected = said()
        .input([Document::new("a"), Document::new("b")])
        .metadata_map(json!({"encoding_format": "float", "output_dimension": 3}))
        .output("[2 embedding(s) returned with size 3]")
        .metric("input_tokens", 4)
        .metric("output_tokens", 0)
        .metric("total_tokens", 4);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn one_text_tokens_and_packed_vectors_are_understood() {
    for (input, documents) in [
        (json!("a"), vec![Document::new("a")]),
        (json!(["a"]), vec![Document::new("a")]),
        (json!([[1, 2]]), vec![Document::new("[1, 2]")]),
    ] {
        let request = json!({"model": "mistral-small", "input": input, "output_dtype": "int8", "metadata": {"own": 1}});
        let expected = said().input(documents).metadata("output_dtype", "int8");
        let vectors = |vector: Value| json!({"model": "mistral-small", "data": [{"embedding": vector}]});
        let exchange = TestExchange::new(URL, &request);
        let sized = expected.clone().output("[1 embedding(s) returned with size 2]");
        assert_eq!(exchange.answer(200, &vectors(json!([1, -1]))), sized, "{input}");
        assert_eq!(
            exchange.answer(200, &vectors(json!("AAAA"))),
            expected.output("[1 embedding(s) returned]"),
            "{input}"
        );
    }
}

#[test]
fn an_error_has_no_output() {
    let error =
        json!({"object": "error", "type": "invalid_request_prompt", "message": "Too many inputs", "code": "3210"});
    let expected = said()
        .input([Document::new("a")])
        .span_error(SpanError::new("Too many inputs").error_type("invalid_request_prompt"));
    assert_eq!(TestExchange::new(URL, &json!({"model": "mistral-small", "input": "a"})).answer(400, &error), expected);
}
