//! One call, from the request to the end of its answer: see it, ask the provider's rules, annotate.

use std::convert::identity;
use std::mem;
#[cfg(feature = "bedrock")]
use std::time::Duration;
use std::time::Instant;

use bytes::Bytes;
use http::HeaderMap;
use tracing::Span;
use tracing::field::Empty;

use super::answer::{Came, Coming};
use super::calls::Calls;
use super::secrets::without_secrets;
use crate::capture::{CallAround, Held, LlmObsSpanExt, annotate_recorded, call_around, is_gateway};
use crate::clock::Clock;
use crate::fields;
use crate::recording::FieldKey;
use crate::recording::RecordedAnnotation;
use llmobs_model::{Annotation, SpanError};
use llmobs_providers::{Call, Ending, Endpoint, ResponseHead};

/// One call that is being made. It ends once, at the latest when it is dropped.
#[derive(Debug)]
pub(super) struct Observation {
    place: Place,
    began: Instant,
    held: Held,
    /// There was room for the request.
    has_request: bool,
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
        coming: Box<Coming>,
        /// Tokens are expected to be counted in it.
        is_good: bool,
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
        // An `llm` span around a search is not the call that makes the vectors.
        let around = call_around(&Span::current()).filter(|around| around.kind() == endpoint.api().kind());
        let place = match around {
            Some(around) => Place::Around(around),
            None => Place::Own(
                tracing::info_span!(target: TARGET, "call", { fields::KIND } = Empty, { fields::NAME } = Empty),
            ),
        };
        let is_gateway = is_gateway(place.span(), url)?;
        if is_gateway {
            endpoint = endpoint.behind_instrumented_proxy();
        }
        let session = endpoint.session_id().map(str::to_owned);
        let (mut held, mut call) = (Held::nothing(place.span())?, call(endpoint));
        let has_request = held.hold(call.retained_bytes());
        if !has_request {
            call = call.without_request();
        }
        match &place {
            Place::Own(span) => {
                let said = Annotation::new().kind(call.kind()).name(call.name());
                span.annotate(session.into_iter().fold(said, Annotation::session_id));
            }
            Place::Around(around) if is_gateway => around.leave_to_gateway(),
            Place::Around(_) => {}
        }
        if !has_request {
            place.lose(&held, FieldKey::Input);
        }
        Some(Self { place, began: Clock::System.instant(), held, has_request, stage: Stage::Asked(call) })
    }

    /// The span to make the call in.
    #[cfg(any(feature = "async-openai", feature = "reqwest-middleware", feature = "rig", feature = "tower"))]
    pub(super) fn span(&self) -> Span {
        self.place.span().clone()
    }

    /// For what is held of the call elsewhere.
    #[cfg(feature = "tower")]
    pub(super) fn held_beside(&self) -> Held {
        self.held.beside()
    }

    /// The answer begins.
    pub(super) fn head(&mut self, status: u16, headers: &HeaderMap) {
        let Stage::Asked(call) = mem::replace(&mut self.stage, Stage::Over) else { return };
        let call = self.take_over(call);
        let content_type = headers.get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        let is_events = content_type.is_some_and(|text| text.to_ascii_lowercase().starts_with(EVENTS));
        let received = call.begin_response(ResponseHead::new(status).headers(headers));
        let coming = Box::new(Coming::new(received, is_events, self.began));
        self.stage = Stage::Answered { coming, is_good: status < 400 };
    }

    /// A piece of the answer came.
    pub(super) fn piece(&mut self, bytes: &Bytes) {
        let Stage::Answered { coming, is_good } = &mut self.stage else { return };
        match coming.piece(bytes, &mut self.held) {
            Came::Part => {}
            Came::TooMuch => {
                *is_good = false;
                self.place.lose(&self.held, FieldKey::Output);
            }
            Came::End => self.end(Ending::Complete),
        }
    }

    /// The body of the answer yielded this; `fail` tells of an error.
    #[cfg(any(feature = "async-openai", feature = "bedrock", feature = "reqwest-middleware", feature = "tower"))]
    pub(super) fn frame<E>(
        &mut self,
        frame: Option<&Result<http_body::Frame<Bytes>, E>>,
        fail: impl FnOnce(&mut Self, &E),
    ) {
        match frame {
            Some(Ok(frame)) => frame.data_ref().into_iter().for_each(|bytes| self.piece(bytes)),
            Some(Err(error)) => fail(self, error),
            None => self.complete(),
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
        Duration::from_nanos(crate::clock::nanos_between(self.began, Clock::System.instant()))
    }

    fn end(&mut self, ending: Ending) {
        let ending = match ending {
            Ending::Broken(error) => Ending::Broken(without_secrets(error)),
            Ending::Complete | Ending::Dropped | _ => ending,
        };
        let stage = match mem::replace(&mut self.stage, Stage::Over) {
            Stage::Asked(call) => Stage::Asked(self.take_over(call)),
            other @ (Stage::Answered { .. } | Stage::Over) => other,
        };
        let only: fn(Annotation) -> Annotation = if self.has_request { identity } else { without_input };
        let read = match stage {
            Stage::Over => return,
            Stage::Asked(call) => {
                let held = call.retained_bytes();
                later(call, held, move |call| match ending {
                    Ending::Broken(error) => only(call.annotate_failure(error)),
                    Ending::Complete | Ending::Dropped | _ => only(call.annotate_request()),
                })
            }
            Stage::Answered { coming, is_good } => {
                let received = coming.into_received();
                let held = received.retained_bytes();
                let read = later(received, held, move |received| only(received.finish(ending)));
                if is_good { read.expecting_usage() } else { read }
            }
        };
        // From now on the span holds it, and there must be room for it once, not twice.
        self.held.hold(0);
        match &self.place {
            Place::Own(span) => {
                annotate_recorded(span, read);
                span.finish();
            }
            Place::Around(around) => drop(around.enrich(read)),
        }
    }

    /// Counts here what there is of a request: the body of some is seen, and counted, only while it is sent.
    fn take_over(&mut self, call: Call) -> Call {
        if !self.has_request || (call.transfer_accounting() && self.held.hold(call.retained_bytes())) {
            return call;
        }
        self.has_request = false;
        self.place.lose(&self.held, FieldKey::Input);
        call.without_request()
    }
}

impl Place {
    /// The span of its own, or the one that the request is made in.
    const fn span(&self) -> &Span {
        match self {
            Self::Own(span) => span,
            Self::Around(around) => around.span(),
        }
    }

    /// What is said of the span around fills gaps only, so that it leaves no marker there.
    fn lose(&self, held: &Held, meaning: FieldKey) {
        match self {
            Self::Own(span) => held.lose(span, Some(meaning)),
            Self::Around(around) => held.lose(around.span(), None),
        }
    }
}

/// What is to be read of a call. Kind and name are settled: they are said when the call begins, or by the span around it.
fn later<T: Send + 'static>(
    of: T,
    held: usize,
    read: impl FnOnce(T) -> Annotation + Send + 'static,
) -> RecordedAnnotation {
    RecordedAnnotation::deferred(held, move || {
        let mut annotation = read(of);
        (annotation.kind, annotation.name) = (None, None);
        annotation
    })
}

/// What is read of a call whose request was not kept: a marker is in its place.
fn without_input(read: Annotation) -> Annotation {
    let mut read = read;
    read.input = None;
    read
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.end(Ending::Dropped);
    }
}

const TARGET: &str = "tracing_llmobs::clients";
const EVENTS: &[u8] = b"text/event-stream";

#[cfg(all(test, feature = "testing", feature = "reqwest-middleware"))]
mod tests {
    use tracing_subscriber::prelude::*;

    use super::*;
    use crate::builder::Builder;
    use crate::stats::Problem;
    use crate::testing;
    use llmobs_model::{Content, SpanKind};

    const URL: &str = "https://api.openai.com/v1/chat/completions";
    const REQUEST: &str = r#"{"model": "m", "stream": true, "messages": [{"role": "user", "content": "hi"}]}"#;

    #[test]
    fn what_there_is_no_room_for_is_marked_and_counted_and_the_rest_is_told() {
        let text = |bytes: usize| "x".repeat(bytes);
        let answer = |bytes: usize| {
            Bytes::from(format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
                text(bytes)
            ))
        };
        let large = format!(r#"{{"model": "m", "user": "{}"}}"#, text(300_000));
        for (request, answer, input, output, problems) in [
            (REQUEST, answer(10), true, true, 0),
            // More than half of the room, which it takes once.
            (REQUEST, answer(75_000), true, true, 0),
            (REQUEST, answer(300_000), true, false, 1),
            (&large, answer(10), false, true, 1),
        ] {
            let (layer, recorder) =
                testing::recorder_of(Builder::without_environment().open_spans_max_bytes(256 * 1024)).unwrap();
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let body = || Bytes::copy_from_slice(request.as_bytes());
                let mut call = Observation::begin(&Calls::new(), "POST", URL, body).unwrap();
                let events = http::HeaderValue::from_static("text/event-stream");
                call.head(200, &HeaderMap::from_iter([(http::header::CONTENT_TYPE, events)]));
                call.piece(&answer);
                call.piece(&answer);
                call.complete();
            });
            let span = recorder.span("OpenAI.createChatCompletion");
            let is_marker = |content: &Option<Content>| matches!(content, Some(Content::Text(text)) if text.contains("has been dropped"));
            assert_eq!((span.kind, is_marker(&span.input), is_marker(&span.output)), (SpanKind::Llm, !input, !output));
            assert_eq!(span.model_name.as_deref(), Some(if input { "m" } else { "custom" }));
            let stats = recorder.handle().stats();
            assert_eq!((stats.problems(Problem::Oversize), stats.open_spans), (problems, 0));
        }
    }

    #[test]
    fn the_request_of_a_call_that_failed_counts_in_the_queue() {
        let text = "x".repeat(100_000);
        for (max_bytes, refused) in [(1_000_000, 0), (50_000, 1)] {
            let (layer, recorder) =
                testing::recorder_of(Builder::without_environment().queue_max_bytes(max_bytes)).unwrap();
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let body = || Bytes::from(format!(r#"{{"model": "m", "user": "{text}"}}"#));
                let mut call = Observation::begin(&Calls::new(), "POST", URL, body).unwrap();
                call.fail(&"refused");
            });
            assert_eq!(recorder.handle().stats().refused_total(), refused, "{max_bytes}");
        }
    }
}
