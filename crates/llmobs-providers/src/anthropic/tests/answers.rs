//! Whole responses, at each place where the API is served.

use serde_json::{Value, json};

use super::{URL, counted, said};
use crate::ResponseHead;
use crate::json::to_sorted_text;
use crate::test_exchange::TestExchange;
use crate::test_frames;
use llmobs_model::{Annotation, Message, SpanError, SpanKind, ToolCall, ToolResult};

fn request() -> Value {
    json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": [{"role": "user", "content": "Greet me."}]})
}

fn asked() -> Annotation {
    said("claude-sonnet-4-5").metadata("max_tokens", 64).input(Message::user("Greet me."))
}

fn answer(content: &Value, usage: &Value) -> Value {
    json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929",
        "content": content, "stop_reason": "end_turn", "stop_sequence": null, "usage": usage,
    })
}

fn answered(content: &Value, usage: &Value) -> Annotation {
    TestExchange::new(URL, &request()).answered(ResponseHead::new(200), &answer(content, usage))
}

#[test]
fn a_text_and_its_counts() {
    let said = answered(&json!([{"type": "text", "text": "Hello."}]), &json!({"input_tokens": 10, "output_tokens": 3}));
    let counts = counted([("input_tokens", 10), ("output_tokens", 3), ("total_tokens", 13)]);
    assert_eq!(
        said,
        asked().output([Message::assistant("Hello.")]).metrics(counts).metadata("finish_reason", "end_turn")
    );
}

#[test]
fn thoughts_calls_and_what_the_server_did_are_messages_in_their_order() {
    let said = answered(
        &json!([
            {"type": "thinking", "thinking": "A greeting.", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "RW5j"},
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "greetings"}},
            {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
                {"type": "web_search_result", "url": "https://example.com", "title": "Greetings", "encrypted_content": "RW5j"},
            ]},
            {"type": "text", "text": "Hello", "citations": [
                {"type": "web_search_result_location", "url": "https://example.com", "cited_text": "Hello!", "encrypted_index": "RW5j"},
            ]},
            {"type": "tool_use", "id": "toolu_1", "name": "wave", "input": {}, "caller": {"type": "direct"}},
        ]),
        &json!({"input_tokens": 5, "output_tokens": 40, "output_tokens_details": {"thinking_tokens": 21},
                "server_tool_use": {"web_search_requests": 1}, "service_tier": "standard"}),
    );
    let search = ToolCall::new("web_search", json!({"query": "greetings"})).id("srvtoolu_1").kind("server_tool_use");
    let found =
        to_sorted_text(json!({"type": "web_search_result", "url": "https://example.com", "title": "Greetings"}));
    let found = ToolResult::new(found).name("").id("srvtoolu_1").kind("tool_result");
    let wave = ToolCall::new("wave", json!({})).id("toolu_1").kind("tool_use");
    let expected = asked()
        .output([
            Message::new("reasoning", "A greeting."),
            Message::assistant(to_sorted_text(json!({"type": "redacted_thinking", "data": "[redacted thinking]"}))),
            Message::assistant("").tool_call(search),
            Message::assistant("").tool_result(found),
            Message::assistant("Hello"),
            Message::assistant("").tool_call(wave),
        ])
        .metadata(
            "citations",
            json!([
                {"type": "web_search_result_location", "url": "https://example.com", "cited_text": "Hello!"},
            ]),
        )
        .metrics(counted([
            ("input_tokens", 5),
            ("output_tokens", 40),
            ("total_tokens", 45),
            ("reasoning_output_tokens", 21),
        ]));
    let expected = expected.metadata("finish_reason", "end_turn");
    assert_eq!(said, expected);
}

#[test]
fn all_tokens_of_the_prompt_count_and_the_cached_ones_are_parts_of_them() {
    let all = |[input, output, total, write, read, hour, minutes]: [u64; 7]| {
        counted([
            ("input_tokens", input),
            ("output_tokens", output),
            ("total_tokens", total),
            ("cache_read_input_tokens", read),
            ("cache_write_input_tokens", write),
            ("ephemeral_1h_input_tokens", hour),
            ("ephemeral_5m_input_tokens", minutes),
        ])
    };
    for (usage, expected) in [
        // Without the two kinds, all was to_sorted_text for five minutes.
        (
            json!({"input_tokens": 18, "cache_creation_input_tokens": 2055, "cache_read_input_tokens": 0, "output_tokens": 100}),
            all([2073, 100, 2173, 2055, 0, 0, 2055]),
        ),
        (
            json!({"input_tokens": 1, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 200, "output_tokens": 4,
                "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}}),
            all([231, 4, 235, 30, 200, 20, 10]),
        ),
        (
            json!({"input_tokens": 7, "cache_creation_input_tokens": null, "cache_read_input_tokens": null, "output_tokens": 1}),
            counted([("input_tokens", 7), ("output_tokens", 1), ("total_tokens", 8)]),
        ),
        (json!({"input_tokens": 7}), counted([("input_tokens", 7)])),
        (
            json!({"input_tokens": u64::MAX, "cache_read_input_tokens": 1}),
            counted([("input_tokens", u64::MAX), ("cache_read_input_tokens", 1)]),
        ),
        (json!(null), counted([])),
    ] {
        let said = answered(&json!([{"type": "text", "text": "x"}]), &usage);
        assert_eq!(said.metrics, expected, "{usage}");
    }
}

#[test]
fn an_answer_of_nothing_is_one_empty_message() {
    let expected = asked().output([Message::new("", "")]);
    let exchange = TestExchange::new(URL, &request());
    for body in [json!({"content": []}), json!({"content": null}), json!({}), json!([]), json!(null), json!("x")] {
        assert_eq!(exchange.answered(ResponseHead::new(200), &body), expected, "{body}");
    }
}

#[test]
fn vertex_names_the_model_in_the_path() {
    let base =
        "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models";
    let request = json!({
        "anthropic_version": "vertex-2023-10-16", "max_tokens": 8, "temperature": 0.0,
        "messages": [{"role": "user", "content": "Greet me."}],
    });
    let exchange = TestExchange::new(&format!("{base}/claude-sonnet-4-5@20250929:rawPredict"), &request);
    let body = answer(&json!([{"type": "text", "text": "Hello."}]), &json!({"input_tokens": 10, "output_tokens": 3}));
    let expected = test_frames::said(SpanKind::Llm, "anthropic.request", "anthropic")
        .model_provider("google")
        .model_name("claude-sonnet-4-5@20250929")
        .metadata("max_tokens", 8)
        .metadata("temperature", 0.0)
        .input(Message::user("Greet me."))
        .output([Message::assistant("Hello.")])
        .metrics(counted([("input_tokens", 10), ("output_tokens", 3), ("total_tokens", 13)]));
    let expected = expected.metadata("finish_reason", "end_turn");
    assert_eq!(exchange.answered(ResponseHead::new(200), &body), expected);
    let error = json!([{"error": {"code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED"}}]);
    let failed = exchange.answered(ResponseHead::new(429), &error);
    assert_eq!(failed.error, Some(SpanError::new("Quota exceeded.").error_type("RESOURCE_EXHAUSTED")));
}

#[test]
fn who_serves_it_is_known_by_the_host() {
    for (url, provider) in [
        (URL, "anthropic"),
        ("https://api.anthropic.com/v1/messages?beta=true", "anthropic"),
        ("https://openrouter.ai/api/v1/messages", "openrouter"),
        (
            "https://eu-aiplatform.googleapis.com/v1/projects/p/locations/eu/publishers/anthropic/models/m:streamRawPredict",
            "google",
        ),
        ("http://127.0.0.1:4000/v1/messages", "unknown"),
        ("https://anthropic.example.com/v1/messages", "unknown"),
    ] {
        assert_eq!(
            TestExchange::new(url, &request()).annotate_request().model_provider.as_deref(),
            Some(provider),
            "{url}"
        );
    }
    for url in [
        "https://api.anthropic.com/v1/messages/count_tokens",
        "https://api.anthropic.com/v1/messages/batches",
        "https://eu-aiplatform.googleapis.com/v1/projects/p/locations/eu/publishers/anthropic/models/count-tokens:rawPredict",
    ] {
        assert_eq!(crate::Endpoint::recognise("POST", url), None, "{url}");
    }
}

#[test]
fn an_error_keeps_the_request_and_says_what_is_wrong() {
    let exchange = TestExchange::new(URL, &request());
    let body =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"});
    let error = SpanError::new("Overloaded").error_type("overloaded_error");
    let expected = asked().output(Message::new("", "")).span_error(error);
    assert_eq!(exchange.answered(ResponseHead::new(529), &body), expected);
    // A gateway may send it with a good status.
    assert_eq!(exchange.answered(ResponseHead::new(200), &body), expected);
    let compressed = exchange.answered(ResponseHead::new(401), &json!(null));
    assert_eq!(compressed.error, Some(SpanError::new("Unauthorized").error_type("HTTP 401")));
}

#[test]
fn a_proxy_that_reports_its_calls_itself_is_a_workflow_without_counts() {
    let endpoint = crate::Endpoint::recognise("POST", URL).unwrap().behind_instrumented_proxy();
    let call = crate::Call::new(endpoint, request().to_string());
    let body = answer(&json!([{"type": "text", "text": "Hello."}]), &json!({"input_tokens": 10, "output_tokens": 3}));
    let mut received = call.begin_response(ResponseHead::new(200).content_type("application/json"));
    received.push(body.to_string(), None);
    let said = received.finish(crate::Ending::Complete);
    assert_eq!((said.kind, said.metrics.is_empty()), (Some(SpanKind::Workflow), true));
}
