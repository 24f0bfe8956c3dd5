//! For tests: the frames of streams, and what all annotations of an integration say.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

use llmobs_model::{Annotation, SpanKind};

/// Returns the members that every annotation of an integration has.
pub(super) fn said(kind: SpanKind, name: &str, integration: &str) -> Annotation {
    Annotation::new().kind(kind).name(name).tag("integration", integration)
}

pub(super) const SSE: &str = "text/event-stream; charset=utf-8";
pub(super) const AWS: &str = "application/vnd.amazon.eventstream";

/// Events whose names are their types.
pub(super) fn sse(events: &[Value]) -> Vec<Vec<u8>> {
    let event = |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("message"));
    events.iter().map(|one| event(one).into_bytes()).collect()
}

/// A frame of an AWS event stream: `event` with an `:event-type`, `exception` with an `:exception-type`.
pub(super) fn aws(kind: &str, name: &str, payload: &Value) -> Vec<u8> {
    let header = |name: &str, value: &str| Header::new(name.to_owned(), HeaderValue::String(value.to_owned().into()));
    let message = Message::new(payload.to_string().into_bytes())
        .add_header(header(":message-type", kind))
        .add_header(header(&format!(":{kind}-type"), name))
        .add_header(header(":content-type", "application/json"));
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

/// Chunks of `InvokeModelWithResponseStream`.
pub(super) fn chunks(chunks: &[Value]) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let wrap = |chunk: &Value| base64::engine::general_purpose::STANDARD.encode(chunk.to_string());
    chunks.iter().map(|chunk| aws("event", "chunk", &json!({"bytes": wrap(chunk), "p": "abcdef"}))).collect()
}

/// Events of `ConverseStream`.
pub(super) fn events(events: &[(&str, Value)]) -> Vec<Vec<u8>> {
    events.iter().map(|(name, payload)| aws("event", name, payload)).collect()
}
