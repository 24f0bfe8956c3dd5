//! `/v2/chat`: whole annotations.

use serde_json::json;

use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Media, Message, SpanError, SpanKind, ToolCall, ToolDefinition, ToolResult};

pub(super) const URL: &str = "https://api.cohere.com/v2/chat";

pub(super) fn said() -> Annotation {
    let said = Annotation::new().kind(SpanKind::Llm).name("cohere.request").tag("integration", "cohere");
    said.model_name("command-a").model_provider("cohere")
}

pub(super) fn hi() -> TestExchange {
    TestExchange::new(URL, &json!({"model": "command-a", "messages": [{"role": "user", "content": "Hi"}]}))
}

#[test]
fn a_plain_exchange_counts_what_the_model_saw() {
    let request = json!({
        "model": "command-a", "stream": false, "temperature": 0, "max_tokens": 20, "k": 3, "p": 0.5, "seed": null, "x_own": 1,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Name a river."}]}]
    });
    let answer = json!({
        "id": "a1", "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "The Elbe."}]},
        "usage": {"billed_units": {"input_tokens": 5, "output_tokens": 3}, "tokens": {"input_tokens": 70, "output_tokens": 6}, "cached_tokens": 64}
    });
    let expected = said()
        .input([Message::system("Be brief."), Message::user("Name a river.")])
        .metadata_map(
            json!({"stream": false, "temperature": 0, "max_tokens": 20, "k": 3, "p": 0.5, "finish_reason": "COMPLETE"}),
        )
        .output([Message::assistant("The Elbe.")])
        .metric("input_tokens", 70)
        .metric("output_tokens", 6)
        .metric("total_tokens", 76)
        .metric("cache_read_input_tokens", 64);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn tools_are_planned_called_and_answer() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let request = json!({
        "model": "command-a",
        "messages": [
            {"role": "user", "content": "Weather in Kiel?"},
            {"role": "assistant", "tool_plan": "I will look.", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Kiel\"}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "document", "document": {"data": {"sky": "grey"}}}, {"type": "text", "text": "8 degrees"}]}
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "Weather of a city", "parameters": schema}}],
        "tool_choice": "REQUIRED"
    });
    let answer = json!({
        "finish_reason": "TOOL_CALL",
        "message": {"role": "assistant", "tool_plan": "Once more.", "tool_calls": [
            {"id": "c2", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Bonn\"}"}}]},
        "usage": {"billed_units": {"input_tokens": 9.0, "output_tokens": 4.0}}
    });
    let call = |city: &str, id: &str| ToolCall::new("weather", json!({"city": city})).id(id).kind("function");
    let result = ToolResult::new("grey\n8 degrees").name("").id("c1").kind("tool_result");
    let expected = said()
        .input([
            Message::user("Weather in Kiel?"),
            Message::new("reasoning", "I will look."),
            Message::assistant("").tool_call(call("Kiel", "c1")),
            Message::new("tool", "").tool_result(result),
        ])
        .metadata_map(json!({"tool_choice": "REQUIRED", "finish_reason": "TOOL_CALL"}))
        .tool_definitions([ToolDefinition::new("weather").description("Weather of a city").schema(schema)])
        .output([Message::new("reasoning", "Once more."), Message::assistant("").tool_call(call("Bonn", "c2"))])
        .metric("input_tokens", 9)
        .metric("output_tokens", 4)
        .metric("total_tokens", 13);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn documents_are_messages_and_citations_name_them() {
    let request = json!({
        "model": "command-a", "messages": [{"role": "user", "content": "Which dock?"}],
        "documents": ["Dock One is closed.", {"id": "d2", "data": {"text": "Dock Two is open."}}, {"data": {"dock": "three", "state": "open"}}]
    });
    let answer = json!({
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Dock Two."}], "citations": [
            {"start": 0, "end": 8, "text": "Dock Two", "type": "TEXT_CONTENT", "sources": [{"type": "document", "id": "d2", "document": {"text": "Dock Two is open."}}]}
        ]}
    });
    let expected = said()
        .input([
            Message::new("document", "Dock One is closed."),
            Message::new("document", "Dock Two is open."),
            Message::new("document", r#"{"dock":"three","state":"open"}"#),
            Message::user("Which dock?"),
        ])
        .metadata_map(json!({"finish_reason": "COMPLETE", "citations": [{"start": 0, "end": 8, "sources": ["d2"]}]}))
        .output([Message::assistant("Dock Two.")]);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn thoughts_and_pictures_are_told_apart_from_text() {
    let request = json!({"model": "command-a", "thinking": {"type": "enabled"}, "messages": [{"role": "user", "content": [
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}
    ]}]});
    let answer = json!({
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "thinking", "thinking": "Whiskers."}, {"type": "text", "text": "A cat."}]},
        "usage": {"tokens": {"input_tokens": 3, "output_tokens": 9, "reasoning_tokens": 5}}
    });
    let expected = said()
        .input([Message::user("What is it?\n[image]").image(Media::base64("image/png", "AAAA"))])
        .metadata_map(json!({"thinking": {"type": "enabled"}, "finish_reason": "COMPLETE"}))
        .output([Message::new("reasoning", "Whiskers."), Message::assistant("A cat.")])
        .metric("input_tokens", 3)
        .metric("output_tokens", 9)
        .metric("total_tokens", 12)
        .metric("reasoning_output_tokens", 5);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn errors_are_a_status_or_an_end() {
    let expected = |error: SpanError| said().input([Message::user("Hi")]).span_error(error);
    let refused = SpanError::new("model 'command-a' not found").error_type("HTTP 404");
    assert_eq!(
        hi().answer(404, &json!({"id": "x", "message": "model 'command-a' not found"})),
        expected(refused).output(Message::new("", ""))
    );
    let ended = json!({"finish_reason": "ERROR", "message": {"role": "assistant", "content": [{"type": "text", "text": "So f"}]}});
    let expected = expected(SpanError::new("").error_type("ERROR")).output([Message::assistant("So f")]);
    assert_eq!(hi().answer(200, &ended), expected.metadata("finish_reason", "ERROR"));
}

#[test]
fn nonsense_does_no_harm() {
    for nonsense in
        [json!(null), json!([1]), json!({"messages": 7, "message": 3}), json!({"messages": [null], "text": 3})]
    {
        let said = TestExchange::new(URL, &nonsense).answer(200, &nonsense);
        assert_eq!(said.output, Some(vec![Message::assistant("")].into()), "{nonsense}");
    }
    let odd = json!({"message": {"content": [7, {"type": "x"}], "tool_calls": [7], "citations": [7]}, "usage": {"tokens": {"input_tokens": -1}}});
    assert!(hi().answer(200, &odd).metrics.is_empty());
}
