//! Embeddings: whole annotations.

use serde_json::json;

use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Document, SpanError, SpanKind};

const HOST: &str = "https://generativelanguage.googleapis.com/v1beta/models";
const VERTEX: &str =
    "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/publishers/google/models";

fn said(model: &str, integration: &str) -> Annotation {
    let said = Annotation::new().kind(SpanKind::Embedding).name("google_genai.request").tag("integration", integration);
    said.model_name(model).model_provider("google")
}

#[test]
fn one_content_with_two_parts_is_two_documents_and_one_embedding() {
    let exchange = TestExchange::new(
        &format!("{HOST}/gemini-embedding-001:embedContent"),
        &json!({"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "a"}, {"text": "b"}]}}),
    );
    let expected = said("gemini-embedding-001", "google_genai")
        .input([Document::new("a"), Document::new("b")])
        .output("[1 embedding(s) returned with size 3]");
    assert_eq!(exchange.answer(200, &json!({"embedding": {"values": [0.1, 0.2, 0.3]}})), expected);
}

#[test]
fn a_batch_has_a_document_for_each_request() {
    let exchange = TestExchange::new(
        &format!("{HOST}/text-embedding-004:batchEmbedContents"),
        &json!({"requests": [
            {"model": "models/text-embedding-004", "content": {"parts": [{"text": "a"}]}, "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 2},
            {"model": "models/text-embedding-004", "content": {"parts": [{"text": "b"}]}, "taskType": "RETRIEVAL_QUERY", "outputDimensionality": 2}
        ]}),
    );
    let metadata = json!({"task_type": "RETRIEVAL_QUERY", "title": null, "output_dimensionality": 2, "mime_type": null, "auto_truncate": null});
    let expected = said("text-embedding-004", "google_genai")
        .input([Document::new("a"), Document::new("b")])
        .metadata_map(metadata)
        .output("[2 embedding(s) returned with size 2]");
    assert_eq!(exchange.answer(200, &json!({"embeddings": [{"values": [1, 2]}, {"values": [3, 4]}]})), expected);
}

#[test]
fn snake_case_and_content_as_text_are_understood() {
    let exchange = TestExchange::new(
        &format!("{HOST}/gemini-embedding-001:batchEmbedContents"),
        &json!({"requests": [{"content": "a", "output_dimensionality": 3}]}),
    );
    let metadata =
        json!({"task_type": null, "title": null, "output_dimensionality": 3, "mime_type": null, "auto_truncate": null});
    let expected = said("gemini-embedding-001", "google_genai")
        .input([Document::new("a")])
        .metadata_map(metadata)
        .output("[1 embedding(s) returned with size 3]");
    assert_eq!(exchange.answer(200, &json!({"embeddings": [{"values": [1, 2, 3]}]})), expected);
}

#[test]
fn vertex_predicts_embeddings_and_counts() {
    let exchange = TestExchange::new(
        &format!("{VERTEX}/text-embedding-005:predict"),
        &json!({"instances": [{"content": "a b", "task_type": "CLUSTERING"}, {"content": "c"}], "parameters": {"autoTruncate": true}}),
    );
    let answer = json!({
        "predictions": [
            {"embeddings": {"values": [0.5, 0.5], "statistics": {"truncated": false, "token_count": 2}}},
            {"embeddings": {"values": [0.5, 0.5], "statistics": {"truncated": false, "token_count": 1.0}}}
        ],
        "metadata": {"billableCharacterCount": 3}
    });
    let metadata = json!({"task_type": "CLUSTERING", "title": null, "output_dimensionality": null, "mime_type": null, "auto_truncate": true});
    let expected = said("text-embedding-005", "vertexai")
        .input([Document::new("a b"), Document::new("c")])
        .metadata_map(metadata)
        .output("[2 embedding(s) returned with size 2]")
        .metric("input_tokens", 3)
        .metric("billable_character_count", 3);
    assert_eq!(exchange.answer(200, &answer), expected);
}

#[test]
fn tokens_may_be_counted_for_all_together() {
    let exchange = TestExchange::new(
        &format!("{VERTEX}/gemini-embedding-001:embedContent"),
        &json!({"content": {"parts": [{"text": "a"}]}}),
    );
    let answer =
        json!({"embedding": {"values": [1, 2]}, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}});
    let expected = said("gemini-embedding-001", "vertexai")
        .input([Document::new("a")])
        .output("[1 embedding(s) returned with size 2]")
        .metric("input_tokens", 4);
    assert_eq!(exchange.answer(200, &answer), expected);
}

#[test]
fn an_error_has_no_output() {
    let exchange = TestExchange::new(
        &format!("{HOST}/no-such-model:batchEmbedContents"),
        &json!({"requests": [{"content": {"parts": [{"text": "a"}]}}]}),
    );
    let error = json!({"error": {"code": 404, "message": "models/no-such-model is not found", "status": "NOT_FOUND"}});
    let expected = said("no-such-model", "google_genai")
        .input([Document::new("a")])
        .span_error(SpanError::new("models/no-such-model is not found").error_type("NOT_FOUND"));
    assert_eq!(exchange.answer(404, &error), expected);
}
