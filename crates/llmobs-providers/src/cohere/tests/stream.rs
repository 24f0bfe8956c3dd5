//! A stream of `/v2/chat`: the same as in one piece.

use serde_json::{Value, json};

use super::v2::{hi, said};
use crate::test_exchange::{TestExchange, sse};
use llmobs_model::{Message, SpanError, ToolCall};

const SSE: &str = "text/event-stream";

fn event(kind: &str, index: u8, message: &Value) -> Value {
    json!({"type": kind, "index": index, "delta": {"message": message}})
}

fn text(index: u8, piece: &str) -> Value {
    event("content-delta", index, &json!({"content": {"text": piece}}))
}

fn call(index: u8, id: &str, name: &str) -> Value {
    let call = json!({"id": id, "type": "function", "function": {"name": name, "arguments": ""}});
    event("tool-call-start", index, &json!({"tool_calls": call}))
}

fn arguments(index: u8, piece: &str) -> Value {
    event("tool-call-delta", index, &json!({"tool_calls": {"function": {"arguments": piece}}}))
}

fn start() -> Value {
    json!({"type": "message-start", "id": "a1", "delta": {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}})
}

/// Events as Cohere writes them, with names and an end.
fn named(events: &[Value]) -> String {
    let events =
        events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("x")));
    events.chain(["data: [DONE]\n\n".to_owned()]).collect()
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let source = json!({"type": "document", "id": "d1", "document": {"text": "…"}});
    let citation = json!({"start": 0, "end": 5, "text": "Grüße", "type": "TEXT_CONTENT", "sources": [source]});
    let usage = json!({"tokens": {"input_tokens": 7, "output_tokens": 5}, "billed_units": {"input_tokens": 1, "output_tokens": 1}, "cached_tokens": 4});
    let events = [
        start(),
        event("tool-plan-delta", 0, &json!({"tool_plan": "I "})),
        event("tool-plan-delta", 0, &json!({"tool_plan": "will."})),
        event("content-start", 0, &json!({"content": {"type": "thinking", "thinking": ""}})),
        event("content-delta", 0, &json!({"content": {"thinking": "Easy."}})),
        event("content-start", 1, &json!({"content": {"type": "text", "text": ""}})),
        text(1, "Grü"),
        text(1, "ße 🌍"),
        event("citation-start", 0, &json!({"citations": citation})),
        json!({"type": "citation-end", "index": 0}),
        json!({"type": "content-end", "index": 1}),
        call(0, "c1", "f"),
        call(1, "c2", "g"),
        arguments(1, "{}"),
        arguments(0, "{\"a\""),
        arguments(0, ": 1}"),
        json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL", "usage": usage}}),
    ];
    let whole = json!({
        "id": "a1", "finish_reason": "TOOL_CALL", "usage": usage,
        "message": {"role": "assistant", "tool_plan": "I will.", "citations": [citation],
            "content": [{"type": "thinking", "thinking": "Easy."}, {"type": "text", "text": "Grüße 🌍"}],
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}},
                {"id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}
            ]}
    });
    let answer = Message::assistant("Grüße 🌍")
        .tool_call(ToolCall::new("f", json!({"a": 1})).id("c1").kind("function"))
        .tool_call(ToolCall::new("g", json!({})).id("c2").kind("function"));
    let expected = said()
        .input([Message::user("Hi")])
        .metadata_map(json!({"finish_reason": "TOOL_CALL", "citations": [{"start": 0, "end": 5, "sources": ["d1"]}]}))
        .output([Message::new("reasoning", "I will."), Message::new("reasoning", "Easy."), answer])
        .metric("input_tokens", 7)
        .metric("output_tokens", 5)
        .metric("total_tokens", 12)
        .metric("cache_read_input_tokens", 4);
    assert_eq!(hi().answer(200, &whole), expected);
    assert_eq!(hi().stream(SSE, &named(&events)), expected);
}

#[test]
fn one_index_may_have_thoughts_and_text() {
    let thought = event("content-delta", 0, &json!({"content": {"thinking": "Hm"}}));
    let events = [event("content-start", 0, &json!({"content": {"text": ""}})), thought, text(0, "Ho"), text(1, "Hi")];
    let said = hi().stream(SSE, &named(&events));
    assert_eq!(said.output, Some(vec![Message::new("reasoning", "Hm"), Message::assistant("Ho\nHi")].into()));
}

#[test]
fn an_end_with_an_error_keeps_what_came() {
    let end = json!({"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "overloaded"}});
    let expected = said()
        .input([Message::user("Hi")])
        .metadata("finish_reason", "ERROR")
        .output([Message::assistant("So far")])
        .span_error(SpanError::new("overloaded").error_type("ERROR"));
    assert_eq!(hi().stream(SSE, &named(&[start(), text(0, "So far"), end])), expected);
}

#[test]
fn an_error_in_place_of_an_event_is_one() {
    let said = hi().stream(SSE, &sse(&[start(), text(0, "So far"), json!({"message": "internal error"})]));
    assert_eq!(said.error, Some(SpanError::new("internal error").error_type("error")));
    assert_eq!(said.output, Some(vec![Message::assistant("So far")].into()));
}

#[test]
fn a_stream_that_breaks_off_keeps_what_came() {
    let said = hi().broken(SSE, &sse(&[start(), text(0, "So"), text(0, " far")]));
    assert_eq!(said.output, Some(vec![Message::assistant("So far")].into()));
}

#[test]
fn a_stream_that_is_let_go_of_is_no_failure() {
    let said = hi().dropped(SSE, &sse(&[text(0, "So far")]));
    assert_eq!((said.output, said.error), (Some(vec![Message::assistant("So far")].into()), None));
}

#[test]
fn the_first_token_is_the_first_that_says_something() {
    let begin = sse(&[start(), event("content-start", 0, &json!({"content": {"type": "text", "text": ""}}))]);
    let piece = sse(&[text(0, "Hi")]);
    assert_eq!(hi().first_token(SSE, &[&begin, &piece, &piece]), Some(2.0));
    let plan = sse(&[event("tool-plan-delta", 0, &json!({"tool_plan": "I"}))]);
    assert_eq!(hi().first_token(SSE, &[&plan]), Some(1.0));
}

#[test]
fn nonsense_does_no_harm() {
    let exchange = TestExchange::new(super::v2::URL, &json!(null));
    let events = [
        json!({"type": 7}),
        json!({"type": "content-delta", "index": -1, "delta": []}),
        json!([1]),
        json!({"type": "message-end"}),
    ];
    assert_eq!(exchange.stream(SSE, &sse(&events)).output, Some(vec![Message::assistant("")].into()));
    assert_eq!(exchange.stream(SSE, "data: x\n\n").output, Some(vec![Message::assistant("")].into()));
}
