//! `InvokeModel` of models that turn texts into vectors.

use serde_json::{Value, json};

use super::{counted, exchange, said};
use crate::ResponseHead;
use llmobs_model::{Document, SpanKind};

const IMAGE: &str = "([IMAGE DETECTED])";

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_family_says_what_it_embedded_and_how_long_the_vectors_are() {
    let documents = |texts: &[&str]| texts.iter().map(|text| Document::new(*text)).collect::<Vec<_>>();
    let nova = json!({"schemaVersion": "nova-multimodal-embed-v1", "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {"embeddingDimension": 3, "text": {"truncationMode": "END", "value": "a"}}});
    let mixed = json!({"input_type": "search_document", "inputs": [
        {"content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}]}]});
    let sized = "[1 embedding(s) returned with size 3]";
    for (model, request, body, input, output) in [
        (
            "amazon.titan-embed-text-v2:0",
            json!({"inputText": "a"}),
            json!({"embedding": [0.1, 0.2, 0.3]}),
            documents(&["a"]),
            sized,
        ),
        (
            "amazon.titan-embed-text-v2:0",
            json!({"inputText": "a"}),
            json!({"embeddingsByType": {"binary": [1, 0, 1]}}),
            documents(&["a"]),
            sized,
        ),
        (
            "amazon.titan-embed-image-v1",
            json!({"inputText": "a", "inputImage": "iVBO"}),
            json!({"embedding": [1, 2, 3]}),
            documents(&["a", IMAGE]),
            sized,
        ),
        (
            "cohere.embed-english-v3",
            json!({"texts": ["a", "b"]}),
            json!({"embeddings": [[1, 2], [3, 4]], "texts": ["a", "b"]}),
            documents(&["a", "b"]),
            "[2 embedding(s) returned with size 2]",
        ),
        (
            "cohere.embed-english-v3",
            json!({"images": ["data:image/png;base64,iVBO"]}),
            json!({"embeddings": {"int8": [[1, 2, 3]]}}),
            documents(&[IMAGE]),
            sized,
        ),
        (
            "cohere.embed-v4:0",
            mixed,
            json!({"embeddings": {"float": [[1, 2, 3]]}}),
            documents(&[&format!("a\n{IMAGE}")]),
            sized,
        ),
        (
            "amazon.nova-2-multimodal-embeddings-v1:0",
            nova,
            json!({"embeddings": [{"embeddingType": "TEXT", "embedding": [1, 2, 3]}]}),
            documents(&["a"]),
            sized,
        ),
        (
            "twelvelabs.marengo-embed-2-7-v1:0",
            json!({"inputType": "text", "inputText": "a"}),
            json!({"data": [{"embedding": [1, 2, 3]}]}),
            documents(&["a"]),
            sized,
        ),
        (
            "cohere.embed-english-v3",
            json!({"texts": ["a"]}),
            json!({"embeddings": ["AAAA"]}),
            documents(&["a"]),
            "[1 embedding(s) returned]",
        ),
    ] {
        let mut sent = exchange(model, "invoke", &request).answered(ResponseHead::new(200), &body);
        sent.metadata.clear();
        assert_eq!(sent, said(SpanKind::Embedding, model).input(input).output(output), "{model} {body}");
    }
}

#[test]
fn counts_are_of_the_body_or_of_the_headers_and_metadata_is_what_is_allowed() {
    let request =
        json!({"inputText": "a", "dimensions": 256, "normalize": true, "embeddingTypes": ["float"], "user": "u-1"});
    let exchange = exchange("amazon.titan-embed-text-v2:0", "invoke", &request);
    let expected = json!({"dimensions": 256, "normalize": true, "embeddingTypes": ["float"]});
    assert_eq!(Value::Object(exchange.annotate_request().metadata), expected);
    let counts = counted([("input_tokens", 5), ("output_tokens", 0), ("total_tokens", 5)]);
    assert_eq!(
        exchange.answered(ResponseHead::new(200), &json!({"embedding": [1], "inputTextTokenCount": 5})).metrics,
        counts
    );
    let mut headers = http::HeaderMap::new();
    headers.insert("x-amzn-bedrock-input-token-count", 5.into());
    assert_eq!(exchange.answered(ResponseHead::new(200).headers(&headers), &json!({"embedding": [1]})).metrics, counts);
    assert_eq!(exchange.answered(ResponseHead::new(200), &json!({"embedding": [1]})).metrics, counted([]));
}

#[test]
fn an_error_has_no_output() {
    let exchange = exchange("amazon.titan-embed-text-v2:0", "invoke", &json!({"inputText": "a"}));
    let said = exchange.answered(ResponseHead::new(400), &json!({"message": "Too long."}));
    assert_eq!((said.output, said.error.map(|error| error.message)), (None, Some("Too long.".to_owned())));
}
