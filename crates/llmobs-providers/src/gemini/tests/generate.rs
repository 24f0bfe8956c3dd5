//! `generateContent`: whole annotations.

use serde_json::{Map, Value, json};

use crate::test_exchange::TestExchange;
use llmobs_model::{Annotation, Message, SpanError, SpanKind, ToolCall, ToolDefinition, ToolResult};

const URL: &str =
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent?key=test-key";

/// The annotation of every call of this URL.
pub(super) fn said(model: &str) -> Annotation {
    let said = Annotation::new().kind(SpanKind::Llm).name("google_genai.request").tag("integration", "google_genai");
    said.model_name(model).model_provider("google")
}

/// The metadata of a request with a configuration: all that can be configured.
pub(super) fn configured(given: &Value) -> Map<String, Value> {
    let names = "temperature top_p top_k candidate_count max_output_tokens stop_sequences response_logprobs logprobs \
                 presence_penalty frequency_penalty seed response_mime_type safety_settings automatic_function_calling";
    names.split_whitespace().map(|name| (name.to_owned(), given.get(name).cloned().unwrap_or_default())).collect()
}

#[test]
fn a_plain_exchange() {
    let exchange =
        TestExchange::new(URL, &json!({"contents": [{"role": "user", "parts": [{"text": "Name a river."}]}]}));
    let answer = json!({
        "candidates": [{"content": {"parts": [{"text": "The Elbe."}], "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 3, "totalTokenCount": 8},
        "modelVersion": "gemini-2.5-flash-001", "responseId": "r1"
    });
    let expected = said("gemini-2.5-flash-001")
        .input(Message::user("Name a river."))
        .output(Message::assistant("The Elbe."))
        .metric("input_tokens", 5)
        .metric("output_tokens", 3)
        .metric("total_tokens", 8);
    let expected = expected.metadata("finish_reason", "STOP");
    assert_eq!(exchange.answer(200, &answer), expected);
}

#[test]
fn the_system_instruction_comes_first_and_a_chat_is_its_turns() {
    let request = json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}], "role": "user"},
        "contents": [
            {"role": "user", "parts": [{"text": "Hi."}]},
            {"role": "model", "parts": [{"text": "Hello."}]},
            {"parts": [{"text": "Who are you?"}]}
        ],
        "generationConfig": {"temperature": 0, "topK": 3, "maxOutputTokens": 20, "stopSequences": ["."], "seed": 7,
            "responseMimeType": "text/plain", "thinkingConfig": {"thinkingBudget": 0}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    });
    let answer = json!({"candidates": [{"content": {"parts": [{"text": "A model."}], "role": "model"}}]});
    let metadata = json!({
        "temperature": 0, "top_k": 3, "max_output_tokens": 20, "stop_sequences": ["."], "seed": 7,
        "response_mime_type": "text/plain",
        "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    });
    let expected = said("gemini-2.5-flash")
        .input([
            Message::system("Be brief."),
            Message::user("Hi."),
            Message::assistant("Hello."),
            Message::user("Who are you?"),
        ])
        .metadata_map(configured(&metadata))
        .output(Message::assistant("A model."));
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn tools_are_called_and_answer() {
    let schema = json!({"type": "OBJECT", "properties": {"city": {"type": "STRING"}}});
    let request = json!({
        "contents": [
            {"role": "user", "parts": [{"text": "Weather in Kiel?"}]},
            {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Kiel"}}, "thoughtSignature": "s"}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "weather", "response": {"sky": "grey"}}}]}
        ],
        "tools": [
            {"functionDeclarations": [{"name": "weather", "description": "Weather of a city", "parameters": schema}]},
            {"functionDeclarations": [{"name": "time", "parametersJsonSchema": {"type": "object"}}]},
            {"googleSearch": {}}
        ]
    });
    let answer = json!({"candidates": [{"content": {"role": "model", "parts": [
        {"text": "Let me see."}, {"functionCall": {"name": "time", "args": {}}}
    ]}, "finishReason": "STOP"}]});
    let call = ToolCall::new("weather", json!({"city": "Kiel"})).id("c1").kind("function_call");
    let result = ToolResult::new(r#"{"sky":"grey"}"#).name("weather").id("c1").kind("function_response");
    let expected = said("gemini-2.5-flash")
        .input([
            Message::user("Weather in Kiel?"),
            Message::assistant("").tool_call(call),
            Message::user("").tool_result(result),
        ])
        .tool_definitions([
            ToolDefinition::new("weather").description("Weather of a city").schema(schema),
            ToolDefinition::new("time").description("").schema(json!({"type": "object"})),
        ])
        .output([
            Message::assistant("Let me see."),
            Message::assistant("").tool_call(ToolCall::new("time", json!({})).id("").kind("function_call")),
        ]);
    let expected = expected.metadata("finish_reason", "STOP");
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

/// Four parts are four messages, a thought is told apart, and tokens of tools that Google runs belong to the input.
#[test]
fn code_is_run_and_thoughts_are_told_apart() {
    let request = json!({"contents": "What is 7 * 6?", "tools": [{"codeExecution": {}}], "generationConfig": {}});
    let answer = json!({
        "candidates": [{"content": {"role": "model", "parts": [
            {"text": "Multiply.", "thought": true},
            {"executableCode": {"language": "PYTHON", "code": "print(7 * 6)"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}},
            {"text": "It is 42."}
        ]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 20, "toolUsePromptTokenCount": 30, "candidatesTokenCount": 10,
            "thoughtsTokenCount": 5, "cachedContentTokenCount": 8, "totalTokenCount": 65}
    });
    let expected = said("gemini-2.5-flash")
        .input(Message::user("What is 7 * 6?"))
        .metadata_map(configured(&json!({})))
        .output([
            Message::new("reasoning", "Multiply."),
            Message::assistant(r#"{"code":"print(7 * 6)","language":"PYTHON"}"#),
            Message::assistant(r#"{"outcome":"OUTCOME_OK","output":"42\n"}"#),
            Message::assistant("It is 42."),
        ])
        .metric("input_tokens", 50)
        .metric("output_tokens", 15)
        .metric("total_tokens", 65)
        .metric("cache_read_input_tokens", 8)
        .metric("reasoning_output_tokens", 5);
    let expected = expected.metadata("finish_reason", "STOP");
    assert_eq!(TestExchange::new(URL, &request).answer(200, &answer), expected);
}

#[test]
fn a_prompt_that_is_blocked_says_why() {
    let exchange = TestExchange::new(URL, &json!({"contents": {"parts": {"text": "Something bad."}}}));
    let answer = json!({
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}
    });
    let expected = said("gemini-2.5-flash")
        .input(Message::user("Something bad."))
        .output(Message::assistant(""))
        .metadata("block_reason", "PROHIBITED_CONTENT")
        .metadata("finish_reason", "PROHIBITED_CONTENT")
        .metric("input_tokens", 4)
        .metric("total_tokens", 4);
    assert_eq!(exchange.answer(200, &answer), expected);
}

#[test]
fn an_answer_that_is_held_back_says_why() {
    let exchange = TestExchange::new(URL, &json!({"contents": "Sing it."}));
    let answer = json!({"candidates": [
        {"content": {"parts": [{"text": "La"}], "role": "model"}, "finishReason": "MAX_TOKENS", "index": 0},
        {"finishReason": "RECITATION", "index": 1}
    ]});
    let expected = said("gemini-2.5-flash")
        .input(Message::user("Sing it."))
        .output(Message::assistant("La"))
        .metadata("finish_reason", ["MAX_TOKENS", "RECITATION"]);
    assert_eq!(exchange.answer(200, &answer), expected);
}

#[test]
fn an_error_is_its_status() {
    let exchange = TestExchange::new(URL, &json!({"contents": "Hi", "generationConfig": {"topP": 2}}));
    let error = json!({"error": {"code": 400, "message": "Out of range.", "status": "INVALID_ARGUMENT"}});
    let expected = said("gemini-2.5-flash")
        .input(Message::user("Hi"))
        .metadata_map(configured(&json!({"top_p": 2})))
        .output(Message::assistant(""))
        .span_error(SpanError::new("Out of range.").error_type("INVALID_ARGUMENT"));
    assert_eq!(exchange.answer(400, &error), expected);
    // A stream as an array begins with the error.
    assert_eq!(exchange.answer(400, &json!([error])), expected);
}

#[test]
fn an_error_may_come_with_a_good_status() {
    let answer = json!({"candidates": [{"content": {"parts": [{"text": "So f"}]}}], "error": {"code": 500, "message": "Gone.", "status": "INTERNAL"}});
    let expected = said("gemini-2.5-flash").input(vec![Message::user("Hi")]).output(vec![Message::assistant("So f")]);
    let expected = expected.span_error(SpanError::new("Gone.").error_type("INTERNAL"));
    assert_eq!(TestExchange::new(URL, &json!({"contents": "Hi"})).answer(200, &answer), expected);
}

/// The old SDK of Vertex AI had another shape for each of these; there is one for both hosts.
#[test]
fn vertex_says_what_gemini_says_but_for_the_integration() {
    let vertex = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:generateContent";
    let request = json!({
        "system_instruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "model", "parts": [{"text": "Ask."}, {"functionCall": {"name": "f", "args": {"a": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"b": 2}}}, {"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]}
        ],
        "generation_config": {"temperature": 0, "max_output_tokens": 0}
    });
    let part = |parts: Value| json!({"candidates": [{"content": {"role": "model", "parts": parts}}]});
    for answer in [
        part(json!([{"text": "a"}])),
        part(json!([{"text": "a", "thought": true}, {"functionCall": {"name": "f", "args": {}}}, {"text": "b"}])),
        json!({"promptFeedback": {"blockReason": "SAFETY"}}),
        json!({"usageMetadata": {"promptTokenCount": 1}}),
        json!({"error": {"code": 429, "message": "Too many.", "status": "RESOURCE_EXHAUSTED"}}),
        json!(null),
    ] {
        for status in [200, 429] {
            let gemini = TestExchange::new(URL, &request).answer(status, &answer);
            let expected = gemini.tag("integration", "vertexai");
            assert_eq!(TestExchange::new(vertex, &request).answer(status, &answer), expected, "{status} {answer}");
        }
    }
}

#[test]
fn vertex_is_the_same_in_its_own_name() {
    let url = "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/publishers/google/models/gemini-2.5-pro:generateContent";
    let exchange = TestExchange::new(url, &json!({"contents": {"role": "user", "parts": {"text": "Hi"}}}));
    let answer = json!({
        "candidates": [{"content": {"role": "model", "parts": [{"text": "Ho"}]}, "finishReason": "STOP", "avgLogprobs": -0.1}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2, "trafficType": "ON_DEMAND"}
    });
    let expected = said("gemini-2.5-pro")
        .tag("integration", "vertexai")
        .input(Message::user("Hi"))
        .output(Message::assistant("Ho"))
        .metric("input_tokens", 1)
        .metric("output_tokens", 1)
        .metric("total_tokens", 2);
    let expected = expected.metadata("finish_reason", "STOP");
    assert_eq!(exchange.answer(200, &answer), expected);
}
