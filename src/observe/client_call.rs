//! A model call of a client, from the request to the end of the response.

use std::convert::identity;
use std::error::Error;
use std::fmt::{Debug, Display};
use std::mem;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use tracing::Span;
use tracing::field::Empty;

use super::call_span::{CallSpan, deferred, wall_time};
use super::endpoint_rules::EndpointRules;
use super::error_urls::without_url_secrets;
use super::request_recorder::RequestRecorder;
use super::response_buffer::{ChunkOutcome, ResponseBuffer};
use super::transport_error;
use crate::capture::{LlmObsSpanExt, RetainedBytes, annotate_recorded, find_enclosing_call, is_gateway, withdraw};
use crate::clock::Clock;
use crate::fields;
use crate::recording::FieldKey;
use llmobs_model::{Annotation, SpanError};
use llmobs_providers::{Call, Ending, Endpoint, ResponseHead};

/// A model call that is under way.
///
/// Its span ends once: with [`complete`](Self::complete), [`fail`](Self::fail), the end that the response's own bytes
/// announce, or, at the latest, when the value is dropped. Later calls have no effect. A value that is dropped before
/// [`response`](Self::response) ends its span with an error of the type `Cancelled`; one that is dropped later is no failure.
///
/// # Example
///
/// An adapter for a client that this crate does not know:
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use tracing_llmobs::observe::{ClientCall, EndpointRules};
/// use tracing_llmobs::{Message, testing};
/// use tracing_subscriber::prelude::*;
///
/// // The client to be observed, which this crate does not know.
/// struct Answer { status: u16, content_type: &'static str, body: Vec<u8> }
/// fn post(url: &str, body: &[u8]) -> std::io::Result<Answer> {
/// #   let _ = (url, body);
/// #   let body = br#"{"model": "m-1", "choices": [{"message": {"role": "assistant", "content": "Hello."}}]}"#.to_vec();
/// #   Ok(Answer { status: 200, content_type: "application/json", body })
/// }
///
/// fn observed_post(rules: &EndpointRules, url: &str, body: &[u8]) -> std::io::Result<Answer> {
///     let Some(mut call) = ClientCall::begin(rules, "POST", url, || body.to_vec().into()) else {
///         return post(url, body); // Not a model call, or nobody listens.
///     };
///     // Requests made inside the span propagate its context.
///     match call.span().in_scope(|| post(url, body)) {
///         Ok(answer) => {
///             let content_type = HeaderValue::from_static(answer.content_type);
///             call.response(answer.status, &HeaderMap::from_iter([(http::header::CONTENT_TYPE, content_type)]));
///             call.push(&answer.body); // A streaming client calls this for each chunk.
///             call.complete();
///             Ok(answer)
///         }
///         Err(error) => {
///             call.fail(&error);
///             Err(error)
///         }
///     }
/// }
///
/// let (layer, recorder) = testing::recorder();
/// let _default = tracing_subscriber::registry().with(layer).set_default();
/// let rules = EndpointRules::new().provider("http://gpu-7:8000", "our-vllm");
/// let request = br#"{"model": "m", "messages": [{"role": "user", "content": "Greet me."}]}"#;
/// observed_post(&rules, "http://gpu-7:8000/v1/chat/completions", request).unwrap();
///
/// let span = recorder.span("OpenAI.createChatCompletion");
/// assert_eq!((span.model_name.as_deref(), span.model_provider.as_deref()), (Some("m-1"), Some("our-vllm")));
/// assert_eq!(span.output, Some(Message::assistant("Hello.").into()));
/// ```
#[derive(Debug)]
#[must_use = "the span ends when the call is dropped"]
pub struct ClientCall {
    site: CallSpan,
    began: Instant,
    began_wall: SystemTime,
    budget: RetainedBytes,
    /// The request fitted into the budget.
    has_request: bool,
    standing: Standing,
    stage: CallStage,
}

/// The certainty that the request is a model call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Confirmed,
    /// The path is believed until the body has been seen: the span has a kind, so that the request propagates its context.
    Believed,
    /// Only the body can show it; the span has no kind yet.
    Unconfirmed,
}

#[derive(Debug)]
enum CallStage {
    Requested(Call),
    Responding {
        response: Box<ResponseBuffer>,
        /// The response is expected to report token counts: it is no error and fitted into the budget.
        has_usage: bool,
    },
    Ended,
}

impl ClientCall {
    /// Begins to observe a request that is about to be made in the current span. Returns `None` if the rules say that it is
    /// no model call, or if no [`LlmObsLayer`](crate::LlmObsLayer) listens; `body` runs only otherwise, and at a host that is
    /// not known, where the body has to show the call ([`Endpoint::is_ambiguous`]).
    ///
    /// The request's body is retained as it is and read later, on the exporter's thread; pass no bytes if it cannot be seen.
    pub fn begin(rules: &EndpointRules, method: &str, url: &str, body: impl FnOnce() -> Bytes) -> Option<Self> {
        let endpoint = rules.endpoint(method, url)?;
        if !endpoint.is_ambiguous() {
            return Self::begin_at(endpoint, url, true, |endpoint| Call::new(endpoint, body()));
        }
        // Another service may use such a path on a host that is not known; the body tells.
        let body = body();
        if !endpoint.is_confirmed_by(&body) {
            return None;
        }
        Self::begin_at(endpoint, url, true, |endpoint| Call::new(endpoint, body))
    }

    /// Begins to observe a request whose body is sent in chunks. The recorder takes the chunks, at the latest until the
    /// response begins.
    ///
    /// Where only the body shows a model call ([`Endpoint::is_confirmed_by`]), that is decided when the response begins.
    ///
    /// # Example
    ///
    /// ```
    /// use tracing_llmobs::observe::{ClientCall, EndpointRules};
    /// use tracing_llmobs::{Message, testing};
    /// use tracing_subscriber::prelude::*;
    ///
    /// let (layer, recorder) = testing::recorder();
    /// let _default = tracing_subscriber::registry().with(layer).set_default();
    /// let (url, rules) = ("https://api.openai.com/v1/chat/completions", EndpointRules::new());
    /// let (mut call, request) = ClientCall::begin_streaming(&rules, "POST", url).unwrap();
    /// let mut sent = 0;
    /// for chunk in [r#"{"messages": [{"role": "user","#, r#" "content": "Hi."}]}"#] {
    ///     request.push(sent, chunk.as_bytes());
    ///     sent += chunk.len();
    /// }
    /// call.fail(&std::io::Error::other("connection reset"));
    /// assert_eq!(recorder.span("OpenAI.createChatCompletion").input, Some(Message::user("Hi.").into()));
    /// ```
    pub fn begin_streaming(rules: &EndpointRules, method: &str, url: &str) -> Option<(Self, RequestRecorder)> {
        let request = RequestRecorder::default();
        let call = Self::begin_at(rules.endpoint(method, url)?, url, false, |endpoint| {
            Call::with_request_bytes(endpoint, request.clone())
        })?;
        let request = request.charged_to(call.budget.for_another_part());
        Some((call, request))
    }

    fn begin_at(
        mut endpoint: Endpoint,
        url: &str,
        is_body_known: bool,
        call: impl FnOnce(Endpoint) -> Call,
    ) -> Option<Self> {
        let standing = if is_body_known || !endpoint.is_ambiguous() {
            Standing::Confirmed
        } else if endpoint.needs_proof() {
            Standing::Unconfirmed
        } else {
            Standing::Believed
        };
        // An `llm` span around an embedding request is not the call that makes the vectors.
        let enclosing =
            find_enclosing_call(&Span::current()).filter(|enclosing| enclosing.kind() == endpoint.api().kind());
        let site = match enclosing.and_then(|enclosing| Some((enclosing.join()?, enclosing))) {
            Some((calls, enclosing)) => CallSpan::Enclosing(enclosing, calls),
            None => CallSpan::Own(
                tracing::info_span!(target: TARGET, "call", { fields::KIND } = Empty, { fields::NAME } = Empty),
            ),
        };
        let is_gateway = is_gateway(site.span(), url)?;
        if is_gateway {
            endpoint = endpoint.behind_instrumented_proxy();
        }
        let session = endpoint.session_id().map(str::to_owned);
        let (mut budget, mut call) = (RetainedBytes::none_yet(site.span())?, call(endpoint));
        let has_request = budget.resize_to(call.retained_bytes());
        if !has_request {
            call = call.without_request();
        }
        match &site {
            // The open span needs kind, name and session now: children and the exporter's classification depend on them.
            CallSpan::Own(span) if standing != Standing::Unconfirmed => {
                let annotation = Annotation::new().kind(call.kind()).name(call.name());
                span.annotate(session.into_iter().fold(annotation, Annotation::session_id));
            }
            CallSpan::Enclosing(enclosing, _) if is_gateway => enclosing.leave_to_gateway(),
            CallSpan::Own(_) | CallSpan::Enclosing(..) => {}
        }
        if !has_request {
            site.mark_oversize(&budget, FieldKey::Input);
        }
        let (began, began_wall) = (Clock::System.instant(), wall_time());
        Some(Self { site, began, began_wall, budget, has_request, standing, stage: CallStage::Requested(call) })
    }

    /// Returns the span to make the request in, so that the request propagates its context.
    pub fn span(&self) -> Span {
        self.site.span().clone()
    }

    /// Records that the response begins. Of the headers, `content-type`, `content-encoding` and the token counts that some
    /// providers send are read.
    pub fn response(&mut self, status: u16, headers: &HeaderMap) {
        let CallStage::Requested(call) = mem::replace(&mut self.stage, CallStage::Ended) else { return };
        if !self.confirm(&call) {
            return;
        }
        let call = self.take_over_request(call);
        let content_type = headers.get(http::header::CONTENT_TYPE).map(http::HeaderValue::as_bytes);
        let is_event_stream = content_type.is_some_and(|text| text.to_ascii_lowercase().starts_with(EVENT_STREAM));
        let reader = call.begin_response(ResponseHead::new(status).headers(headers));
        let response = Box::new(ResponseBuffer::new(reader, is_event_stream, self.began));
        self.stage = CallStage::Responding { response, has_usage: status < 400 };
    }

    /// Records a chunk of the response's body, copying it. The span ends if the chunk ends a stream of events.
    pub fn push(&mut self, chunk: &[u8]) {
        let CallStage::Responding { response, has_usage } = &mut self.stage else { return };
        match response.push(chunk, &mut self.budget) {
            ChunkOutcome::Taken => {}
            ChunkOutcome::Oversize => {
                *has_usage = false;
                self.site.mark_oversize(&self.budget, FieldKey::Output);
            }
            ChunkOutcome::EndOfStream => self.end(Ending::Complete),
        }
    }

    /// Ends the span: the response's body has arrived completely.
    pub fn complete(&mut self) {
        self.end(Ending::Complete);
    }

    /// Ends the span with an error: there is no response, or its body broke off. What arrived before is kept.
    ///
    /// The chain of sources becomes the stack, and a known cause, such as `ConnectionRefused` or `Timeout`, the type.
    pub fn fail<E: Error + ?Sized>(&mut self, error: &E) {
        self.fail_with(transport_error::of_error(error));
    }

    /// Ends the span with an error that implements `Display` only, as boxed errors do; else as [`fail`](Self::fail).
    pub fn fail_display<E: Display + Debug + 'static>(&mut self, error: &E) {
        self.fail_with(transport_error::of_display(error));
    }

    /// Ends the span with an error, described by the adapter.
    pub fn fail_with(&mut self, error: SpanError) {
        self.end(Ending::Broken(without_url_secrets(error)));
    }

    fn end(&mut self, ending: Ending) {
        let stage = match mem::replace(&mut self.stage, CallStage::Ended) {
            CallStage::Requested(call) if !self.confirm(&call) => return,
            CallStage::Requested(call) => CallStage::Requested(self.take_over_request(call)),
            other @ (CallStage::Responding { .. } | CallStage::Ended) => other,
        };
        let keep_input: fn(Annotation) -> Annotation = if self.has_request { identity } else { without_input };
        let completion = self.site.completion(self.began_wall);
        let annotation = match stage {
            CallStage::Ended => return,
            CallStage::Requested(call) => {
                let retained = call.retained_bytes();
                deferred(call, retained, completion, move |call| match ending {
                    Ending::Broken(error) => keep_input(call.annotate_failure(error)),
                    Ending::Dropped => keep_input(call.annotate_failure(cancelled())),
                    Ending::Complete | _ => keep_input(call.annotate_request()),
                })
            }
            CallStage::Responding { response, has_usage } => {
                let reader = response.into_reader();
                let retained = reader.retained_bytes();
                let annotation =
                    deferred(reader, retained, completion, move |reader| keep_input(reader.finish(ending)));
                if has_usage { annotation.expecting_usage() } else { annotation }
            }
        };
        // The annotation counts the same bytes from now on; released first, they need to fit in once and not twice.
        self.budget.resize_to(0);
        match &self.site {
            CallSpan::Own(span) => {
                annotate_recorded(span, annotation);
                span.finish();
            }
            CallSpan::Enclosing(enclosing, _) => drop(enclosing.enrich(annotation)),
        }
    }

    /// Decides whether the request is a model call, where its body had to be sent first. A span without a kind is not sent.
    fn confirm(&mut self, call: &Call) -> bool {
        if self.standing == Standing::Confirmed {
            return true;
        }
        let is_confirmed = call.is_confirmed();
        match &self.site {
            CallSpan::Own(span) if is_confirmed && self.standing == Standing::Unconfirmed => {
                span.annotate(Annotation::new().kind(call.kind()).name(call.name()));
            }
            CallSpan::Own(span) if !is_confirmed => withdraw(span),
            CallSpan::Own(_) | CallSpan::Enclosing(..) => {}
        }
        if is_confirmed {
            self.standing = Standing::Confirmed;
        }
        is_confirmed
    }

    /// Charges the request's body to this call: a body sent in chunks was charged to its recorder until now.
    fn take_over_request(&mut self, call: Call) -> Call {
        if !self.has_request || (call.transfer_accounting() && self.budget.resize_to(call.retained_bytes())) {
            return call;
        }
        self.has_request = false;
        self.site.mark_oversize(&self.budget, FieldKey::Input);
        call.without_request()
    }
}

/// Removes the input of a request that was not retained, so that its marker stays.
fn without_input(annotation: Annotation) -> Annotation {
    let mut annotation = annotation;
    annotation.input = None;
    annotation
}

/// The error of a call whose future was dropped before the head of a response came: by a timeout, a `select!`, an abort.
fn cancelled() -> SpanError {
    SpanError::new("The call was cancelled or timed out before a response arrived.").error_type("Cancelled")
}

impl Drop for ClientCall {
    fn drop(&mut self) {
        self.end(Ending::Dropped);
    }
}

const TARGET: &str = "tracing_llmobs::observe";
const EVENT_STREAM: &[u8] = b"text/event-stream";

#[cfg(all(test, feature = "testing"))]
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
    fn content_beyond_the_budget_leaves_a_marker_and_the_rest_is_recorded() {
        let text = |bytes: usize| "x".repeat(bytes);
        let response = |bytes: usize| {
            Bytes::from(format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n",
                text(bytes)
            ))
        };
        let large = format!(r#"{{"model": "m", "user": "{}"}}"#, text(300_000));
        for (request, response, input, output, problems) in [
            (REQUEST, response(10), true, true, 0),
            // More than half of the budget, which it takes once.
            (REQUEST, response(75_000), true, true, 0),
            (REQUEST, response(300_000), true, false, 1),
            (&large, response(10), false, true, 1),
        ] {
            let (layer, recorder) =
                testing::recorder_of(Builder::without_environment().open_spans_max_bytes(256 * 1024)).unwrap();
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let body = || Bytes::copy_from_slice(request.as_bytes());
                let mut call = ClientCall::begin(&EndpointRules::new(), "POST", URL, body).unwrap();
                let events = http::HeaderValue::from_static("text/event-stream");
                call.response(200, &HeaderMap::from_iter([(http::header::CONTENT_TYPE, events)]));
                call.push(&response);
                call.push(&response);
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
    fn a_call_that_is_dropped_before_a_response_is_cancelled_and_one_that_fails_tells_the_cause() {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let begin = || {
                let body = || Bytes::from_static(REQUEST.as_bytes());
                ClientCall::begin(&EndpointRules::new(), "POST", URL, body).unwrap()
            };
            drop(begin());
            begin().fail(&std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
            let mut read = begin();
            read.response(200, &HeaderMap::new());
            drop(read);
            let mut html = begin();
            html.response(200, &HeaderMap::new());
            html.push(b"<html>Sign in</html>");
            html.complete();
        });
        let errors: Vec<_> =
            recorder.spans().into_iter().map(|span| span.error.map(|error| error.error_type)).collect();
        assert_eq!(errors, [Some("Cancelled".to_owned()), Some("ConnectionRefused".to_owned()), None, None]);
        assert_eq!(recorder.handle().stats().problems(Problem::Unreadable), 1);
        assert_eq!(recorder.spans()[3].metadata["unreadable_response"]["reason"], "not JSON");
    }

    /// Makes a call, with this answer or none.
    fn call(answer: Option<&str>) {
        let body = || Bytes::from_static(REQUEST.as_bytes());
        let Some(mut call) = ClientCall::begin(&EndpointRules::new(), "POST", URL, body) else { return };
        let Some(answer) = answer else { return call.fail(&std::io::Error::other("gone")) };
        call.response(200, &HeaderMap::new());
        let usage = r#"{"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}"#;
        let message = format!(r#"{{"role": "assistant", "content": "{answer}"}}"#);
        call.push(format!(r#"{{"choices": [{{"message": {message}}}], "usage": {usage}}}"#).as_bytes());
        call.complete();
    }

    #[test]
    fn at_an_unknown_host_the_body_decides_whether_a_request_is_a_model_call() {
        let (stranger, messages) =
            (r#"{"to": "1", "text": "Hi"}"#, r#"{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}"#);
        let answer = |mut call: ClientCall| {
            call.response(200, &HeaderMap::new());
            call.push(br#"{"role": "assistant", "content": [{"type": "text", "text": "Ho"}]}"#);
            call.complete();
        };
        let ask = |url: &str, body: &'static str| {
            let rules = EndpointRules::new();
            let whole = ClientCall::begin(&rules, "POST", url, || Bytes::from_static(body.as_bytes()));
            whole.into_iter().for_each(answer);
            let (call, request) = ClientCall::begin_streaming(&rules, "POST", url).unwrap();
            request.push(0, body.as_bytes());
            answer(call);
        };
        for (path, body, expected) in [
            ("/v1/messages", stranger, ""),
            ("/v1/messages", messages, "llm anthropic.request\n"),
            ("/chat/completions", stranger, ""),
            ("/chat/completions", messages, "llm OpenAI.createChatCompletion\n"),
        ] {
            let (layer, recorder) = testing::recorder();
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                ask(&format!("https://sms.example.com{path}"), body);
            });
            assert_eq!(recorder.tree(), expected.repeat(2), "{path} {body}");
            assert!(recorder.handle().stats().is_balanced());
        }
    }

    #[test]
    fn the_only_call_inside_an_llm_span_completes_it_and_several_are_spans_below_it() {
        for (answers, expected) in [
            (&[Some("one")][..], "llm ask\n"),
            (
                &[Some("one"), Some("two")],
                "workflow ask\n  llm OpenAI.createChatCompletion\n  llm OpenAI.createChatCompletion\n",
            ),
            // The first is read last, when it is known to be one of several.
            (
                &[None, Some("two")],
                "workflow ask\n  llm OpenAI.createChatCompletion\n  llm OpenAI.createChatCompletion error\n",
            ),
        ] {
            let (layer, recorder) = testing::recorder();
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let _ask = tracing::info_span!("ask", llmobs.kind = "llm").entered();
                answers.iter().copied().for_each(call);
            });
            assert_eq!(recorder.tree(), expected);
            let spans = recorder.spans();
            let tokens = spans.iter().filter_map(|span| span.metrics.get("total_tokens")?.as_u64()).sum::<u64>();
            let answered = answers.iter().flatten().count();
            assert_eq!(tokens, u64::try_from(answered * 9).unwrap(), "each call is counted once");
            assert!(recorder.span("ask").error.is_none(), "a good fallback does not leave the outer failed");
            let texts = spans.iter().filter(|span| span.kind == SpanKind::Llm);
            let texts = texts.filter(|span| format!("{:?}", span.output).contains("content: \"\"")).count();
            assert_eq!(texts, answers.len() - answered);
            assert!(recorder.handle().stats().is_balanced());
        }
    }

    #[test]
    fn the_request_of_a_failed_call_counts_towards_the_queues_bytes() {
        let text = "x".repeat(100_000);
        for (max_bytes, refused) in [(1_000_000, 0), (50_000, 1)] {
            let (layer, recorder) =
                testing::recorder_of(Builder::without_environment().queue_max_bytes(max_bytes)).unwrap();
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                let body = || Bytes::from(format!(r#"{{"model": "m", "user": "{text}"}}"#));
                let mut call = ClientCall::begin(&EndpointRules::new(), "POST", URL, body).unwrap();
                call.fail(&std::io::Error::other("refused"));
            });
            assert_eq!(recorder.handle().stats().refused_total(), refused, "{max_bytes}");
        }
    }
}
