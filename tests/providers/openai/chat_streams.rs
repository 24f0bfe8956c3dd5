//! Chat completions in chunks.

use serde_json::{Value, json};
use tracing_llmobs::providers::{Ending, ResponseHead};
use tracing_llmobs::{Message, SpanError, Status, ToolCall};

use super::CHAT;
use crate::exchange::{Exchange, event, messages, metrics, turns};

fn request() -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true})
}

fn chunk(index: u64, delta: &Value) -> Value {
    json!({"object": "chat.completion.chunk", "model": "m-1", "choices": [{"index": index, "delta": delta, "finish_reason": null}]})
}

fn streamed(events: &[Value]) -> tracing_llmobs::SpanEvent {
    Exchange::sse(CHAT, &request(), events).event()
}

#[test]
fn texts_are_put_together_as_they_are() {
    let event = streamed(&[
        json!({"model": "", "choices": [], "prompt_filter_results": []}),
        chunk(0, &json!({"role": "assistant", "content": ""})),
        chunk(0, &json!({"content": "\n Hel"})),
        chunk(0, &json!({"content": "lo \n"})),
        chunk(0, &json!({})),
        json!({"model": "m-1", "choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}}),
    ]);
    // White space at the ends is part of the answer.
    assert_eq!(turns(event.output.as_ref()), [("assistant", "\n Hello \n")]);
    assert_eq!(event.model_name.as_deref(), Some("m-1"));
    assert_eq!(metrics(&event), json!({"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}));
}

#[test]
fn parallel_calls_are_told_apart_by_index_not_by_place() {
    let call = |index: u64, more: Value| {
        let mut call = json!({"index": index});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"tool_calls": [call]})
    };
    let begins =
        |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": ""}});
    let goes_on = |arguments: &str| json!({"function": {"arguments": arguments}});
    let event = streamed(&[
        chunk(0, &json!({"role": "assistant", "content": null})),
        chunk(0, &call(1, begins("call_b", "b"))),
        chunk(0, &call(0, begins("call_a", "a"))),
        chunk(0, &call(1, goes_on("{\"y\":"))),
        chunk(0, &call(0, goes_on("{\"x\":"))),
        // A call beside text is a call all the same.
        chunk(
            0,
            &json!({"content": "Both.", "tool_calls": [{"index": 0, "function": {"arguments": "1}"}}, {"index": 1, "function": {"arguments": "2}"}}]}),
        ),
        chunk(0, &json!({"tool_calls": null})),
    ]);
    let a = ToolCall::new("a", json!({"x": 1})).id("call_a").kind("function");
    let b = ToolCall::new("b", json!({"y": 2})).id("call_b").kind("function");
    assert_eq!(messages(event.output.as_ref()), [Message::assistant("Both.").tool_call(a).tool_call(b)]);
}

#[test]
fn calls_that_share_an_index_are_told_apart_by_id() {
    let whole = |id: &str| json!({"tool_calls": [{"index": 0, "id": id, "type": "function", "function": {"name": id, "arguments": "{}"}}]});
    let event = streamed(&[chunk(0, &whole("one")), chunk(0, &whole("two"))]);
    let names: Vec<_> = messages(event.output.as_ref())[0].tool_calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["one", "two"]);
}

#[test]
fn custom_tools_and_deprecated_functions_come_in_pieces_too() {
    let event = streamed(&[
        chunk(
            0,
            &json!({"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "sql", "input": "select"}}]}),
        ),
        chunk(0, &json!({"tool_calls": [{"index": 0, "custom": {"input": " 1"}}]})),
        chunk(1, &json!({"role": "assistant", "function_call": {"name": "f", "arguments": "{\"a\""}})),
        chunk(1, &json!({"function_call": {"arguments": ":1}"}})),
    ]);
    let sql = ToolCall::new("sql", json!({"value": "select 1"})).id("c").kind("custom");
    let expected =
        [Message::assistant("").tool_call(sql), Message::assistant("").tool_call(ToolCall::new("f", json!({"a": 1})))];
    assert_eq!(messages(event.output.as_ref()), expected);
}

#[test]
fn choices_are_in_the_order_of_their_index_and_usage_belongs_to_all() {
    let event = streamed(&[
        chunk(2, &json!({"content": "c"})),
        chunk(0, &json!({"content": "a"})),
        json!({"choices": [{"index": 1, "delta": {"content": "b"}}, {"index": 0, "delta": {"content": "A"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}),
        json!({"choices": [], "usage": null}),
        json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 4}}),
        json!({"choices": []}),
    ]);
    assert_eq!(turns(event.output.as_ref()), [("assistant", "aA"), ("assistant", "b"), ("assistant", "c")]);
    assert_eq!(metrics(&event)["output_tokens"], 4);
}

#[test]
fn thoughts_come_under_every_name_and_only_once() {
    let event = streamed(&[
        chunk(0, &json!({"role": "assistant", "content": "", "reasoning_content": "H"})),
        chunk(0, &json!({"reasoning": "m", "reasoning_details": [{"type": "reasoning.text", "text": "m"}]})),
        chunk(0, &json!({"reasoning_details": [{"type": "reasoning.text", "text": "."}]})),
        chunk(
            0,
            &json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": " So"}]}, {"type": "text", "text": "Y"}]}),
        ),
        chunk(0, &json!({"content": "es."})),
    ]);
    assert_eq!(turns(event.output.as_ref()), [("reasoning", "Hm. So"), ("assistant", "Yes.")]);
}

#[test]
fn an_error_in_the_middle_keeps_what_came() {
    let event = streamed(&[
        chunk(0, &json!({"role": "assistant", "content": "Hel"})),
        json!({"error": {"message": "The server had an error.", "type": "server_error", "code": null}}),
    ]);
    assert_eq!((event.kind, event.status), (tracing_llmobs::SpanKind::Llm, Status::Error));
    assert_eq!(event.error, Some(SpanError::new("The server had an error.").error_type("server_error")));
    assert_eq!(turns(event.output.as_ref()), [("assistant", "Hel")]);
}

#[test]
fn a_stream_that_breaks_keeps_what_came_and_one_that_is_let_go_is_no_failure() {
    let exchange =
        Exchange::sse(CHAT, &request(), &[chunk(0, &json!({"content": "Hel"})), chunk(0, &json!({"content": "lo"}))]);
    let lo = exchange.body.windows(6).position(|window| window == b"\"lo\"}}").unwrap_or(exchange.body.len() - 60);
    let cut = [&exchange.body[..lo]];
    let broken = event(exchange.ended(cut, Ending::Broken(SpanError::new("connection reset").error_type("io"))));
    assert_eq!(broken.error, Some(SpanError::new("connection reset").error_type("io")));
    let dropped = event(exchange.ended(cut, Ending::Dropped));
    assert_eq!((dropped.status, &dropped.output), (Status::Ok, &broken.output));
    assert_eq!(turns(dropped.output.as_ref()), [("assistant", "Hel")]);
    assert_eq!(metrics(&dropped), json!({}), "tokens that nobody counted are not made up");
}

#[test]
fn the_first_token_is_the_first_content() {
    let exchange = Exchange::sse(CHAT, &request(), &[]);
    let mut received = exchange.call().begin_response(exchange.head);
    let greeting = json!({"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]});
    let comment = ": keep going\n\n".to_owned();
    for (seconds, frame) in [(0.0, comment), (1.0, format!("data: {greeting}\n\n"))] {
        received.push(frame, Some(seconds));
    }
    received.push(format!("data: {}\n\n", chunk(0, &json!({"content": "Hi"}))), Some(2.5));
    received.push(format!("data: {}\n\n", chunk(0, &json!({"content": "!"}))), Some(3.0));
    assert_eq!(metrics(&event(received.finish(Ending::Complete))), json!({"time_to_first_token": 2.5}));
}

#[test]
fn a_stream_is_known_by_its_bytes_and_an_error_too() {
    let exchange = Exchange::sse(CHAT, &request(), &[chunk(0, &json!({"content": "Hi"}))]);
    for content_type in ["application/json", "", "text/event-stream", "TEXT/EVENT-STREAM; charset=utf-8"] {
        let exchange = Exchange { head: ResponseHead::new(200).content_type(content_type), ..exchange.clone() };
        assert_eq!(turns(exchange.event().output.as_ref()), [("assistant", "Hi")], "{content_type}");
    }
    let error = json!({"error": {"message": "No.", "type": "t"}}).to_string();
    for body in [error.clone(), format!("event: error\ndata: {error}\n\n")] {
        let head = ResponseHead::new(429).content_type("text/event-stream");
        let event = Exchange { head, body: body.into_bytes(), ..exchange.clone() }.event();
        assert_eq!(event.error, Some(SpanError::new("No.").error_type("t")));
    }
}

#[test]
fn every_way_to_cut_an_answer_into_chunks_says_what_the_whole_says() {
    let text = "Grüße, 世界! \n\"quoted\"";
    let arguments = "{\"city\":\"Zürich\",\"days\":[1,2]}";
    let message = json!({"role": "assistant", "content": text, "reasoning_content": text, "refusal": null, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": arguments}},
    ]});
    let usage = json!({"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16});
    let unary = Exchange::unary(
        CHAT,
        &request(),
        &json!({"model": "m-1", "choices": [{"index": 0, "message": message}], "usage": usage}),
    );
    let expected = unary.whole();
    for size in 1..=text.chars().count() {
        let pieces =
            |text: &str| text.chars().collect::<Vec<_>>().chunks(size).map(String::from_iter).collect::<Vec<_>>();
        let mut events = vec![chunk(0, &json!({"role": "assistant"}))];
        events.extend(pieces(text).iter().map(|piece| chunk(0, &json!({"reasoning_content": piece}))));
        events.extend(pieces(text).iter().map(|piece| chunk(0, &json!({"content": piece}))));
        events.push(chunk(
            0,
            &json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather"}}]}),
        ));
        let arguments = pieces(arguments);
        events.extend(
            arguments
                .iter()
                .map(|piece| chunk(0, &json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))),
        );
        events.push(json!({"choices": [], "usage": usage}));
        let streamed = Exchange::sse(CHAT, &request(), &events);
        assert_eq!(streamed.whole(), expected, "{size} characters a chunk");
        for at in (0..streamed.body.len()).step_by(17) {
            let (left, right) = streamed.body.split_at(at);
            assert_eq!(streamed.in_pieces([left, right]), expected, "cut at {at}");
        }
    }
}
