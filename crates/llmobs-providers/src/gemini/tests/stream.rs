//! `streamGenerateContent`: the same as in one piece.

use serde_json::{Value, json};

use super::generate::said;
use crate::test_exchange::{TestExchange, array, sse};
use llmobs_model::{Message, SpanError, ToolCall};

const URL: &str =
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const SSE: &str = "text/event-stream";

fn chunk(parts: &Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}], "modelVersion": "gemini-2.5-flash"})
}

fn exchange() -> TestExchange {
    TestExchange::new(URL, &json!({"contents": "Hi"}))
}

/// Python merges thoughts into the answer, and moves everything that is no text behind it.
#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let chunks = [
        chunk(&json!([{"text": "Hm", "thought": true}])),
        chunk(&json!([{"text": ", well.", "thought": true}])),
        chunk(&json!([{"text": "Grüße, "}])),
        chunk(&json!([{"text": "Welt 🌍"}])),
        chunk(&json!([{"functionCall": {"name": "f", "args": {"a": 1}}}, {"functionCall": {"name": "g", "args": {}}}])),
        chunk(&json!([{"text": "Done."}])),
        json!({"candidates": [{"content": {"parts": [{"text": "", "thoughtSignature": "s"}]}, "finishReason": "STOP"}],
            "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 20, "thoughtsTokenCount": 4, "totalTokenCount": 25}}),
    ];
    let whole = json!({"candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
        {"text": "Hm, well.", "thought": true}, {"text": "Grüße, Welt 🌍"},
        {"functionCall": {"name": "f", "args": {"a": 1}}}, {"functionCall": {"name": "g", "args": {}}}, {"text": "Done."}
    ]}}], "modelVersion": "gemini-2.5-flash",
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 20, "thoughtsTokenCount": 4, "totalTokenCount": 25}});
    let call = |name: &str, arguments| ToolCall::new(name, arguments).id("").kind("function_call");
    let expected = said("gemini-2.5-flash")
        .input(Message::user("Hi"))
        .output([
            Message::new("reasoning", "Hm, well."),
            Message::assistant("Grüße, Welt 🌍"),
            Message::assistant("").tool_call(call("f", json!({"a": 1}))),
            Message::assistant("").tool_call(call("g", json!({}))),
            Message::assistant("Done."),
        ])
        .metric("input_tokens", 1)
        .metric("output_tokens", 24)
        .metric("total_tokens", 25)
        .metric("reasoning_output_tokens", 4);
    let expected = expected.metadata("finish_reason", "STOP");
    assert_eq!(exchange().answer(200, &whole), expected);
    assert_eq!(exchange().stream(SSE, &sse(&chunks)), expected);
    assert_eq!(exchange().stream("application/json; charset=UTF-8", &array(&chunks)), expected);
}

#[test]
fn arguments_of_a_call_may_be_streamed_too() {
    let call = |call: Value| chunk(&json!([{"functionCall": call}]));
    let piece = |path: &str, name: &str, value: Value| json!({"jsonPath": path, name: value, "willContinue": true});
    let more = |pieces: Vec<Value>| call(json!({"partialArgs": pieces, "willContinue": true}));
    let chunks = [
        call(json!({"name": "f", "id": "c1", "willContinue": true})),
        more(vec![piece("$.city", "stringValue", json!("New "))]),
        more(vec![piece("$.city", "stringValue", json!("Delhi")), piece("$.days", "numberValue", json!(3))]),
        more(vec![
            piece("$.stops[0].name", "stringValue", json!("a")),
            piece("$.stops[1]['name']", "boolValue", json!(true)),
        ]),
        more(vec![
            piece("$.stops[7].name", "stringValue", json!("x")),
            piece("$.city.x", "stringValue", json!("x")),
            json!({}),
        ]),
        call(json!({})),
        call(json!({"name": "g", "args": {"b": 2}})),
    ];
    let arguments = json!({"city": "New Delhi", "days": 3, "stops": [{"name": "a"}, {"name": true}]});
    let expected = said("gemini-2.5-flash").input(vec![Message::user("Hi")]).output([
        Message::assistant("").tool_call(ToolCall::new("f", arguments).id("c1").kind("function_call")),
        Message::assistant("").tool_call(ToolCall::new("g", json!({"b": 2})).id("").kind("function_call")),
    ]);
    assert_eq!(exchange().stream(SSE, &sse(&chunks)), expected);
}

#[test]
fn candidates_are_told_apart_by_their_index() {
    let part =
        |index: u8, text: &str| json!({"candidates": [{"index": index, "content": {"parts": [{"text": text}]}}]});
    let chunks = [part(1, "b1"), part(0, "a1"), part(1, "b2"), part(0, "a2")];
    let said = exchange().stream(SSE, &sse(&chunks));
    assert_eq!(said.output, Some([Message::assistant("a1a2"), Message::assistant("b1b2")].into()));
}

#[test]
fn the_last_count_holds() {
    let with_usage = |text: &str, output: u8| {
        let mut chunk = chunk(&json!([{"text": text}]));
        chunk["usageMetadata"] =
            json!({"promptTokenCount": 3, "candidatesTokenCount": output, "totalTokenCount": 3 + output});
        chunk
    };
    let chunks = [with_usage("a", 1), with_usage("b", 2), chunk(&json!([{"text": "c"}]))];
    let said = exchange().stream(SSE, &sse(&chunks));
    let metrics: Vec<_> = said.metrics.iter().map(|(name, value)| (name, value.as_u64().unwrap())).collect();
    assert_eq!(metrics, [("input_tokens", 3), ("output_tokens", 2), ("total_tokens", 5)]);
    assert_eq!(said.output, Some(vec![Message::assistant("abc")].into()));
}

#[test]
fn an_error_in_the_middle_keeps_what_came() {
    let error = json!({"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}});
    let chunks = [chunk(&json!([{"text": "So f"}])), error];
    let expected = said("gemini-2.5-flash")
        .input(Message::user("Hi"))
        .output(vec![Message::assistant("So f")])
        .span_error(SpanError::new("Overloaded.").error_type("UNAVAILABLE"));
    assert_eq!(exchange().stream(SSE, &sse(&chunks)), expected);
    assert_eq!(exchange().stream("application/json", &array(&chunks)), expected);
}

#[test]
fn a_stream_that_breaks_off_keeps_what_came() {
    let chunks = [chunk(&json!([{"text": "So"}])), chunk(&json!([{"text": " far"}]))];
    let said = exchange().broken(SSE, &sse(&chunks));
    assert_eq!(said.output, Some(vec![Message::assistant("So far")].into()));
    assert_eq!(said.error, Some(SpanError::new("reset").error_type("io")));
    let said = exchange().broken("application/json", array(&chunks).trim_end_matches(['\n', ']']));
    assert_eq!(said.output, Some(vec![Message::assistant("So far")].into()));
}

#[test]
fn a_stream_that_is_let_go_of_is_no_failure() {
    let said = exchange().dropped(SSE, &sse(&[chunk(&json!([{"text": " So far"}]))]));
    assert_eq!(said.output, Some(vec![Message::assistant(" So far")].into()));
    assert_eq!(said.error, None);
}

#[test]
fn the_first_token_is_the_first_that_says_something() {
    let greeting = sse(&[chunk(&json!([{"text": ""}]))]);
    let thought = sse(&[chunk(&json!([{"text": "Hm", "thought": true}]))]);
    assert_eq!(exchange().first_token(SSE, &[&greeting, &thought, &thought]), Some(2.0));
    assert_eq!(exchange().first_token(SSE, &[&greeting]), None);
    // In an array, what comes next does not have to be awaited.
    let (first, next) = (chunk(&json!([{"text": "a"}])), chunk(&json!([{"text": "b"}])));
    let pieces = [format!("[{first}"), format!("\n,\r\n{next}\n]\n")];
    assert_eq!(exchange().first_token("application/json", &[&pieces[0], &pieces[1]]), Some(1.0));
}

#[test]
fn bytes_of_media_are_not_held() {
    let part = json!([{"inlineData": {"mimeType": "image/png", "data": "A".repeat(100)}}]);
    let said = exchange().stream(SSE, &sse(&[chunk(&part)]));
    assert_eq!(said.output, Some(vec![Message::assistant("[inline data: image/png]")].into()));
}
