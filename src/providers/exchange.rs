//! For tests: a call and its answer, whole and as a stream.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use serde_json::{Value, json};

use super::{Call, Ending, Endpoint, Head};
use crate::model::{Annotation, SpanError, SpanKind};

/// A request to a URL.
#[derive(Debug)]
pub(super) struct Exchange {
    endpoint: Endpoint,
    request: Bytes,
}

impl Exchange {
    pub(super) fn new(url: &str, request: &Value) -> Self {
        let endpoint = Endpoint::recognise("POST", url).unwrap_or_else(|| panic!("{url} is no call"));
        Self { endpoint, request: request.to_string().into() }
    }

    fn call(&self) -> Call {
        Call::new(self.endpoint.clone(), self.request.clone())
    }

    pub(super) fn sent(&self) -> Annotation {
        self.call().sent()
    }

    /// What is said after this answer in one piece.
    pub(super) fn answered(&self, head: Head, body: &Value) -> Annotation {
        let mut received = self.call().answered(head.content_type("application/json"));
        received.push(body.to_string(), None);
        received.finish(Ending::Complete)
    }

    /// What is said after this answer in pieces, which is the same for every split of its bytes.
    pub(super) fn streamed(&self, content_type: &str, body: &[u8]) -> Annotation {
        let whole = self.pieces(content_type, &[body], Ending::Complete);
        for at in 0..body.len() {
            let (before, behind) = body.split_at(at);
            assert_eq!(self.pieces(content_type, &[before, behind], Ending::Complete), whole, "split at {at}");
        }
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(self.pieces(content_type, &bytes, Ending::Complete), whole, "byte by byte");
        whole
    }

    /// What is said when a stream breaks off behind these bytes.
    pub(super) fn broken(&self, content_type: &str, body: &[u8]) -> Annotation {
        self.pieces(content_type, &[body], Ending::Broken(SpanError::new("connection reset").error_type("io")))
    }

    fn pieces(&self, content_type: &str, pieces: &[&[u8]], ending: Ending) -> Annotation {
        let mut received = self.call().answered(Head::new(200).content_type(content_type));
        for piece in pieces {
            received.push(Bytes::copy_from_slice(piece), None);
        }
        received.finish(ending)
    }

    /// When content came first, of a stream whose frames come one a second.
    pub(super) fn first_content(&self, content_type: &str, frames: &[Vec<u8>]) -> Option<f64> {
        let mut received = self.call().answered(Head::new(200).content_type(content_type));
        for (at, frame) in (1_u8..).zip(frames) {
            received.push(frame.clone(), Some(f64::from(at)));
        }
        let said = received.finish(Ending::Dropped);
        said.metrics.get(crate::model::metric::TIME_TO_FIRST_TOKEN).and_then(serde_json::Number::as_f64)
    }
}

/// What every annotation of an integration begins with.
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
