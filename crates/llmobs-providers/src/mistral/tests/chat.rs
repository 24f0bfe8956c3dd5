//! Chat completions: whole annotations.

use serde_json::json;

use crate::endpoint::{Api, Endpoint};
use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Message, SpanError, SpanKind, ToolCall, ToolDefinition, ToolResult};

const URL: &str = "https://api.mistral.ai/v1/chat/completions";

pub(super) fn said() -> Annotation {
    let said = Annotation::new().kind(SpanKind::Llm).name("mistralai.request").tag("integration", "mistralai");
    said.model_name("mistral-small").model_provider("mistral")
}

pub(super) fn hi() -> TestExchange {
    TestExchange::new(URL, &json!({"model": "mistral-small", "messages": [{"role": "user", "content": "Hi"}]}))
}

#[test]
fn a_plain_exchange_has_mistrals_settings() {
    let request = json!({
        "model": "mistral-small", "stream": false, "user": "u", "seed": 1, "temperature": 0, "random_seed": 7, "stop": null,
        "safe_prompt": false, "prompt_mode": "reasoning", "n": 2,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [{"type": "text", "text": "Name a river."}]},
            {"role": "assistant", "content": "The ", "prefix": true}]
    });
    let answer = json!({
        "id": "a", "object": "chat.completion", "model": "mistral-small",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Elbe.", "tool_calls": null}},
            {"index": 1, "finish_reason": "stop", "message": {"role": "assistant", "content": "Weser.", "tool_calls": null}}
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16, "prompt_tokens_details": {"cached_tokens": 8}}
    });
    let metadata =
        json!({"temperature": 0, "random_seed": 7, "safe_prompt": false, "prompt_mode": "reasoning", "n": 2});
    let expected = said()
        .input([Message::system("Be brief."), Message::user("Name a river."), Message::assistant("The ")])
        .metadata_map(metadata)
        .output([Message::assistant("Elbe."), Message::assistant("Weser.")])
        .metric("input_tokens", 12)
        .metric("output_tokens", 4)
        .metric("total_tokens", 16)
        .metric("cache_read_input_tokens", 8);
    let expected = expected.metadata("finish_reason", "stop");
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

/// Python leaves the answers of tools as text, and reads a count of the cache that is never there.
#[test]
fn tools_are_called_and_answer() {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let request = json!({
        "model": "mistral-small",
        "messages": [
            {"role": "user", "content": "Weather in Kiel?"},
            {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Kiel\"}"}}]},
            {"role": "tool", "name": "weather", "tool_call_id": "c1", "content": "grey"}
        ],
        "tools": [{"type": "function", "function": {"name": "weather", "description": "Weather of a city", "parameters": schema}}],
        "tool_choice": "any"
    });
    let answer = json!({"model": "mistral-small", "choices": [{"index": 0, "message": {"role": "assistant", "content": "",
        "tool_calls": [{"id": "c2", "function": {"name": "weather", "arguments": "{\"city\": \"Bonn\"}"}, "index": 0}]}}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3, "num_cached_tokens": 1}});
    let call = |city: &str, id: &str| ToolCall::new("weather", json!({"city": city})).id(id).kind("function");
    let result = ToolResult::new("grey").name("weather").id("c1").kind("tool_result");
    let said = TestExchange::new(URL, &request).answer(200, &answer);
    let expected = super::chat::said()
        .input([
            Message::user("Weather in Kiel?"),
            Message::assistant("").tool_call(call("Kiel", "c1")),
            Message::new("tool", "").tool_result(result),
        ])
        .tool_definitions([ToolDefinition::new("weather").description("Weather of a city").schema(schema)])
        .output([Message::assistant("").tool_call(call("Bonn", "c2"))])
        .metric("input_tokens", 2)
        .metric("output_tokens", 1)
        .metric("total_tokens", 3)
        .metric("cache_read_input_tokens", 1);
    assert_eq!(said, expected);
}

#[test]
fn thoughts_and_references_are_parts_of_the_content() {
    let request = json!({"model": "mistral-small", "messages": [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "A greeting."}]}, {"type": "text", "text": "Ho"}]},
        {"role": "user", "content": [{"type": "text", "text": "Read."}, {"type": "document_url", "document_url": "data:application/pdf;base64,AAAA"}]}
    ]});
    let answer = json!({"model": "mistral-small", "choices": [{"message": {"role": "assistant", "content": [
        {"type": "thinking", "thinking": [{"type": "text", "text": "I "}, {"type": "text", "text": "read."}]},
        {"type": "text", "text": "It says "}, {"type": "reference", "reference_ids": [0]}, {"type": "text", "text": "ho."}
    ]}}]});
    let expected = said()
        .input([
            Message::user("Hi"),
            Message::new("reasoning", "A greeting."),
            Message::assistant("Ho"),
            Message::user("Read.\n[document_url]"),
        ])
        .output([Message::new("reasoning", "I read."), Message::assistant("It says ho.")]);
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn errors_are_of_two_shapes() {
    let expected = |message: &str, kind: &str| {
        let error = SpanError::new(message).error_type(kind);
        said().input([Message::user("Hi")]).output(Message::assistant("")).span_error(error)
    };
    let refused = json!({"object": "error", "message": "Invalid model: x", "type": "invalid_model", "param": null, "code": "1500", "raw_status_code": 400});
    assert_eq!(hi().answer(400, &refused), expected("Invalid model: x", "invalid_model"));
    assert_eq!(hi().answer(401, &json!({"detail": "Invalid API Key"})), expected("Invalid API Key", "HTTP 401"));
}

#[test]
fn only_mistrals_host_is_taken_for_mistral() {
    for (path, api) in [
        ("chat/completions", Api::MistralChat),
        ("agents/completions", Api::MistralChat),
        ("embeddings", Api::MistralEmbeddings),
    ] {
        let endpoint = Endpoint::recognise("POST", &format!("https://api.mistral.ai/v1/{path}")).unwrap();
        assert_eq!((endpoint.api(), endpoint.provider()), (api, "mistral"), "{path}");
    }
    let vertex = "https://x-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/mistralai/models/codestral";
    for (verb, is_streamed) in [("rawPredict", false), ("streamRawPredict", true)] {
        let endpoint = Endpoint::recognise("POST", &format!("{vertex}:{verb}")).unwrap();
        assert_eq!((endpoint.api(), endpoint.is_streamed), (Api::MistralChat, is_streamed), "{verb}");
        assert_eq!(endpoint.model.as_deref(), Some("codestral"));
    }
    let own = Endpoint::recognise_for("mistral", "POST", "http://gateway:8000/v1/chat/completions").unwrap();
    assert_eq!((own.api(), own.provider()), (Api::MistralChat, "mistral"));
    let other = Endpoint::recognise("POST", "https://mistral.example/v1/chat/completions").unwrap();
    assert_eq!(other.api(), Api::OpenAiChat);
    assert_eq!(Endpoint::recognise("POST", "https://api.mistral.ai/v1/fim/completions"), None);
}
