//! Responses in events.

use serde_json::{Value, json};
use tracing_llmobs::providers::Ending;
use tracing_llmobs::{SpanError, Status};

use super::RESPONSES;
use crate::exchange::{Exchange, event, messages, metrics, turns};

fn request() -> Value {
    json!({"model": "m", "input": "hi", "stream": true})
}

fn answer() -> Value {
    json!({
        "id": "resp_1", "status": "completed", "error": null, "model": "m-1",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": null},
            {"id": "msg_1", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Grüße."}]},
            {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{\"a\":1}"},
        ],
        "usage": {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8},
    })
}

/// The events of a response, without the last one.
fn begun() -> Vec<Value> {
    let answer = answer();
    let empty = |item: &Value, name: &str, value: Value| {
        let mut item = item.clone();
        item[name] = value;
        item
    };
    let items = [
        empty(&answer["output"][0], "summary", json!([])),
        empty(&answer["output"][1], "content", json!([])),
        empty(&answer["output"][2], "arguments", json!("")),
    ];
    let delta = |kind: &str, index: u64, text: &str| json!({"type": format!("response.{kind}.delta"), "output_index": index, "delta": text});
    let mut greeting = answer.clone();
    greeting["output"] = json!([]);
    greeting["usage"] = json!(null);
    greeting["status"] = json!("in_progress");
    let mut events = vec![
        json!({"type": "response.created", "response": greeting}),
        json!({"type": "response.in_progress", "response": greeting}),
    ];
    let deltas = [
        vec![delta("reasoning_summary_text", 0, "H"), delta("reasoning_summary_text", 0, "m.")],
        vec![delta("output_text", 1, "Grü"), delta("output_text", 1, "ße.")],
        vec![delta("function_call_arguments", 2, "{\"a\""), delta("function_call_arguments", 2, ":1}")],
    ];
    for ((index, item), deltas) in (0_u64..).zip(items).zip(deltas) {
        events.push(json!({"type": "response.output_item.added", "output_index": index, "item": item}));
        events.extend(deltas);
    }
    events
}

fn done() -> Vec<Value> {
    let items = answer()["output"].as_array().unwrap().clone();
    (0_u64..)
        .zip(items)
        .map(|(index, item)| json!({"type": "response.output_item.done", "output_index": index, "item": item}))
        .collect()
}

/// Events with their names, as they are sent.
fn streamed(events: &[Value]) -> Exchange {
    let named = events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
    Exchange { body: named.collect::<String>().into_bytes(), ..Exchange::sse(RESPONSES, &request(), &[]) }
}

#[test]
fn the_last_snapshot_is_the_response() {
    let unary = Exchange::unary(RESPONSES, &request(), &answer()).whole();
    let end = json!({"type": "response.completed", "response": answer()});
    for events in [begun(), [begun(), done()].concat(), Vec::new()] {
        let exchange = streamed(&[&events[..], std::slice::from_ref(&end)].concat());
        assert_eq!(exchange.whole(), unary);
        for at in (0..exchange.body.len()).step_by(97) {
            let (left, right) = exchange.body.split_at(at);
            assert_eq!(exchange.in_pieces([left, right]), unary, "cut at {at}");
        }
    }
}

#[test]
fn a_snapshot_without_output_is_filled_with_the_items_that_came() {
    let unary = Exchange::unary(RESPONSES, &request(), &answer()).whole();
    let mut empty = answer();
    empty["output"] = json!([]);
    let end = json!({"type": "response.completed", "response": empty});
    assert_eq!(streamed(&[begun(), done(), vec![end.clone()]].concat()).whole(), unary);
    // Items may end in another order.
    let mut backwards = done();
    backwards.reverse();
    assert_eq!(streamed(&[begun(), backwards, vec![end.clone()]].concat()).whole(), unary);
    // Without their ends, their pieces count.
    assert_eq!(streamed(&[begun(), vec![end]].concat()).whole(), unary);
}

#[test]
fn a_stream_that_was_cut_says_what_came() {
    let exchange = streamed(&begun()[..6]);
    let said = event(exchange.ended([&exchange.body[..]], Ending::Dropped));
    let thought = r#"{"encrypted_content":null,"id":"rs_1","summary":[{"text":"Hm.","type":"summary_text"}]}"#;
    assert_eq!(turns(said.output.as_ref()), [("reasoning", thought)]);
    assert_eq!((said.status, said.model_name.as_deref()), (Status::Ok, Some("m-1")));
    let exchange = streamed(&begun()[..7]);
    let broken = event(exchange.ended([&exchange.body[..]], Ending::Broken(SpanError::new("reset"))));
    assert_eq!((broken.status, messages(broken.output.as_ref())[1].content.as_str()), (Status::Error, "Grü"));
    assert_eq!(metrics(&broken), json!({}));
}

#[test]
fn a_failure_is_an_error_and_an_incomplete_response_is_not() {
    let mut failed = answer();
    failed["status"] = json!("failed");
    failed["output"] = json!([]);
    failed["error"] = json!({"code": "server_error", "message": "It failed."});
    let said = streamed(&[begun(), vec![json!({"type": "response.failed", "response": failed})]].concat()).event();
    assert_eq!(said.error, Some(SpanError::new("It failed.").error_type("server_error")));
    assert_eq!(messages(said.output.as_ref()).len(), 3, "what came is said all the same");
    for error in [
        json!({"type": "error", "code": "rate_limit_exceeded", "message": "Slow down.", "param": null}),
        json!({"type": "error", "error": {"type": "rate_limit_exceeded", "message": "Slow down."}}),
    ] {
        let said = streamed(&[begun(), vec![error]].concat()).event();
        assert_eq!(said.error, Some(SpanError::new("Slow down.").error_type("rate_limit_exceeded")));
        assert_eq!(messages(said.output.as_ref()).len(), 3);
    }
    let mut incomplete = answer();
    incomplete["status"] = json!("incomplete");
    let said = streamed(&[json!({"type": "response.incomplete", "response": incomplete})]).event();
    assert_eq!((said.status, messages(said.output.as_ref()).len()), (Status::Ok, 3));
}

#[test]
fn the_first_token_is_the_first_delta() {
    let exchange = streamed(&begun());
    let mut received = exchange.call().begin_response(exchange.head.clone());
    for (second, frame) in (0_u32..).zip(exchange.body.split_inclusive(|byte| *byte == b'\n')) {
        received.push(frame.to_vec(), Some(f64::from(second)));
    }
    // Two greetings and the beginning of an item, three lines each; the delta ends with its third.
    assert_eq!(metrics(&event(received.finish(Ending::Complete)))["time_to_first_token"], json!(11.0));
}

#[test]
fn tools_with_free_text_and_refusals_come_in_pieces_too() {
    let events = [
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": ""}}),
        json!({"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": "select"}),
        json!({"type": "response.custom_tool_call_input.delta", "output_index": 0, "delta": " 1"}),
        json!({"type": "response.refusal.delta", "output_index": 1, "delta": "I can"}),
        json!({"type": "response.refusal.delta", "output_index": 1, "delta": "not."}),
        json!({"type": "response.reasoning_text.delta", "delta": "no index"}),
    ];
    let said = streamed(&events).event();
    let calls = &messages(said.output.as_ref())[0].tool_calls;
    assert_eq!((calls[0].name.as_str(), &calls[0].arguments["value"]), ("sql", &json!("select 1")));
    assert_eq!(turns(said.output.as_ref())[1], ("assistant", "I cannot."));
}
