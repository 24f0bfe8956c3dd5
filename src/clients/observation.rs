//! One call, from the request to the end of its answer: see it, ask the provider's rules, annotate.

use std::mem;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::HeaderMap;
use tracing::Span;
use tracing::field::Empty;

use super::blocks::Blocks;
use super::calls::Calls;
use super::ending::LastBytes;
use super::secrets::without_secrets;
use crate::capture::{CallAround, LlmObsSpanExt, call_around, is_gateway};
use crate::clock::{Clock, nanos_between};
use crate::model::{Annotation, SpanError};
use crate::providers::{Call, Ending, Endpoint, Head, Received};
use crate::vocabulary::fields;

/// One call that is being made. It ends once, at the latest when it is dropped.
#[derive(Debug)]
pub(super) struct Observation {
    place: Place,
    began: Instant,
    stage: Stage,
}

/// Where a call is told of.
#[derive(Debug)]
enum Place {
    /// A span of its own.
    Own(Span),
    /// The span of somebody else, who ends it.
    Around(CallAround),
}

#[derive(Debug)]
enum Stage {
    Asked(Call),
    Answered {
        received: Box<Received>,
        blocks: Blocks,
        is_good: bool,
        /// For server-sent events only.
        last_bytes: Option<LastBytes>,
    },
    Over,
}

impl Observation {
    /// Sees a request that is about to be made in the current span; `None` when it is no call of a model, or nobody listens.
    #[cfg(any(feature = "async-openai", feature = "bedrock", feature = "reqwest-middleware", feature = "rig"))]
    pub(super) fn begin(calls: &Calls, method: &str, url: &str, body: impl FnOnce() -> Bytes) -> Option<Self> {
        Self::begin_call(calls, method, url, |endpoint| Call::new(endpoint, body()))
    }

    /// The same, with how the call is made of its endpoint.
    pub(super) fn begin_call(
        calls: &Calls,
        method: &str,
        url: &str,
        call: impl FnOnce(Endpoint) -> Call,
    ) -> Option<Self> {
        let mut endpoint = calls.endpoint(method, url)?;
        let current = Span::current();
        // An `llm` span around a search is not the call that makes the vectors.
        let around = call_around(&current).filter(|around| around.kind() == endpoint.api().kind());
        let place = match around {
            Some(around) => Place::Around(around),
            None => Place::Own(
                tracing::info_span!(target: TARGET, "call", { fields::KIND } = Empty, { fields::NAME } = Empty),
            ),
        };
        let is_gateway = match &place {
            Place::Own(span) => is_gateway(span, url)?,
            Place::Around(_) => is_gateway(&current, url)?,
        };
        if is_gateway {
            endpoint = endpoint.behind_instrumented_proxy();
        }
        let session = endpoint.session().map(str::to_owned);
        let call = call(endpoint);
        match &place {
            Place::Own(span) => {
                let said = Annotation::new().kind(call.kind()).name(call.name());
                span.annotate(session.into_iter().fold(said, Annotation::session_id));
            }
            Place::Around(around) if is_gateway => around.leave_to_gateway(),
            Place::Around(_) => {}
        }
        Some(Self { place, began: Clock::System.instant(), stage: Stage::Asked(call) })
    }

    /// The span to make the call in.
    #[cfg(any(feature = "async-openai", feature = "reqwest-middleware", feature = "rig", feature = "tower"))]
    pub(super) fn span(&self) -> Span {
        match &self.place {
            Place::Own(span) => span.clone(),
            Place::Around(_) => Span::current(),
        }
    }

    /// The answer begins.
    pub(super) fn head(&mut self, status: u16, headers: &HeaderMap) {
        let Stage::Asked(call) = mem::replace(&mut self.stage, Stage::Over) else { return };
        let content_type = headers.get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        let is_events = content_type.is_some_and(|text| text.to_ascii_lowercase().starts_with(EVENTS));
        let received = Box::new(call.answered(Head::new(status).headers(headers)));
        let last_bytes = is_events.then(LastBytes::default);
        self.stage = Stage::Answered { received, blocks: Blocks::default(), is_good: status < 400, last_bytes };
    }

    /// A piece of the answer came.
    pub(super) fn piece(&mut self, bytes: &Bytes) {
        let Stage::Answered { received, blocks, last_bytes, .. } = &mut self.stage else { return };
        let began = self.began;
        blocks.add(received, bytes, || seconds_since(began));
        if last_bytes.as_mut().is_some_and(|last| last.take(bytes)) {
            self.end(Ending::Complete);
        }
    }

    /// All of the answer has come.
    pub(super) fn complete(&mut self) {
        self.end(Ending::Complete);
    }

    /// There is no answer, or no more of it.
    #[cfg(any(feature = "async-openai", feature = "reqwest-middleware", feature = "rig", feature = "tower"))]
    pub(super) fn fail<E: std::fmt::Display>(&mut self, error: &E) {
        self.end(Ending::Broken(SpanError::new(error.to_string()).error_type(std::any::type_name::<E>())));
    }

    /// The same, with what is known of the reason.
    #[cfg(feature = "bedrock")]
    pub(super) fn break_off(&mut self, error: SpanError) {
        self.end(Ending::Broken(error));
    }

    /// How long it has been going on.
    #[cfg(feature = "bedrock")]
    pub(super) fn age(&self) -> Duration {
        Duration::from_nanos(nanos_between(self.began, Clock::System.instant()))
    }

    fn end(&mut self, ending: Ending) {
        let ending = match ending {
            Ending::Broken(error) => Ending::Broken(without_secrets(error)),
            Ending::Complete | Ending::Dropped => ending,
        };
        let read = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Over => return,
            Stage::Asked(call) => later(call, 0, move |call| match ending {
                Ending::Broken(error) => call.failed(error),
                Ending::Complete | Ending::Dropped => call.sent(),
            }),
            Stage::Answered { mut received, mut blocks, is_good, .. } => {
                blocks.hand_over(&mut received, || seconds_since(self.began));
                let held = received.held();
                let read = later(received, held, move |received| received.finish(ending));
                if is_good { read.expecting_usage() } else { read }
            }
        };
        match &self.place {
            Place::Own(span) => {
                span.annotate(read);
                span.finish();
            }
            Place::Around(around) => drop(around.enrich(read)),
        }
    }
}

fn seconds_since(began: Instant) -> f64 {
    Duration::from_nanos(nanos_between(began, Clock::System.instant())).as_secs_f64()
}

/// What is to be read of a call. Kind and name are settled: they are said when the call begins, or by the span around it.
fn later<T: Send + 'static>(of: T, held: usize, read: impl FnOnce(T) -> Annotation + Send + 'static) -> Annotation {
    Annotation::later(held, move || Annotation { kind: None, name: None, ..read(of) })
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.end(Ending::Dropped);
    }
}

const TARGET: &str = "tracing_llmobs::clients";
const EVENTS: &[u8] = b"text/event-stream";
