//! An exchange, and the annotation that it becomes.

use serde_json::Value;
use tracing::info_span;
use tracing_llmobs::providers::{Call, Ending, Endpoint, ResponseHead};
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Annotation, Builder, Content, LlmObsSpanExt, Message, SpanEvent};
use tracing_subscriber::prelude::*;

/// A request and its answer.
#[derive(Clone)]
pub struct Exchange {
    pub endpoint: Endpoint,
    pub request: Vec<u8>,
    pub head: ResponseHead,
    pub body: Vec<u8>,
}

impl Exchange {
    /// A good answer in one piece.
    pub fn unary(url: &str, request: &Value, answer: &Value) -> Self {
        Self::answered(url, request, ResponseHead::new(200).content_type("application/json"), answer.to_string())
    }

    /// An answer with this status.
    pub fn failed(url: &str, request: &Value, status: u16, answer: &Value) -> Self {
        Self::answered(url, request, ResponseHead::new(status).content_type("application/json"), answer.to_string())
    }

    /// Server-sent events, which end as those of OpenAI do.
    pub fn sse(url: &str, request: &Value, events: &[Value]) -> Self {
        let events = events.iter().map(|event| format!("data: {event}\n\n"));
        let body: String = events.chain(["data: [DONE]\n\n".to_owned()]).collect();
        Self::answered(url, request, ResponseHead::new(200).content_type("text/event-stream; charset=utf-8"), body)
    }

    pub fn answered(url: &str, request: &Value, head: ResponseHead, body: impl Into<Vec<u8>>) -> Self {
        let endpoint = Endpoint::recognise("POST", url).unwrap_or_else(|| panic!("{url} is not recognised"));
        Self { endpoint, request: request.to_string().into_bytes(), head, body: body.into() }
    }

    pub fn call(&self) -> Call {
        Call::new(self.endpoint.clone(), self.request.clone())
    }

    /// The annotation when the body comes in these pieces.
    pub fn in_pieces<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>) -> Annotation {
        self.ended(pieces, Ending::Complete)
    }

    pub fn ended<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>, ending: Ending) -> Annotation {
        let mut received = self.call().begin_response(self.head.clone());
        for piece in pieces {
            received.push(piece.to_vec(), None);
        }
        received.finish(ending)
    }

    pub fn whole(&self) -> Annotation {
        self.in_pieces([&self.body[..]])
    }

    /// The event that the call becomes.
    pub fn event(&self) -> SpanEvent {
        event(self.whole())
    }
}

/// The event of a span of which nothing else is said.
pub fn event(said: Annotation) -> SpanEvent {
    let (mut events, _) = events([said]);
    events.remove(0)
}

/// The events of as many spans, in their order.
pub fn events(said: impl IntoIterator<Item = Annotation>) -> (Vec<SpanEvent>, Recorder) {
    // Some recordings have texts like credentials, and these tests are about the reading of providers.
    let settings = Builder::without_environment().ml_app("test-app").hide_secrets(false);
    let (layer, recorder) = testing::recorder_of(settings).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || emit(said));
    (recorder.spans(), recorder)
}

/// Opens a span for each annotation.
pub fn emit(said: impl IntoIterator<Item = Annotation>) {
    for said in said {
        assert!(info_span!("call", llmobs.kind = tracing::field::Empty).annotate(said));
    }
}

/// Messages, or nothing when it is something else.
pub fn messages(content: Option<&Content>) -> &[Message] {
    match content {
        Some(Content::Messages(messages)) => messages,
        _ => &[],
    }
}

/// The metrics by name.
pub fn metrics(event: &SpanEvent) -> Value {
    event.metrics.iter().map(|(name, number)| (name.to_owned(), Value::Number(number.clone()))).collect()
}

pub fn metadata(event: &SpanEvent) -> Value {
    Value::Object(event.metadata.clone())
}

/// Role and content of each message.
pub fn turns(content: Option<&Content>) -> Vec<(&str, &str)> {
    messages(content).iter().map(|message| (message.role.as_str(), message.content.as_str())).collect()
}
