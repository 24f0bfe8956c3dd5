//! Embeddings: texts in, vectors out.

use serde_json::{Value, json};
use tracing_llmobs::{Content, Document, SpanError, SpanEvent, SpanKind};

use super::EMBEDDINGS;
use crate::exchange::{Exchange, metadata, metrics};

fn embedded(request: &Value, vectors: &Value) -> SpanEvent {
    let data: Vec<Value> =
        vectors.as_array().unwrap().iter().map(|vector| json!({"object": "embedding", "embedding": vector})).collect();
    let answer = json!({"object": "list", "data": data, "model": "text-embedding-3-small", "usage": {"prompt_tokens": 5, "total_tokens": 5}});
    Exchange::unary(EMBEDDINGS, request, &answer).event()
}

fn documents(texts: &[&str]) -> Content {
    Content::Documents(texts.iter().map(|text| Document::new(*text)).collect())
}

#[test]
fn a_plain_answer_says_all_of_the_call() {
    let request = json!({"model": "e", "input": ["one", "two"], "dimensions": 3, "user": "u"});
    let event = embedded(&request, &json!([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]));
    assert_eq!((event.kind, event.name.as_str()), (SpanKind::Embedding, "OpenAI.createEmbedding"));
    assert_eq!(event.model_name.as_deref(), Some("text-embedding-3-small"));
    assert_eq!(event.input, Some(documents(&["one", "two"])));
    assert_eq!(event.output, Some(Content::from("[2 embedding(s) returned with size 3]")));
    assert_eq!(metadata(&event), json!({"encoding_format": "float", "dimensions": 3}));
    assert_eq!(metrics(&event), json!({"input_tokens": 5, "output_tokens": 0, "total_tokens": 5}));
}

#[test]
fn inputs_are_one_text_many_or_tokens() {
    for (input, texts) in [
        (json!("one"), &["one"][..]),
        (json!([1111, 2222]), &["[1111, 2222]"]),
        (json!([[1], [2, 3]]), &["[1]", "[2, 3]"]),
        (json!(["a", "b", "c"]), &["a", "b", "c"]),
        (json!([{"image": "data:image/png;base64,AA=="}]), &[r#"{"image":"[omitted]"}"#]),
    ] {
        assert_eq!(
            embedded(&json!({"model": "e", "input": input}), &json!([])).input,
            Some(documents(texts)),
            "{input}"
        );
    }
}

#[test]
fn what_came_decides_whether_a_size_is_known() {
    let request = json!({"model": "e", "input": "x", "encoding_format": "base64", "dimensions": 0});
    let event = embedded(&request, &json!(["AACAPw=="]));
    assert_eq!(event.output, Some(Content::from("[1 embedding(s) returned]")));
    assert_eq!(metadata(&event), json!({"encoding_format": "base64"}));
    // A host that does not know base64 answers with numbers all the same.
    assert_eq!(
        embedded(&request, &json!([[1.0]])).output,
        Some(Content::from("[1 embedding(s) returned with size 1]"))
    );
}

#[test]
fn no_vectors_are_no_output() {
    assert_eq!(embedded(&json!({"model": "e", "input": "x"}), &json!([])).output, None);
}

#[test]
fn an_error_has_no_output() {
    let answer = json!({"error": {"message": "Too long.", "type": "invalid_request_error"}});
    let event = Exchange::failed(EMBEDDINGS, &json!({"model": "e", "input": "x"}), 400, &answer).event();
    assert_eq!(
        (event.output, event.error),
        (None, Some(SpanError::new("Too long.").error_type("invalid_request_error")))
    );
    assert_eq!((event.input, event.model_name.as_deref()), (Some(documents(&["x"])), Some("e")));
}
