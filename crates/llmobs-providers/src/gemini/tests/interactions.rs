//! `interactions`: whole annotations, of both generations.

use serde_json::{Value, json};

use super::generate::said;
use crate::test_exchange::{TestExchange, sse};
use llmobs_model::{Message, SpanError, ToolCall, ToolDefinition, ToolResult};

const URL: &str = "https://generativelanguage.googleapis.com/v1beta/interactions";
const SSE: &str = "text/event-stream";

fn hi() -> TestExchange {
    TestExchange::new(URL, &json!({"model": "gemini-3-flash-preview", "input": "Hi"}))
}

#[test]
fn a_conversation_of_steps() {
    let request = json!({
        "model": "gemini-3-flash-preview",
        "system_instruction": "Be brief.",
        "input": [
            {"type": "user_input", "content": [{"type": "text", "text": "Weather in Kiel?"}]},
            {"type": "thought", "signature": "s"},
            {"type": "function_call", "id": "c1", "name": "weather", "arguments": {"city": "Kiel"}},
            {"type": "function_result", "call_id": "c1", "name": "weather", "result": [{"type": "text", "text": "grey"}]}
        ],
        "generation_config": {"temperature": 0.5, "thinking_level": "low", "speech_config": {"voice": "x"}},
        "tools": [{"type": "function", "name": "weather", "description": "Weather of a city", "parameters": {"type": "object"}},
            {"type": "google_search"}]
    });
    let answer = json!({
        "model": "gemini-3-flash-preview", "status": "completed", "object": "interaction",
        "steps": [
            {"type": "thought", "signature": "s", "summary": [{"type": "text", "text": "Easy."}]},
            {"type": "model_output", "content": [{"type": "text", "text": "Grey."}]}
        ],
        "usage": {"total_input_tokens": 50, "total_output_tokens": 3, "total_thought_tokens": 6, "total_cached_tokens": 0,
            "total_tool_use_tokens": 0, "total_tokens": 59}
    });
    let call = ToolCall::new("weather", json!({"city": "Kiel"})).id("c1").kind("function_call");
    let result = ToolResult::new("grey").name("weather").id("c1").kind("function_result");
    let expected = said("gemini-3-flash-preview")
        .input([
            Message::system("Be brief."),
            Message::user("Weather in Kiel?"),
            Message::assistant("").tool_call(call),
            Message::new("tool", "").tool_result(result),
        ])
        .metadata("temperature", 0.5)
        .metadata("thinking_level", "low")
        .tool_definitions([ToolDefinition::new("weather")
            .description("Weather of a city")
            .schema(json!({"type": "object"}))])
        .output([Message::new("reasoning", "Easy."), Message::assistant("Grey.")])
        .metric("input_tokens", 50)
        .metric("output_tokens", 9)
        .metric("total_tokens", 59)
        .metric("cache_read_input_tokens", 0)
        .metric("reasoning_output_tokens", 6);
    let expected = expected.metadata("finish_reason", "completed");
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn input_may_be_text_contents_or_turns() {
    for (input, expected) in [
        (json!("Hi"), vec![Message::user("Hi")]),
        (json!({"type": "text", "text": "Hi"}), vec![Message::user("Hi")]),
        (
            json!([{"type": "text", "text": "What is it?"}, {"type": "image", "data": "AAAA", "mime_type": "image/png"},
                {"type": "video", "uri": "https://example.com/v", "mime_type": "video/mp4"}]),
            vec![
                Message::user("What is it?"),
                Message::user("[inline data: image/png]"),
                Message::user("[file data: https://example.com/v]"),
            ],
        ),
        (
            json!([{"role": "user", "content": "Hi"}, {"role": "model", "content": [{"type": "text", "text": "Ho"}]}]),
            vec![Message::user("Hi"), Message::assistant("Ho")],
        ),
    ] {
        let said = TestExchange::new(URL, &json!({"model": "gemini-3-pro", "input": input})).answer(200, &json!({}));
        assert_eq!(said.input, Some(expected.into()), "{input}");
    }
}

#[test]
fn the_first_generation_has_outputs() {
    let answer = json!({"model": "gemini-3-pro-preview", "status": "completed", "outputs": [
        {"type": "thought", "signature": "s"}, {"type": "text", "text": "Ho"},
        {"type": "google_search_call", "id": "s1", "arguments": {"queries": ["ho"]}},
        {"type": "google_search_result", "call_id": "s1", "result": [{"title": "Ho", "url": "https://example.com"}]}
    ]});
    let search = ToolCall::new("google_search", json!({"queries": ["ho"]})).id("s1").kind("google_search_call");
    let found = ToolResult::new(r#"[{"title":"Ho","url":"https://example.com"}]"#).name("google_search");
    let expected = said("gemini-3-pro-preview").input(vec![Message::user("Hi")]).output([
        Message::assistant("Ho"),
        Message::assistant("").tool_call(search),
        Message::new("tool", "").tool_result(found.id("s1").kind("google_search_result")),
    ]);
    let expected = expected.metadata("finish_reason", "completed");
    assert_eq!(hi().answer(200, &answer), expected);
}

fn step(event: &str, index: u8, name: &str, value: &Value) -> Value {
    json!({"event_type": event, "index": index, name: value})
}

#[test]
fn a_stream_of_steps_says_what_the_whole_interaction_says() {
    let events = [
        json!({"event_type": "interaction.created", "interaction": {"id": "v1", "model": "gemini-3-flash-preview", "status": "in_progress"}}),
        step("step.start", 0, "step", &json!({"type": "thought"})),
        step("step.delta", 0, "delta", &json!({"type": "thought_summary", "content": {"type": "text", "text": "Ea"}})),
        step("step.delta", 0, "delta", &json!({"type": "thought_summary", "content": {"type": "text", "text": "sy."}})),
        step("step.delta", 0, "delta", &json!({"type": "thought_signature", "signature": "s"})),
        step("step.start", 1, "step", &json!({"type": "model_output"})),
        step("step.delta", 1, "delta", &json!({"type": "text", "text": "Gr"})),
        step("step.delta", 1, "delta", &json!({"type": "text", "text": "ün."})),
        step("step.start", 2, "step", &json!({"type": "function_call", "id": "c", "name": "f", "arguments": {}})),
        step("step.delta", 2, "delta", &json!({"type": "arguments_delta", "arguments": "{\"a\":"})),
        step("step.delta", 2, "delta", &json!({"type": "arguments_delta", "arguments": " 1}"})),
        json!({"event_type": "interaction.completed", "interaction": {"id": "v1", "model": "gemini-3-flash-preview", "status": "completed",
            "steps": [], "usage": {"total_input_tokens": 2, "total_output_tokens": 3, "total_tokens": 5}}}),
    ];
    let whole = json!({"model": "gemini-3-flash-preview", "status": "completed", "steps": [
        {"type": "thought", "summary": [{"type": "text", "text": "Easy."}], "signature": "s"},
        {"type": "model_output", "content": [{"type": "text", "text": "Grün."}]},
        {"type": "function_call", "id": "c", "name": "f", "arguments": {"a": 1}}
    ], "usage": {"total_input_tokens": 2, "total_output_tokens": 3, "total_tokens": 5}});
    let expected = said("gemini-3-flash-preview")
        .input(vec![Message::user("Hi")])
        .output([
            Message::new("reasoning", "Easy."),
            Message::assistant("Grün."),
            Message::assistant("").tool_call(ToolCall::new("f", json!({"a": 1})).id("c").kind("function_call")),
        ])
        .metric("input_tokens", 2)
        .metric("output_tokens", 3)
        .metric("total_tokens", 5);
    let expected = expected.metadata("finish_reason", "completed");
    assert_eq!(hi().answer(200, &whole), expected);
    assert_eq!(hi().stream(SSE, &(sse(&events) + "data: [DONE]\n\n")), expected);
}

#[test]
fn a_stream_of_contents_says_the_same() {
    let events = [
        json!({"event_type": "interaction.start", "interaction": {"id": "v1", "model": "gemini-3-pro-preview"}}),
        step("content.start", 0, "content", &json!({"type": "thought"})),
        step("content.delta", 0, "delta", &json!({"type": "thought_summary", "content": {"text": "Easy."}})),
        step("content.start", 1, "content", &json!({"type": "text", "text": "G"})),
        step("content.delta", 1, "delta", &json!({"type": "text", "text": "rey."})),
        step("content.delta", 2, "delta", &json!({"type": "image", "data": "AAAA", "mime_type": "image/png"})),
        step(
            "content.delta",
            3,
            "delta",
            &json!({"type": "function_call", "id": "c", "name": "f", "arguments": {"a": 1}}),
        ),
        step("content.stop", 1, "x", &json!(null)),
        json!({"event_type": "interaction.complete", "interaction": {"status": "completed", "outputs": null}}),
    ];
    let expected = said("gemini-3-pro-preview").input(vec![Message::user("Hi")]).output([
        Message::new("reasoning", "Easy."),
        Message::assistant("Grey."),
        Message::assistant("[inline data: image/png]"),
        Message::assistant("").tool_call(ToolCall::new("f", json!({"a": 1})).id("c").kind("function_call")),
    ]);
    let expected = expected.metadata("finish_reason", "completed");
    assert_eq!(hi().stream(SSE, &sse(&events)), expected);
}

#[test]
fn failures_keep_what_came() {
    let events = [
        step("step.delta", 0, "delta", &json!({"type": "text", "text": "So far"})),
        json!({"event_type": "error", "error": {"code": "deadline_exceeded", "message": "Too slow."}}),
    ];
    let expected = said("gemini-3-flash-preview")
        .input(vec![Message::user("Hi")])
        .output(vec![Message::assistant("So far")])
        .span_error(SpanError::new("Too slow.").error_type("deadline_exceeded"));
    assert_eq!(hi().stream(SSE, &sse(&events)), expected);
    assert_eq!(hi().broken(SSE, &sse(&events[..1])).output, Some(vec![Message::assistant("So far")].into()));
    let failed = json!({"status": "failed", "error": {"code": 500, "message": "Gone."}});
    assert_eq!(hi().answer(200, &failed).error, Some(SpanError::new("Gone.").error_type("HTTP 500")));
}

#[test]
fn an_agent_stands_in_for_a_model() {
    let exchange = TestExchange::new(URL, &json!({"agent": "deep-research-pro", "input": "Look.", "background": true}));
    let said = exchange.answer(200, &json!({"id": "v1", "status": "in_progress"}));
    assert_eq!(said.model_name.as_deref(), Some("deep-research-pro"));
    assert_eq!(said.output, Some(vec![Message::assistant("")].into()));
}
