//! Errors, and which URLs are calls.

use serde_json::json;

use super::{exchange, said};
use crate::{Api, Endpoint, ResponseHead};
use llmobs_model::{Message, SpanError, SpanKind};

const MODEL: &str = "meta.llama3-8b-instruct-v1:0";

#[test]
fn the_type_of_an_error_is_in_a_header_or_in_the_body() {
    let header = |value: &'static str| {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-amzn-errortype", http::HeaderValue::from_static(value));
        ResponseHead::new(403).headers(&headers)
    };
    for (head, body, error_type, message) in [
        (
            header("ExpiredTokenException:http://internal.amazon.com/coral/com.amazon.coral.service/"),
            json!({"message": "Expired"}),
            "ExpiredTokenException",
            "Expired",
        ),
        (header("ValidationException"), json!({"Message": "Bad"}), "ValidationException", "Bad"),
        (
            ResponseHead::new(403),
            json!({"__type": "com.amazon.coral.service#AccessDeniedException", "message": "No"}),
            "AccessDeniedException",
            "No",
        ),
        (ResponseHead::new(403), json!({"__type": "AccessDeniedException"}), "AccessDeniedException", "Forbidden"),
        (ResponseHead::new(403), json!({"message": "No"}), "HTTP 403", "No"),
        (ResponseHead::new(403), json!(null), "HTTP 403", "Forbidden"),
    ] {
        for operation in ["invoke", "invoke-with-response-stream"] {
            let failed =
                exchange(MODEL, operation, &json!({"prompt": "Hi", "temperature": 0})).answered(head.clone(), &body);
            let expected = said(SpanKind::Llm, MODEL)
                .metadata("temperature", 0)
                .input(Message::new("", "Hi"))
                .output(Message::new("", ""))
                .span_error(SpanError::new(message).error_type(error_type));
            assert_eq!(failed, expected, "{body}");
        }
        let request = json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]});
        let failed = exchange(MODEL, "converse-stream", &request).answered(head, &body);
        let expected = said(SpanKind::Llm, MODEL)
            .input(Message::user("Hi"))
            .output(Message::new("", ""))
            .span_error(SpanError::new(message).error_type(error_type));
        assert_eq!(failed, expected, "{body}");
    }
}

#[test]
fn urls_name_the_model_whole_and_as_it_was_sent() {
    let arn = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/Abc123";
    let encoded = arn.replace(':', "%3A").replace('/', "%2F");
    let host = "https://bedrock-runtime.us-east-1.amazonaws.com";
    for (url, api, model) in [
        (format!("{host}/model/anthropic.claude-v2%3A1/invoke"), Api::BedrockInvoke, "anthropic.claude-v2:1"),
        (
            format!("{host}/model/anthropic.claude-v2:1/invoke-with-response-stream"),
            Api::BedrockInvoke,
            "anthropic.claude-v2:1",
        ),
        (format!("{host}/model/us.amazon.nova-lite-v1%3A0/converse"), Api::BedrockConverse, "us.amazon.nova-lite-v1:0"),
        (format!("{host}/model/{encoded}/converse-stream"), Api::BedrockConverse, arn),
        (format!("{host}/model/{arn}/invoke"), Api::BedrockInvoke, arn),
        (format!("{host}/model/cohere.embed-english-v3/invoke"), Api::BedrockEmbeddings, "cohere.embed-english-v3"),
        (
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn/model/m.n/converse".to_owned(),
            Api::BedrockConverse,
            "m.n",
        ),
        (
            "https://vpce-1.bedrock-runtime.eu-west-1.vpce.amazonaws.com/model/m.n/converse".to_owned(),
            Api::BedrockConverse,
            "m.n",
        ),
        ("http://127.0.0.1:4566/model/m.n/converse".to_owned(), Api::BedrockConverse, "m.n"),
        ("/model/m.n/converse-stream".to_owned(), Api::BedrockConverse, "m.n"),
    ] {
        let endpoint = Endpoint::recognise("POST", &url).unwrap_or_else(|| panic!("{url}"));
        assert_eq!((endpoint.api(), endpoint.provider()), (api, "amazon_bedrock"), "{url}");
        assert_eq!(endpoint.model.as_deref(), Some(model), "{url}");
    }
    for path in [
        "model/cohere.rerank-v3-5%3A0/invoke",
        "model/stability.stable-image-core-v1%3A0/invoke",
        "model/anthropic.claude-v2%3A1/count-tokens",
        "model/anthropic.claude-v2%3A1/invoke-with-bidirectional-stream",
        "model//invoke",
        "guardrail/g/version/1/apply",
        "async-invoke",
    ] {
        assert_eq!(Endpoint::recognise("POST", &format!("{host}/{path}")), None, "{path}");
    }
}

#[test]
fn an_error_in_a_good_answer_is_an_error() {
    let exchange = exchange(MODEL, "invoke", &json!({"prompt": "Hi"}));
    let said =
        exchange.answered(ResponseHead::new(200), &json!({"error": {"message": "Gone", "type": "server_error"}}));
    assert_eq!(said.error, Some(SpanError::new("Gone").error_type("server_error")));
}
