//! Responses of Amazon Bedrock: whole, and as the frames of an event stream.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

use crate::provider::Answer;

/// An answer of `Converse` with this content.
pub fn answered(content: &Value, stop_reason: &str) -> Answer {
    let message = json!({"role": "assistant", "content": content});
    let body = json!({
        "output": {"message": message}, "stopReason": stop_reason, "usage": usage(), "metrics": {"latencyMs": 1},
    });
    Answer::json(200, &body)
}

/// An answer of `ConverseStream` with this text.
pub fn frames(pieces: &[&str]) -> Vec<Vec<u8>> {
    let mut frames = vec![frame("messageStart", &json!({"role": "assistant"}))];
    let text = |piece: &&str| frame("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"text": piece}}));
    frames.extend(pieces.iter().map(text));
    frames.push(frame("contentBlockStop", &json!({"contentBlockIndex": 0})));
    frames.push(frame("messageStop", &json!({"stopReason": "end_turn"})));
    frames.push(frame("metadata", &json!({"usage": usage(), "metrics": {"latencyMs": 1}})));
    frames
}

fn usage() -> Value {
    json!({"inputTokens": 9, "outputTokens": 4, "totalTokens": 13})
}

/// Encodes a frame of an event stream.
pub fn frame(event: &str, payload: &Value) -> Vec<u8> {
    framed("event", event, payload)
}

/// Encodes an exception frame.
pub fn exception(name: &str, payload: &Value) -> Vec<u8> {
    framed("exception", name, payload)
}

fn framed(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let header = |name: String, value: &str| Header::new(name, HeaderValue::String(value.to_owned().into()));
    let message = Message::new(payload.to_string())
        .add_header(header(":message-type".to_owned(), kind))
        .add_header(header(format!(":{kind}-type"), name))
        .add_header(header(":content-type".to_owned(), "application/json"));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}
