//! `/v1/chat`: whole annotations.

use serde_json::json;

use super::v2::said;
use crate::test_exchange::{TestExchange, lines, sse};
use llmobs_model::{Message, SpanError, ToolCall, ToolDefinition, ToolResult};

const URL: &str = "https://api.cohere.ai/v1/chat";
const LINES: &str = "application/stream+json";

fn hi() -> TestExchange {
    TestExchange::new(URL, &json!({"model": "command-a", "message": "Hi", "stream": true}))
}

#[test]
fn a_conversation() {
    let request = json!({
        "model": "command-a", "preamble": "Be brief.", "message": "Name another.", "temperature": 0.3,
        "chat_history": [{"role": "USER", "message": "Name a river."}, {"role": "CHATBOT", "message": "The Elbe."}]
    });
    let answer = json!({
        "response_id": "r", "generation_id": "g", "text": "The Weser.", "finish_reason": "COMPLETE",
        "chat_history": [{"role": "USER", "message": "Name a river."}],
        "meta": {"api_version": {"version": "1"}, "billed_units": {"input_tokens": 5, "output_tokens": 3}, "tokens": {"input_tokens": 70, "output_tokens": 6}}
    });
    let expected = said()
        .input([
            Message::system("Be brief."),
            Message::user("Name a river."),
            Message::assistant("The Elbe."),
            Message::user("Name another."),
        ])
        .metadata_map(json!({"temperature": 0.3, "finish_reason": "COMPLETE"}))
        .output([Message::assistant("The Weser.")])
        .metric("input_tokens", 70)
        .metric("output_tokens", 6)
        .metric("total_tokens", 76);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn tools_are_called_and_answer() {
    let definitions = json!({"city": {"description": "Where", "type": "str", "required": true}});
    let request = json!({
        "model": "command-a", "message": "",
        "chat_history": [{"role": "CHATBOT", "message": "I look.", "tool_calls": [{"name": "weather", "parameters": {"city": "Kiel"}}]}],
        "tool_results": [{"call": {"name": "weather", "parameters": {"city": "Kiel"}}, "outputs": [{"sky": "grey"}]}],
        "tools": [{"name": "weather", "description": "Weather of a city", "parameter_definitions": definitions}],
        "documents": [{"title": "Sky", "snippet": "Often grey."}]
    });
    let answer = json!({"text": "Again.", "tool_calls": [{"name": "weather", "parameters": {"city": "Bonn"}}],
        "citations": [{"start": 0, "end": 5, "text": "Again", "document_ids": ["doc_0"]}]});
    let call = |city: &str| ToolCall::new("weather", json!({"city": city})).kind("function");
    let result = ToolResult::new(r#"[{"sky":"grey"}]"#).name("weather").kind("tool_result");
    let expected = said()
        .input([
            Message::new("document", r#"{"snippet":"Often grey.","title":"Sky"}"#),
            Message::assistant("I look.").tool_call(call("Kiel")),
            Message::new("tool", "").tool_result(result),
        ])
        .tool_definitions([ToolDefinition::new("weather").description("Weather of a city").schema(definitions)])
        .metadata("citations", json!([{"start": 0, "end": 5, "sources": ["doc_0"]}]))
        .output([Message::assistant("Again.").tool_call(call("Bonn"))]);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let whole = json!({"response_id": "r", "text": "Grüße 🌍", "finish_reason": "COMPLETE", "chat_history": [{"role": "USER", "message": "Hi"}],
        "citations": [{"start": 0, "end": 5, "text": "Grüße", "document_ids": ["doc_0"]}],
        "tool_calls": [{"name": "f", "parameters": {"a": 1}}],
        "meta": {"tokens": {"input_tokens": 2, "output_tokens": 3}}});
    let events = [
        json!({"is_finished": false, "event_type": "stream-start", "generation_id": "g"}),
        json!({"is_finished": false, "event_type": "text-generation", "text": "Grü"}),
        json!({"is_finished": false, "event_type": "text-generation", "text": "ße 🌍"}),
        json!({"is_finished": false, "event_type": "citation-generation", "citations": [{"start": 0, "end": 5, "text": "Grüße", "document_ids": ["doc_0"]}]}),
        json!({"is_finished": false, "event_type": "tool-calls-chunk", "tool_call_delta": {"index": 0, "name": "f"}}),
        json!({"is_finished": false, "event_type": "tool-calls-generation", "tool_calls": [{"name": "f", "parameters": {"a": 1}}]}),
        json!({"is_finished": true, "event_type": "stream-end", "finish_reason": "COMPLETE", "response": whole}),
    ];
    let expected = said()
        .input([Message::user("Hi")])
        .metadata_map(json!({"stream": true, "finish_reason": "COMPLETE", "citations": [{"start": 0, "end": 5, "sources": ["doc_0"]}]}))
        .output([Message::assistant("Grüße 🌍").tool_call(ToolCall::new("f", json!({"a": 1})).kind("function"))])
        .metric("input_tokens", 2)
        .metric("output_tokens", 3)
        .metric("total_tokens", 5);
    assert_eq!(hi().answer(200, &whole), expected);
    assert_eq!(hi().stream(LINES, &lines(&events)), expected);
    assert_eq!(hi().stream("text/event-stream", &sse(&events)), expected);
    // Who only listens to the end hears all of it.
    assert_eq!(hi().stream(LINES, &lines(&events[6..])), expected);
}

#[test]
fn failures_keep_what_came() {
    let events = [
        json!({"event_type": "text-generation", "text": "So far"}),
        json!({"event_type": "stream-end", "finish_reason": "ERROR_LIMIT", "error": "too long", "response": {"text": "So far"}}),
    ];
    let expected = said()
        .input([Message::user("Hi")])
        .metadata_map(json!({"stream": true, "finish_reason": "ERROR_LIMIT"}))
        .output([Message::assistant("So far")])
        .span_error(SpanError::new("too long").error_type("ERROR_LIMIT"));
    assert_eq!(hi().stream(LINES, &lines(&events)), expected);
    assert_eq!(hi().broken(LINES, &lines(&events[..1])).output, Some(vec![Message::assistant("So far")].into()));
}
