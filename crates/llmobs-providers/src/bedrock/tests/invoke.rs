//! `InvokeModel` of the families whose bodies are those of another API, whole and streamed.

use serde_json::{Value, json};

use super::{counted, exchange, said, tokens};
use crate::test_frames::{AWS, aws, chunks};
use crate::{Ending, ResponseHead};
use llmobs_model::{Annotation, Message, SpanError, SpanKind, ToolCall, ToolDefinition, ToolResult};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-20250514-v1:0";

fn claude() -> (Value, Annotation) {
    let request = json!({
        "anthropic_version": "bedrock-2023-05-31", "max_tokens": 64, "temperature": 0.0, "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "rain"}]},
        ],
        "tools": [{"name": "weather", "description": "Weather", "input_schema": {"type": "object"}}],
    });
    let call = ToolCall::new("weather", json!({"city": "Oslo"})).id("t1").kind("tool_use");
    let asked = said(SpanKind::Llm, CLAUDE)
        .metadata("max_tokens", 64)
        .metadata("temperature", 0.0)
        .input([
            Message::system("Be brief."),
            Message::user("Weather?"),
            Message::assistant("").tool_call(call),
            Message::user("").tool_result(ToolResult::new("rain").name("").id("t1").kind("tool_result")),
        ])
        .tool_definitions([ToolDefinition::new("weather").description("Weather").schema(json!({"type": "object"}))]);
    (request, asked)
}

#[test]
fn claude_is_read_as_at_anthropic_but_named_as_bedrock_does() {
    let (request, asked) = claude();
    let body = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-20250514",
        "content": [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, {"type": "text", "text": "Rain."}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 20, "output_tokens": 4},
    });
    let expected = asked.output([Message::new("reasoning", "Hm."), Message::assistant("Rain.")]);
    let exchange = exchange(CLAUDE, "invoke", &request);
    assert_eq!(
        exchange.answered(ResponseHead::new(200), &body),
        expected.clone().metrics(tokens(20, 4)).metadata("finish_reason", "end_turn")
    );
    // What the body does not count, the headers do.
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("input-token-count", "20"),
        ("output-token-count", "4"),
        ("cache-read-input-token-count", "5"),
        ("cache-write-input-token-count", "0"),
    ] {
        let name = http::HeaderName::try_from(format!("x-amzn-bedrock-{name}")).unwrap();
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    let counts = counted([
        ("input_tokens", 25),
        ("output_tokens", 4),
        ("total_tokens", 29),
        ("cache_read_input_tokens", 5),
        ("cache_write_input_tokens", 0),
    ]);
    assert_eq!(
        exchange.answered(ResponseHead::new(200).headers(&headers), &body),
        expected.metrics(counts).metadata("finish_reason", "end_turn")
    );
}

#[test]
fn a_stream_of_claude_says_what_the_whole_would_have_said() {
    let (request, asked) = claude();
    let events = [
        json!({"type": "message_start", "message": {"role": "assistant", "content": [], "usage": {"input_tokens": 20, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ra"}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "in."}}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}),
        json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 20, "outputTokenCount": 4,
            "cacheReadInputTokenCount": 5, "cacheWriteInputTokenCount": 0, "firstByteLatency": 3}}),
    ];
    let counts = counted([
        ("input_tokens", 25),
        ("output_tokens", 4),
        ("total_tokens", 29),
        ("cache_read_input_tokens", 5),
        ("cache_write_input_tokens", 0),
    ]);
    let exchange = exchange(CLAUDE, "invoke-with-response-stream", &request);
    let expected = asked.output([Message::assistant("Rain.")]).metrics(counts);
    let expected = expected.metadata("finish_reason", "end_turn");
    assert_eq!(exchange.stream(AWS, &chunks(&events).concat()), expected);
    assert_eq!(exchange.first_token(AWS, &chunks(&events)), Some(3.0));
}

fn nova() -> (Value, Annotation) {
    let request = json!({
        "schemaVersion": "messages-v1",
        "system": [{"text": "Be brief."}],
        "messages": [{"role": "user", "content": [{"text": "Weather in Oslo?"}]}],
        "inferenceConfig": {"max_new_tokens": 64, "temperature": 0, "topK": 20},
        "toolConfig": {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object"}}}}]},
    });
    let tool = ToolDefinition::new("weather").description("").schema(json!({"json": {"type": "object"}}));
    let asked = said(SpanKind::Llm, "amazon.nova-pro-v1:0")
        .input([Message::system("Be brief."), Message::user("Weather in Oslo?")])
        .tool_definitions([tool])
        .metadata("temperature", 0)
        .metadata("max_tokens", 64);
    (request, asked)
}

#[test]
fn a_stream_of_nova_says_what_the_whole_would_have_said() {
    let (request, asked) = nova();
    let usage =
        json!({"inputTokens": 13, "outputTokens": 8, "cacheReadInputTokenCount": 2, "cacheWriteInputTokenCount": 0});
    let content =
        json!([{"text": "I look."}, {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Oslo"}}}]);
    let body = json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": "tool_use", "usage": usage});
    let events = [
        json!({"messageStart": {"role": "assistant"}}),
        json!({"contentBlockDelta": {"delta": {"text": "I "}, "contentBlockIndex": 0}}),
        json!({"contentBlockStop": {"contentBlockIndex": 0}}),
        json!({"contentBlockDelta": {"delta": {"text": "look."}, "contentBlockIndex": 1}}),
        json!({"contentBlockStart": {"start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}, "contentBlockIndex": 2}}),
        json!({"contentBlockDelta": {"delta": {"toolUse": {"input": "{\"city\":\"Oslo\"}"}}, "contentBlockIndex": 2}}),
        json!({"messageStop": {"stopReason": "tool_use"}}),
        json!({"metadata": {"usage": usage, "metrics": {}}, "amazon-bedrock-invocationMetrics": {"inputTokenCount": 13, "outputTokenCount": 8}}),
    ];
    let call = ToolCall::new("weather", json!({"city": "Oslo"})).id("t1").kind("toolUse");
    let expected = asked.output([Message::assistant("I look.").tool_call(call)]).metrics(counted([
        ("input_tokens", 15),
        ("output_tokens", 8),
        ("total_tokens", 23),
        ("cache_read_input_tokens", 2),
        ("cache_write_input_tokens", 0),
    ]));
    let model = "amazon.nova-pro-v1:0";
    let expected = expected.metadata("finish_reason", "tool_use");
    assert_eq!(exchange(model, "invoke", &request).answered(ResponseHead::new(200), &body), expected);
    let streamed = exchange(model, "invoke-with-response-stream", &request).stream(AWS, &chunks(&events).concat());
    assert_eq!(streamed, expected);
}

#[test]
fn chat_completions_of_many_families_are_read_as_those_of_openai() {
    let request = json!({
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Weather?"}],
        "max_tokens": 64, "temperature": 0.5, "top_p": 1.0, "n": 1,
        "tools": [{"type": "function", "function": {"name": "weather", "description": "Weather", "parameters": {"type": "object"}}}],
    });
    let call =
        json!({"id": "t1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}});
    let usage = json!({"prompt_tokens": 17, "completion_tokens": 8, "total_tokens": 25});
    let body = json!({"id": "x", "model": "own-name", "usage": usage, "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "I look.", "tool_calls": [call]}, "finish_reason": "tool_calls"},
    ]});
    // Mistral calls the pieces `message`, Jamba and others `delta`.
    let stream = |piece: &str| {
        [
            json!({"choices": [{"index": 0, piece: {"role": "assistant", "content": ""}}], "usage": {"prompt_tokens": 17, "completion_tokens": 0}}),
            json!({"choices": [{"index": 0, piece: {"content": "I "}}]}),
            json!({"choices": [{"index": 0, piece: {"content": "look."}}]}),
            json!({"choices": [{"index": 0, piece: {"tool_calls": [
                {"index": 0, "id": "t1", "type": "function", "function": {"name": "weather", "arguments": "{\"city\": \"Oslo\"}"}}]}}]}),
            json!({"choices": [{"index": 0, piece: {}, "finish_reason": "stop"}], "usage": usage}),
            json!({"amazon-bedrock-invocationMetrics": {"inputTokenCount": 17, "outputTokenCount": 8}}),
        ]
    };
    for (model, piece) in [
        ("ai21.jamba-1-5-mini-v1:0", "delta"),
        ("mistral.mistral-large-2407-v1:0", "message"),
        ("us.deepseek.v3-v1:0", "delta"),
        ("openai.gpt-oss-120b-1:0", "delta"),
        ("arn:aws:bedrock:us-east-1:000000000000:imported-model/qwen3abc", "delta"),
    ] {
        let call = ToolCall::new("weather", json!({"city": "Oslo"})).id("t1").kind("function");
        let tool = ToolDefinition::new("weather").description("Weather").schema(json!({"type": "object"}));
        let expected = said(SpanKind::Llm, model)
            .input([Message::system("Be brief."), Message::user("Weather?")])
            .tool_definitions([tool])
            .metadata("temperature", 0.5)
            .metadata("max_tokens", 64)
            .output([Message::assistant("I look.").tool_call(call)])
            .metrics(tokens(17, 8));
        let expected = expected.metadata("finish_reason", "tool_calls");
        assert_eq!(exchange(model, "invoke", &request).answered(ResponseHead::new(200), &body), expected, "{model}");
        let streamed =
            exchange(model, "invoke-with-response-stream", &request).stream(AWS, &chunks(&stream(piece)).concat());
        assert_eq!(streamed, expected.metadata("finish_reason", "stop"), "{model}");
    }
}

#[test]
fn an_exception_and_a_cut_keep_what_came() {
    let (request, asked) = claude();
    let events = [
        json!({"type": "message_start", "message": {"role": "assistant", "usage": {"input_tokens": 20, "output_tokens": 1}}}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ra"}}),
    ];
    let exchange = exchange(CLAUDE, "invoke-with-response-stream", &request);
    let expected = asked.output([Message::assistant("Ra")]).metrics(counted([("input_tokens", 20)]));
    let mut bytes = chunks(&events).concat();
    let io = SpanError::new("reset").error_type("io");
    assert_eq!(exchange.broken(AWS, &bytes), expected.clone().span_error(io));
    bytes.extend(aws("exception", "throttlingException", &json!({"message": "Too many tokens."})));
    let throttled = SpanError::new("Too many tokens.").error_type("throttlingException");
    assert_eq!(exchange.stream(AWS, &bytes), expected.span_error(throttled));
}

#[test]
fn frames_that_cannot_be_read_are_passed_over() {
    let request = json!({"prompt": "Hi"});
    let mut bytes = Vec::new();
    for payload in [
        json!({"bytes": "no base64!"}),
        json!({"bytes": "bm8ganNvbg=="}),
        json!({"bytes": 7}),
        json!({}),
        json!(7),
        json!({"bytes": ""}),
    ] {
        bytes.extend(aws("event", "chunk", &payload));
    }
    bytes.extend(chunks(&[json!({"generation": "Hi."})]).concat());
    let said = exchange("meta.llama3-8b-instruct-v1:0", "invoke-with-response-stream", &request).stream(AWS, &bytes);
    assert_eq!(said.output, Some([Message::new("", "Hi.")].into()));
}

#[test]
fn a_call_that_never_got_an_answer_says_what_was_asked() {
    let (request, asked) = claude();
    let endpoint = crate::Endpoint::recognise("POST", &format!("http://127.0.0.1:1/model/{CLAUDE}/invoke")).unwrap();
    let call = crate::Call::new(endpoint, request.to_string());
    let error = SpanError::new("refused").error_type("io");
    assert_eq!(call.annotate_failure(error.clone()), asked.clone().output(Message::new("", "")).span_error(error));
    let empty = call.begin_response(ResponseHead::new(200)).finish(Ending::Dropped);
    assert_eq!(empty, asked.output([Message::new("", "")]));
}
