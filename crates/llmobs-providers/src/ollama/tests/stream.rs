//! Lines: the same as in one piece.

use serde_json::{Value, json};

use super::chat::{hi, said};
use crate::test_exchange::{TestExchange, lines};
use llmobs_model::{Message, SpanError, ToolCall};

const NDJSON: &str = "application/x-ndjson";

fn line(message: &Value) -> Value {
    json!({"model": "qwen3:4b", "created_at": "2026-01-01T00:00:00Z", "message": message, "done": false})
}

fn end() -> Value {
    json!({"model": "qwen3:4b", "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": "stop",
        "total_duration": 9, "prompt_eval_count": 2, "prompt_eval_duration": 250_000_000, "eval_count": 3, "eval_duration": 750_000_000})
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let stream = [
        line(&json!({"role": "assistant", "content": "", "thinking": "Easy"})),
        line(&json!({"role": "assistant", "content": "", "thinking": "."})),
        line(&json!({"role": "assistant", "content": "Grüße"})),
        line(&json!({"role": "assistant", "content": " 🌍"})),
        line(
            &json!({"role": "assistant", "content": "", "tool_calls": [{"id": "c", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}}]}),
        ),
        line(
            &json!({"role": "assistant", "content": "", "tool_calls": [{"function": {"index": 1, "name": "g", "arguments": {}}}]}),
        ),
        end(),
    ];
    let mut whole = end();
    whole["message"] = json!({"role": "assistant", "content": "Grüße 🌍", "thinking": "Easy.", "tool_calls": [
        {"id": "c", "function": {"name": "f", "arguments": {"a": 1}}}, {"function": {"name": "g", "arguments": {}}}
    ]});
    let call = |name: &str, arguments, id: &str| ToolCall::new(name, arguments).id(id).kind("function");
    let answer = Message::assistant("Grüße 🌍").tool_call(call("f", json!({"a": 1}), "c"));
    let expected = said()
        .input([Message::user("Hi")])
        .metadata("finish_reason", "stop")
        .output([Message::new("reasoning", "Easy."), answer.tool_call(call("g", json!({}), ""))])
        .metric("input_tokens", 2)
        .metric("output_tokens", 3)
        .metric("total_tokens", 5)
        .metric("time_in_model_prefill", 0.25)
        .metric("time_in_model_decode", 0.75);
    assert_eq!(hi().answer(200, &whole), expected);
    assert_eq!(hi().stream(NDJSON, &lines(&stream)), expected);
    assert_eq!(hi().stream(NDJSON, lines(&stream).trim_end()), expected, "without the last line end");
}

#[test]
fn a_completion_is_streamed_too() {
    let exchange =
        TestExchange::new("http://localhost:11434/api/generate", &json!({"model": "qwen3:4b", "prompt": "Hi"}));
    let line = |text: &str, thinking: &str| json!({"model": "qwen3:4b", "response": text, "thinking": thinking, "done": false});
    let end = json!({"model": "qwen3:4b", "response": "", "done": true, "context": [1, 2, 3], "eval_count": 1, "prompt_eval_count": 1});
    let expected = said()
        .input([Message::user("Hi")])
        .output([Message::new("reasoning", "Hm"), Message::assistant("Ho!")])
        .metric("input_tokens", 1)
        .metric("output_tokens", 1)
        .metric("total_tokens", 2);
    assert_eq!(exchange.stream(NDJSON, &lines(&[line("", "Hm"), line("Ho", ""), line("!", ""), end])), expected);
}

#[test]
fn an_error_in_the_middle_keeps_what_came() {
    let stream = [line(&json!({"role": "assistant", "content": "So far"})), json!({"error": "out of memory"})];
    let expected = said()
        .input([Message::user("Hi")])
        .output([Message::assistant("So far")])
        .span_error(SpanError::new("out of memory").error_type("error"));
    assert_eq!(hi().stream(NDJSON, &lines(&stream)), expected);
}

#[test]
fn a_stream_that_breaks_off_keeps_what_came() {
    let stream =
        [line(&json!({"role": "assistant", "content": "So"})), line(&json!({"role": "assistant", "content": " far"}))];
    let said = hi().broken(NDJSON, &lines(&stream));
    assert_eq!(said.output, Some(vec![Message::assistant("So far")].into()));
    assert_eq!(said.error, Some(SpanError::new("reset").error_type("io")));
}

#[test]
fn a_stream_that_is_let_go_of_is_no_failure() {
    let said = hi().dropped(NDJSON, &lines(&[line(&json!({"role": "assistant", "content": "So far"}))]));
    assert_eq!((said.output, said.error), (Some(vec![Message::assistant("So far")].into()), None));
}

#[test]
fn the_first_token_is_the_first_that_says_something() {
    let greeting = lines(&[line(&json!({"role": "assistant", "content": ""}))]);
    let thought = lines(&[line(&json!({"role": "assistant", "content": "", "thinking": "Hm"}))]);
    assert_eq!(hi().first_token(NDJSON, &[&greeting, &thought, &thought]), Some(2.0));
}
