//! Chunks: the same as in one piece.

use serde_json::{Value, json};

use super::chat::{hi, said};
use crate::test_exchange::sse;
use llmobs_model::{Message, SpanError, ToolCall};

const SSE: &str = "text/event-stream; charset=utf-8";

fn chunk(index: u8, delta: &Value) -> Value {
    json!({"id": "a", "object": "chat.completion.chunk", "model": "mistral-small", "p": "abcdef",
        "choices": [{"index": index, "delta": delta, "finish_reason": null}]})
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let thought =
        |piece: &str| json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]});
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16, "prompt_tokens_details": {"cached_tokens": 5}});
    let mut end = chunk(0, &json!({"content": ""}));
    end["usage"] = usage.clone();
    end["choices"][0]["finish_reason"] = json!("tool_calls");
    let events = [
        chunk(0, &json!({"role": "assistant", "content": ""})),
        chunk(0, &thought("Ea")),
        chunk(0, &thought("sy.")),
        chunk(0, &json!({"content": "Grü"})),
        chunk(0, &json!({"content": [{"type": "text", "text": "ße "}, {"type": "reference", "reference_ids": [1]}]})),
        chunk(0, &json!({"content": "🌍"})),
        chunk(
            0,
            &json!({"tool_calls": [{"index": 0, "id": "null", "function": {"name": "f", "arguments": "{\"a\""}}]}),
        ),
        chunk(0, &json!({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "", "arguments": ": 1}"}}]})),
        end,
    ];
    let whole = json!({"model": "mistral-small", "usage": usage, "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Easy."}]}, {"type": "text", "text": "Grüße "},
            {"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "🌍"}],
        "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{\"a\": 1}"}, "index": 0}]
    }}]});
    let call = ToolCall::new("f", json!({"a": 1})).id("c").kind("function");
    let expected = said()
        .input([Message::user("Hi")])
        .output([Message::new("reasoning", "Easy."), Message::assistant("Grüße 🌍").tool_call(call)])
        .metric("input_tokens", 10)
        .metric("output_tokens", 6)
        .metric("total_tokens", 16)
        .metric("cache_read_input_tokens", 5);
    let expected = expected.metadata("finish_reason", "tool_calls");
    assert_eq!(hi().answer(200, &whole), expected);
    assert_eq!(hi().stream(SSE, &(sse(&events) + "data: [DONE]\n\n")), expected);
}

#[test]
fn candidates_are_told_apart_by_their_index() {
    let events = [
        chunk(1, &json!({"role": "assistant", "content": "b1"})),
        chunk(0, &json!({"content": "a1"})),
        chunk(1, &json!({"content": "b2"})),
        chunk(0, &json!({"content": "a2"})),
    ];
    let said = hi().stream(SSE, &sse(&events));
    assert_eq!(said.output, Some([Message::assistant("a1a2"), Message::assistant("b1b2")].into()));
}

#[test]
fn an_error_in_the_middle_keeps_what_came() {
    let error = json!({"object": "error", "message": "Overloaded", "type": "service_unavailable", "code": "3505"});
    let expected = said()
        .input([Message::user("Hi")])
        .output([Message::assistant("So far")])
        .span_error(SpanError::new("Overloaded").error_type("service_unavailable"));
    assert_eq!(hi().stream(SSE, &sse(&[chunk(0, &json!({"content": "So far"})), error])), expected);
}

#[test]
fn a_stream_that_breaks_off_keeps_what_came() {
    let said = hi().broken(SSE, &sse(&[chunk(0, &json!({"content": "So"})), chunk(0, &json!({"content": " far"}))]));
    assert_eq!(said.output, Some(vec![Message::assistant("So far")].into()));
    assert_eq!(said.error, Some(SpanError::new("reset").error_type("io")));
}

#[test]
fn a_stream_that_is_let_go_of_is_no_failure() {
    let said = hi().dropped(SSE, &sse(&[chunk(0, &json!({"content": "So far"}))]));
    assert_eq!((said.output, said.error), (Some(vec![Message::assistant("So far")].into()), None));
}

#[test]
fn the_first_token_is_the_first_that_says_something() {
    let greeting = sse(&[chunk(0, &json!({"role": "assistant", "content": ""}))]);
    let thought =
        sse(&[chunk(0, &json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]}))]);
    assert_eq!(hi().first_token(SSE, &[&greeting, &thought, &thought]), Some(2.0));
}

#[test]
fn white_space_of_the_answer_is_kept() {
    let said = hi().stream(SSE, &sse(&[chunk(0, &json!({"content": " \n"})), chunk(0, &json!({"content": "a \n"}))]));
    assert_eq!(said.output, Some(vec![Message::assistant(" \na \n")].into()));
}
