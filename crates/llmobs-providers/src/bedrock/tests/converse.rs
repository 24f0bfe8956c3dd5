//! `Converse` and `ConverseStream`.

use serde_json::{Value, json};

use super::{counted, exchange, said, tokens};
use crate::ResponseHead;
use crate::test_exchange::TestExchange;
use crate::test_frames::{AWS, aws, events};
use llmobs_model::{Annotation, Content, Message, SpanError, SpanKind, ToolCall, ToolDefinition, ToolResult};

const MODEL: &str = "eu.anthropic.claude-sonnet-4-20250514-v1:0";

fn request() -> Value {
    json!({"messages": [{"role": "user", "content": [{"text": "Greet me."}]}]})
}

fn asked() -> Annotation {
    said(SpanKind::Llm, MODEL).input([Message::user("Greet me.")])
}

fn answer(content: &Value, reason: &str, usage: &Value) -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason, "usage": usage, "metrics": {"latencyMs": 100},
    })
}

fn whole() -> TestExchange {
    exchange(MODEL, "converse", &request())
}

fn stream() -> TestExchange {
    exchange(MODEL, "converse-stream", &request())
}

#[test]
fn a_conversation_with_system_prompt_and_tools() {
    let schema = json!({"json": {"type": "object", "properties": {"city": {"type": "string"}}}});
    let request = json!({
        "system": [{"text": "Be brief. "}, {"text": "Be kind."}, {"cachePoint": {"type": "default"}}],
        "messages": [
            {"role": "user", "content": [{"text": "Weather "}, {"text": "in Oslo?"}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "There is a tool.", "signature": "c2ln"}}},
                {"text": "I look."},
                {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Oslo"}}},
                {"toolUse": {"toolUseId": "t2", "name": "time", "input": {}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t1", "content": [{"text": "rain "}, {"json": {"celsius": 8}}], "status": "success"}},
                {"toolResult": {"toolUseId": "t2", "content": [{"image": {"format": "png", "source": {"bytes": "iVBO"}}}]}},
            ]},
        ],
        "inferenceConfig": {"temperature": 0, "maxTokens": 64, "topP": 0.9, "stopSequences": ["x"]},
        "toolConfig": {"tools": [
            {"toolSpec": {"name": "weather", "description": "Weather", "inputSchema": schema}},
            {"cachePoint": {"type": "default"}},
            {"toolSpec": {"name": "time"}},
        ]},
        "requestMetadata": {"user": "u-1"}, "additionalModelRequestFields": {"top_k": 5},
    });
    let call = |name: &str, arguments: Value, id: &str| ToolCall::new(name, arguments).id(id).kind("toolUse");
    let result = |text: &str, id: &str| ToolResult::new(text).name("").id(id).kind("toolResult");
    let sent = exchange(MODEL, "converse", &request).annotate_request();
    let expected =
        said(SpanKind::Llm, MODEL)
            .metadata("temperature", 0)
            .metadata("max_tokens", 64)
            .input([
                Message::system("Be brief. Be kind."),
                Message::system("[Unsupported content type: cachePoint]"),
                Message::user("Weather in Oslo?"),
                Message::new("reasoning", "There is a tool."),
                Message::assistant("I look.")
                    .tool_call(call("weather", json!({"city": "Oslo"}), "t1"))
                    .tool_call(call("time", json!({}), "t2")),
                Message::user("")
                    .tool_result(result(r#"rain {"celsius":8}"#, "t1"))
                    .tool_result(result("[Unsupported content type: image]", "t2")),
            ])
            .tool_definitions([
                ToolDefinition::new("weather").description("Weather").schema(schema),
                ToolDefinition::new("time").description("").schema(json!({})),
            ]);
    assert_eq!(sent, expected);
}

#[test]
fn a_message_that_is_only_a_call_has_its_role() {
    let content = json!([{"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Oslo"}}}]);
    let said = whole().answered(
        ResponseHead::new(200),
        &answer(&content, "tool_use", &json!({"inputTokens": 5, "outputTokens": 2, "totalTokens": 7})),
    );
    let call = ToolCall::new("weather", json!({"city": "Oslo"})).id("t1").kind("toolUse");
    let expected = asked()
        .output([Message::assistant("").tool_call(call)])
        .metrics(tokens(5, 2))
        .metadata("stop_reason", "tool_use");
    let expected = expected.metadata("finish_reason", "tool_use");
    assert_eq!(said, expected);
}

#[test]
fn what_is_not_supported_is_a_message_of_its_own() {
    let messages = |content: Value| {
        let request = json!({"messages": [{"role": "user", "content": content}]});
        match exchange(MODEL, "converse", &request).annotate_request().input {
            Some(Content::Messages(messages)) => messages,
            other => panic!("{other:?}"),
        }
    };
    let marked = |kind: &str| Message::user(format!("[Unsupported content type: {kind}]"));
    let document = json!({"document": {"name": "d", "format": "pdf", "source": {"bytes": "JVBE"}}});
    for (content, expected) in [
        (json!([{"image": {"format": "png", "source": {"bytes": "iVBO"}}}]), vec![marked("image")]),
        (json!([document, {"text": "Read it."}]), vec![Message::user("Read it."), marked("document")]),
        (json!([{"guardContent": {"text": {"text": "Guarded.", "qualifiers": []}}}]), vec![Message::user("Guarded.")]),
        (json!([{"guardContent": {"image": {}}}]), vec![marked("guardContent")]),
        (json!([{"reasoningContent": {}}]), vec![marked("reasoningContent")]),
        (
            json!([{"reasoningContent": {"redactedContent": "RW5j"}}]),
            vec![Message::new("reasoning", "[redacted thinking]")],
        ),
        (json!([{"text": 7}]), vec![marked("text")]),
        (json!([7, {}]), vec![marked(""), marked("")]),
        (json!([]), vec![Message::user("")]),
        (json!("text"), vec![Message::user("")]),
    ] {
        assert_eq!(messages(content.clone()), expected, "{content}");
    }
}

#[test]
fn the_cached_tokens_are_parts_of_the_input() {
    let cached = |read: u64, write: u64| {
        [
            ("input_tokens", 1039),
            ("output_tokens", 264),
            ("total_tokens", 1303),
            ("cache_read_input_tokens", read),
            ("cache_write_input_tokens", write),
        ]
    };
    for (usage, expected) in [
        (
            json!({"inputTokens": 11, "outputTokens": 264, "totalTokens": 1303, "cacheReadInputTokens": 0, "cacheWriteInputTokens": 1028}),
            counted(cached(0, 1028)),
        ),
        (
            json!({"inputTokens": 11, "outputTokens": 264, "totalTokens": 1303, "cacheReadInputTokenCount": 1028, "cacheWriteInputTokenCount": 0}),
            counted(cached(1028, 0)),
        ),
        // Not said, and said without the cached ones.
        (json!({"inputTokens": 5, "outputTokens": 2}), tokens(5, 2)),
        (
            json!({"inputTokens": 5, "outputTokens": 2, "totalTokens": 7, "cacheReadInputTokens": 4}),
            counted([("input_tokens", 9), ("output_tokens", 2), ("total_tokens", 11), ("cache_read_input_tokens", 4)]),
        ),
        (json!({}), counted([])),
        (json!({"inputTokens": "5", "outputTokens": -1}), counted([("input_tokens", 5)])),
    ] {
        let said = whole().answered(ResponseHead::new(200), &answer(&json!([{"text": "x"}]), "end_turn", &usage));
        assert_eq!(said.metrics, expected, "{usage}");
    }
}

#[test]
fn an_answer_of_nothing_is_one_empty_message() {
    for body in
        [json!({}), json!(null), json!([]), json!({"output": {"message": {"role": "assistant", "content": []}}})]
    {
        assert_eq!(whole().answered(ResponseHead::new(200), &body), asked().output([Message::new("", "")]), "{body}");
    }
}

/// Events with all kinds of blocks, and the same in one piece.
#[expect(clippy::too_many_lines, reason = "a table")]
fn everything() -> (Vec<(&'static str, Value)>, Value) {
    let delta = |index: u64, delta: Value| {
        ("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta, "p": "abc"}))
    };
    let stop = |index: u64| ("contentBlockStop", json!({"contentBlockIndex": index}));
    let citation = json!({"title": "T", "location": {"documentChar": {"start": 0, "end": 4}}});
    let usage = json!({"inputTokens": 10, "outputTokens": 20, "totalTokens": 35, "cacheReadInputTokens": 5});
    let events = vec![
        ("messageStart", json!({"role": "assistant"})),
        delta(0, json!({"reasoningContent": {"text": "Once "}})),
        delta(0, json!({"reasoningContent": {"text": "more."}})),
        delta(0, json!({"reasoningContent": {"signature": "c2ln"}})),
        stop(0),
        delta(1, json!({"reasoningContent": {"redactedContent": "RW5j"}})),
        stop(1),
        delta(2, json!({"text": "Hello, "})),
        delta(2, json!({"text": "wörld 🦀.\n"})),
        stop(2),
        delta(3, json!({"text": " Cited."})),
        delta(3, json!({"citation": citation})),
        stop(3),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 4, "start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}}),
        ),
        delta(4, json!({"toolUse": {"input": ""}})),
        delta(4, json!({"toolUse": {"input": "{\"city\":"}})),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 5, "start": {"toolUse": {"toolUseId": "t2", "name": "time"}}}),
        ),
        delta(4, json!({"toolUse": {"input": "\"Tromsø\"}"}})),
        stop(4),
        stop(5),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 6, "start": {"toolResult": {"toolUseId": "t3", "type": "search"}}}),
        ),
        delta(6, json!({"toolResult": [{"text": "found"}]})),
        stop(6),
        ("messageStop", json!({"stopReason": "tool_use"})),
        ("metadata", json!({"usage": usage, "metrics": {"latencyMs": 7}})),
    ];
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Once more.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "RW5j"}},
        {"text": "Hello, wörld 🦀.\n"},
        {"citationsContent": {"content": [{"text": " Cited."}], "citations": [citation]}},
        {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Tromsø"}}},
        {"toolUse": {"toolUseId": "t2", "name": "time", "input": {}}},
        {"toolResult": {"toolUseId": "t3", "content": [{"text": "found"}]}},
    ]);
    (events, answer(&content, "tool_use", &usage))
}

#[test]
fn a_stream_says_what_the_whole_would_have_said() {
    let (all, body) = everything();
    let streamed = stream().stream(AWS, &events(&all).concat());
    assert_eq!(streamed, whole().answered(ResponseHead::new(200), &body));
    let call = |name: &str, arguments: Value, id: &str| ToolCall::new(name, arguments).id(id).kind("toolUse");
    let message = Message::assistant("Hello, wörld 🦀.\n Cited.")
        .tool_call(call("weather", json!({"city": "Tromsø"}), "t1"))
        .tool_call(call("time", json!({}), "t2"))
        .tool_result(ToolResult::new("found").name("").id("t3").kind("toolResult"));
    let expected = asked()
        .output([Message::new("reasoning", "Once more."), Message::new("reasoning", "[redacted thinking]"), message])
        .metrics(counted([
            ("input_tokens", 15),
            ("output_tokens", 20),
            ("total_tokens", 35),
            ("cache_read_input_tokens", 5),
        ]))
        .metadata("citations", json!([{"title": "T", "location": {"documentChar": {"start": 0, "end": 4}}}]))
        .metadata("stop_reason", "tool_use");
    let expected = expected.metadata("finish_reason", "tool_use");
    assert_eq!(streamed, expected);
}

#[test]
fn an_exception_in_the_middle_is_an_error_and_keeps_what_came() {
    let mut bytes = events(&[
        ("messageStart", json!({"role": "assistant"})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "Hel"}})),
    ])
    .concat();
    bytes.extend(aws(
        "exception",
        "modelStreamErrorException",
        &json!({"message": "The model failed.", "originalStatusCode": 500}),
    ));
    let error = SpanError::new("The model failed.").error_type("modelStreamErrorException");
    let expected = asked().output([Message::assistant("Hel")]).span_error(error);
    assert_eq!(stream().stream(AWS, &bytes), expected);
}

#[test]
fn a_stream_that_is_cut_says_what_came() {
    let frames = events(&[
        ("messageStart", json!({"role": "assistant"})),
        (
            "contentBlockStart",
            json!({"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t1", "name": "weather"}}}),
        ),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{\"city\": \"Os"}}})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": "lo\"}"}}})),
    ]);
    let cut = &frames.concat()[..frames.concat().len() - 5];
    let call = ToolCall::new("weather", json!({"value": "{\"city\": \"Os"})).id("t1").kind("toolUse");
    let expected = asked().output([Message::assistant("").tool_call(call)]);
    assert_eq!(stream().stream(AWS, cut), expected.clone());
    let error = SpanError::new("reset").error_type("io");
    assert_eq!(stream().broken(AWS, cut), expected.span_error(error));
}

#[test]
fn texts_without_a_beginning_and_events_that_lack_something_do_no_harm() {
    let text = ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "Hi"}}));
    assert_eq!(
        stream().stream(AWS, &events(std::slice::from_ref(&text)).concat()),
        asked().output([Message::new("", "Hi")])
    );
    for odd in [
        ("contentBlockStart", json!({})),
        ("contentBlockStart", json!({"contentBlockIndex": 3, "start": {"image": {"format": "png"}}})),
        ("contentBlockDelta", json!({"delta": null})),
        ("contentBlockStop", json!(null)),
        ("messageStop", json!({})),
        ("metadata", json!({"usage": null})),
        ("ofTomorrow", json!({"text": "x"})),
        ("", json!("no object")),
    ] {
        let said = stream().stream(AWS, &events(&[odd.clone(), text.clone()]).concat());
        assert_eq!(said, asked().output([Message::new("", "Hi")]), "{odd:?}");
    }
}

#[test]
fn the_first_token_is_the_first_content() {
    let start = ("messageStart", json!({"role": "assistant"}));
    let signature =
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "s"}}}));
    let first =
        |event: (&'static str, Value)| stream().first_token(AWS, &events(&[start.clone(), signature.clone(), event]));
    let delta = |delta: Value| ("contentBlockDelta", json!({"contentBlockIndex": 1, "delta": delta}));
    let call =
        ("contentBlockStart", json!({"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "t", "name": "n"}}}));
    assert_eq!(first(delta(json!({"text": "Hi"}))), Some(3.0));
    assert_eq!(first(delta(json!({"reasoningContent": {"text": "Hm"}}))), Some(3.0));
    assert_eq!(first(call), Some(3.0));
    assert_eq!(first(delta(json!({"text": ""}))), None);
    assert_eq!(first(("contentBlockStop", json!({"contentBlockIndex": 0}))), None);
}
