//! `/api/chat`: whole annotations.

use serde_json::{Value, json};

use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Media, Message, SpanError, SpanKind, ToolCall, ToolDefinition, ToolResult};

pub(super) const URL: &str = "http://localhost:11434/api/chat";

pub(super) fn said() -> Annotation {
    let said = Annotation::new().kind(SpanKind::Llm).name("ollama.request").tag("integration", "ollama");
    said.model_name("qwen3:4b").model_provider("ollama")
}

pub(super) fn hi() -> TestExchange {
    TestExchange::new(URL, &json!({"model": "qwen3:4b", "messages": [{"role": "user", "content": "Hi"}]}))
}

#[test]
fn a_plain_exchange_counts_tokens_and_seconds() {
    let request = json!({
        "model": "qwen3:4b", "stream": false, "keep_alive": "5m", "format": "json",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Name a river."}],
        "options": {"temperature": 0, "num_predict": 20, "num_gpu": 1}
    });
    let answer = json!({
        "model": "qwen3:4b", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": "The Elbe."},
        "done": true, "done_reason": "stop", "total_duration": 3_000_000_000_u64, "load_duration": 1,
        "prompt_eval_count": 12, "prompt_eval_duration": 500_000_000, "eval_count": 4, "eval_duration": 2_000_000_000
    });
    let expected = said()
        .input([Message::system("Be brief."), Message::user("Name a river.")])
        .metadata_map(
            json!({"temperature": 0, "num_predict": 20, "stream": false, "format": "json", "finish_reason": "stop"}),
        )
        .output([Message::assistant("The Elbe.")])
        .metric("input_tokens", 12)
        .metric("output_tokens", 4)
        .metric("total_tokens", 16)
        .metric("time_in_model_prefill", 0.5)
        .metric("time_in_model_decode", 2.0);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn tools_are_called_and_answer() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let request = json!({
        "model": "qwen3:4b",
        "messages": [
            {"role": "user", "content": "Weather in Kiel?"},
            {"role": "assistant", "content": "", "thinking": "Ask.", "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": {"city": "Kiel"}}}]},
            {"role": "tool", "content": "grey", "tool_name": "weather", "tool_call_id": "c1"}
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "Weather of a city", "parameters": schema}}]
    });
    let answer = json!({"model": "qwen3:4b", "message": {"role": "assistant", "content": "",
        "tool_calls": [{"function": {"index": 0, "name": "weather", "arguments": {"city": "Bonn"}}}]}, "done": true});
    let call = |city: &str, id: &str| ToolCall::new("weather", json!({"city": city})).id(id).kind("function");
    let result = ToolResult::new("grey").name("weather").id("c1").kind("tool_result");
    let expected = said()
        .input([
            Message::user("Weather in Kiel?"),
            Message::new("reasoning", "Ask."),
            Message::assistant("").tool_call(call("Kiel", "c1")),
            Message::new("tool", "").tool_result(result),
        ])
        .tool_definitions([ToolDefinition::new("weather").description("Weather of a city").schema(schema)])
        .output([Message::assistant("").tool_call(call("Bonn", ""))]);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn thoughts_are_told_apart() {
    let request = json!({"model": "qwen3:4b", "think": true, "messages": [{"role": "user", "content": "Hi"}]});
    let answer = json!({"model": "qwen3:4b", "message": {"role": "assistant", "thinking": "A greeting.", "content": "Ho"}, "done": true});
    let expected = said()
        .input([Message::user("Hi")])
        .metadata("think", true)
        .output([Message::new("reasoning", "A greeting."), Message::assistant("Ho")]);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn pictures_are_known_by_their_first_bytes() {
    let request = json!({"model": "qwen3:4b", "messages": [
        {"role": "user", "content": "What is it?", "images": ["iVBORw0KGgoAAAA", "/9j/4AAQ", "UnknownBytes"]},
        {"role": "user", "content": "", "images": ["UnknownBytes"]}
    ]});
    let first = Message::user("What is it?\n[image]").image(Media::base64("image/png", "iVBORw0KGgoAAAA"));
    let expected = said()
        .input([first.image(Media::base64("image/jpeg", "/9j/4AAQ")), Message::user("[image]")])
        .output([Message::assistant("A cat.")]);
    let answer = json!({"model": "qwen3:4b", "message": {"role": "assistant", "content": "A cat."}});
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn an_error_is_a_text() {
    let expected = said()
        .input([Message::user("Hi")])
        .output(Message::new("", ""))
        .span_error(SpanError::new("model 'qwen3:4b' not found").error_type("HTTP 404"));
    assert_eq!(hi().answer(404, &json!({"error": "model 'qwen3:4b' not found"})), expected);
}

#[test]
fn nonsense_does_no_harm() {
    for nonsense in
        [json!(null), json!([1]), json!({"messages": 7, "message": 3}), json!({"messages": [null], "message": null})]
    {
        let said = TestExchange::new(URL, &nonsense).answer(200, &nonsense);
        assert_eq!(said.output, Some(vec![Message::assistant("")].into()), "{nonsense}");
    }
    let odd =
        json!({"message": {"role": 1, "content": {"a": 1}, "tool_calls": [7]}, "eval_count": -1, "eval_duration": "x"});
    let said = hi().answer(200, &odd);
    let call = ToolCall::new("", Value::Null).id("").kind("function");
    assert_eq!(said.output, Some(vec![Message::new("", r#"{"a":1}"#).tool_call(call)].into()));
    assert!(said.metrics.is_empty());
}
