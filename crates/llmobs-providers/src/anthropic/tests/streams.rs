//! Streams say what the whole answer would have said.

use serde_json::{Value, json};

use super::{URL, counted, said};
use crate::ResponseHead;
use crate::anthropic::MessageAssembler;
use crate::codec::{Frame, StreamAssembler as _};
use crate::test_exchange::TestExchange;
use crate::test_frames::{SSE, sse};
use llmobs_model::{Annotation, Message, SpanError, ToolCall};

fn exchange() -> TestExchange {
    TestExchange::new(
        URL,
        &json!({"model": "m", "stream": true, "messages": [{"role": "user", "content": "Greet me."}]}),
    )
}

fn asked() -> Annotation {
    said("m").input(Message::user("Greet me."))
}

fn start(usage: &Value) -> Value {
    json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "content": [], "stop_reason": null, "usage": usage,
    }})
}

fn block(index: u64, block: &Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u64, delta: &Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn text(index: u64, text: &str) -> Value {
    delta(index, &json!({"type": "text_delta", "text": text}))
}

fn input(index: u64, json: &str) -> Value {
    delta(index, &json!({"type": "input_json_delta", "partial_json": json}))
}

fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn end(usage: &Value) -> [Value; 2] {
    let delta = json!({"stop_reason": "end_turn", "stop_sequence": null});
    [json!({"type": "message_delta", "delta": delta, "usage": usage}), json!({"type": "message_stop"})]
}

/// A conversation with all kinds of blocks, and the same in one piece.
fn everything() -> (Vec<Value>, Value) {
    let usage = json!({"input_tokens": 4, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 6, "output_tokens": 1,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, "service_tier": "standard"});
    let found = json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [
        {"type": "web_search_result", "url": "https://example.com", "title": "Ä"},
    ]});
    let citation = json!({"type": "web_search_result_location", "url": "https://example.com", "cited_text": "Ä"});
    let mut events = vec![
        start(&usage),
        json!({"type": "ping"}),
        block(0, &json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, &json!({"type": "thinking_delta", "thinking": "Once "})),
        delta(0, &json!({"type": "thinking_delta", "thinking": "more."})),
        delta(0, &json!({"type": "signature_delta", "signature": "c2ln"})),
        stop(0),
        block(1, &json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}})),
        input(1, ""),
        input(1, r#"{"query": "gr"#),
        input(1, r#"üße"}"#),
        stop(1),
        block(2, &found),
        stop(2),
        block(3, &json!({"type": "text", "text": "", "citations": []})),
        delta(3, &json!({"type": "citations_delta", "citation": citation})),
        text(3, "Hello, "),
        text(3, "wörld 🦀.\n"),
        stop(3),
        block(4, &json!({"type": "tool_use", "id": "toolu_1", "name": "wave", "input": {}})),
        stop(4),
    ];
    events.extend(end(&json!({"output_tokens": 15, "input_tokens": 9})));
    let whole = json!({
        "type": "message", "role": "assistant", "model": "m-1",
        "content": [
            {"type": "thinking", "thinking": "Once more.", "signature": "c2ln"},
            {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "grüße"}},
            found,
            {"type": "text", "text": "Hello, wörld 🦀.\n", "citations": [citation]},
            {"type": "tool_use", "id": "toolu_1", "name": "wave", "input": {}},
        ],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 9, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 6, "output_tokens": 15,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}},
    });
    (events, whole)
}

#[test]
fn a_stream_says_what_the_whole_would_have_said() {
    let (events, whole) = everything();
    let streamed = exchange().stream(SSE, &sse(&events).concat());
    assert_eq!(streamed, exchange().answered(ResponseHead::new(200), &whole));
    // What was written for an hour is not taken for five minutes, and the counts at the end hold.
    let counts = counted([
        ("input_tokens", 45),
        ("output_tokens", 15),
        ("total_tokens", 60),
        ("cache_read_input_tokens", 6),
        ("cache_write_input_tokens", 30),
        ("ephemeral_1h_input_tokens", 20),
        ("ephemeral_5m_input_tokens", 10),
    ]);
    assert_eq!(streamed.metrics, counts);
}

#[test]
fn a_stream_of_vertex_says_the_same_under_another_name() {
    let (events, whole) = everything();
    let base = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/l/publishers/anthropic/models/m";
    let call = |verb: &str| TestExchange::new(&format!("{base}:{verb}"), &json!({"stream": true, "messages": []}));
    let streamed = call("streamRawPredict").stream(SSE, &sse(&events).concat());
    assert_eq!(streamed, call("rawPredict").answered(ResponseHead::new(200), &whole));
    assert_eq!((streamed.model_name.as_deref(), streamed.model_provider.as_deref()), (Some("m"), Some("google")));
}

#[test]
fn a_stream_without_end_is_bounded() {
    let piece = "x".repeat(1 << 20);
    let frame = |event: &Value| Frame { event: String::new(), is_exception: false, data: event.clone() };
    for event in [text(0, &piece), block(0, &json!({"type": "tool_result", "content": piece}))] {
        let mut rebuilt = Box::new(MessageAssembler::default());
        rebuilt.push(frame(&start(&json!({"input_tokens": 4}))));
        for index in 0..50 {
            let mut event = event.clone();
            event["index"] = (index % 20).into();
            rebuilt.push(frame(&event));
        }
        // What is said at the end is heard although nothing more is kept.
        rebuilt.push(frame(&json!({"type": "message_delta", "usage": {"output_tokens": 7}})));
        let whole = rebuilt.finish();
        assert!(whole.to_string().len() < 34 << 20);
        assert_eq!((&whole["usage"]["input_tokens"], &whole["usage"]["output_tokens"]), (&json!(4), &json!(7)));
    }
}

#[test]
fn blocks_may_interleave() {
    let [weather, time] =
        ["weather", "time"].map(|name| json!({"type": "tool_use", "id": name, "name": name, "input": {}}));
    let events = [
        vec![start(&json!({})), block(0, &weather), block(1, &time), input(1, r#"{"zone":"#), input(0, r#"{"city":"#)],
        vec![input(1, r#""UTC"}"#), input(0, r#""Oslo"}"#), stop(1), stop(0)],
    ];
    let said = exchange().stream(SSE, &sse(&events.concat()).concat());
    let call = |name: &str, arguments: Value| {
        Message::assistant("").tool_call(ToolCall::new(name, arguments).id(name).kind("tool_use"))
    };
    let expected = [call("weather", json!({"city": "Oslo"})), call("time", json!({"zone": "UTC"}))];
    assert_eq!(said, asked().output(expected));
}

#[test]
fn white_space_at_the_ends_stays() {
    let events = [start(&json!({})), block(0, &json!({"type": "text", "text": ""})), text(0, "\n  Hello \n"), stop(0)];
    assert_eq!(exchange().stream(SSE, &sse(&events).concat()), asked().output([Message::assistant("\n  Hello \n")]));
}

#[test]
fn an_error_in_the_middle_keeps_what_came() {
    let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let events = [
        start(&json!({"input_tokens": 4, "output_tokens": 1})),
        block(0, &json!({"type": "text", "text": ""})),
        text(0, "Hel"),
        error.clone(),
    ];
    let expected = asked()
        .output([Message::assistant("Hel")])
        .metrics(counted([("input_tokens", 4)]))
        .span_error(SpanError::new("Overloaded").error_type("overloaded_error"));
    assert_eq!(exchange().stream(SSE, &sse(&events).concat()), expected);
    let alone = exchange().stream(SSE, &sse(&[error]).concat());
    let expected = SpanError::new("Overloaded").error_type("overloaded_error");
    assert_eq!(alone, asked().output([Message::new("", "")]).span_error(expected));
}

#[test]
fn a_stream_that_is_cut_says_what_came() {
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}});
    let events = [start(&json!({"input_tokens": 4, "output_tokens": 1})), block(0, &call), input(0, r#"{"city": "Os"#)];
    let cut = r#"{"city": "Os"#;
    let call = ToolCall::new("weather", json!({"value": cut})).id("toolu_1").kind("tool_use");
    let expected = asked().output([Message::assistant("").tool_call(call)]).metrics(counted([("input_tokens", 4)]));
    let bytes = sse(&events).concat();
    assert_eq!(exchange().stream(SSE, &bytes), expected.clone());
    let error = SpanError::new("reset").error_type("io");
    assert_eq!(exchange().broken(SSE, &bytes), expected.span_error(error));
}

#[test]
fn events_that_nobody_knows_or_that_lack_something_do_no_harm() {
    let odd = [
        json!({"type": "content_block_stop"}),
        json!({"type": "content_block_stop", "index": 9}),
        json!({"type": "content_block_start"}),
        json!({"type": "content_block_delta", "delta": {"type": "text_delta"}}),
        json!({"type": "content_block_delta", "index": 2, "delta": {"type": "of_tomorrow", "text": "x"}}),
        json!({"type": "message_start", "message": null}),
        json!({"type": "message_delta"}),
        json!({"type": "of_tomorrow"}),
        json!({"type": 7}),
        json!([]),
        json!(null),
    ];
    for odd in &odd {
        let events = [
            odd.clone(),
            start(&json!({})),
            block(0, &json!({"type": "text", "text": ""})),
            text(0, "Hi"),
            odd.clone(),
        ];
        let said = exchange().stream(SSE, &sse(&events).concat());
        assert!(format!("{:?}", said.output).contains("\"Hi\""), "{odd}: {said:?}");
        assert_eq!(said.error, None, "{odd}");
    }
}

#[test]
fn a_delta_whose_beginning_was_not_seen_is_kept() {
    let events = [text(0, "Hel"), text(0, "lo"), delta(1, &json!({"type": "thinking_delta", "thinking": "Hm."}))];
    let expected = asked().output([Message::new("", "Hello"), Message::new("reasoning", "Hm.")]);
    assert_eq!(exchange().stream(SSE, &sse(&events).concat()), expected);
}

#[test]
fn the_first_token_is_the_first_content() {
    let thinking = json!({"type": "thinking", "thinking": "", "signature": ""});
    let tool = json!({"type": "tool_use", "id": "t", "name": "n", "input": {}});
    let [ping, start] = [json!({"type": "ping"}), start(&json!({}))];
    let silence = [start, ping, block(0, &thinking), delta(0, &json!({"type": "signature_delta", "signature": "s"}))];
    let first = |event: Value| exchange().first_token(SSE, &sse(&[&silence[..], &[event]].concat()));
    assert_eq!(first(delta(0, &json!({"type": "thinking_delta", "thinking": "Hm"}))), Some(5.0));
    assert_eq!(first(text(0, "Hi")), Some(5.0));
    assert_eq!(first(block(1, &tool)), Some(5.0));
    assert_eq!(first(text(0, "")), None);
    assert_eq!(first(stop(0)), None);
}
