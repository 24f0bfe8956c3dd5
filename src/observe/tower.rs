//! A layer that observes the model calls of any `tower` client with `http` types, such as hyper-util's. Feature `tower`.
//!
//! Put [`ClientLayer`](crate::propagation::tower::ClientLayer) below it, so that requests propagate the context of the
//! call's span.
//!
//! Bodies are wrapped in [`RequestBody`] and [`ObservedBody`], so the service below takes `Request<RequestBody<B>>`. A
//! service for a single body type, such as a boxed one, needs a `ServiceBuilder::map_request` in between:
//! `.map_request(|request: http::Request<_>| request.map(BoxBody::new))`.
//!
//! # Example
//!
//! ```
//! use tower_layer::Layer;
//! use tracing_llmobs::observe::tower::LlmObsClientLayer;
//!
//! # #[derive(Clone)]
//! # struct Http;
//! // With `hyper-util`: `ServiceBuilder::new().layer(LlmObsClientLayer::new()).service(Client::builder(executor).build(connector))`.
//! let service = LlmObsClientLayer::new().layer(Http);
//! # let _ = service;
//! ```

use std::fmt::{Debug, Display};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};

use super::client_call::ClientCall;
use super::endpoint_rules::EndpointRules;
use super::observed_body::ObservedBody;
use super::request_recorder::RequestRecorder;
use super::transport_error;

/// A `tower` layer that records every model call as a span: model, messages, tools, usage, time to the first token, errors.
///
/// Put it outermost, so that a call with its retries is one span.
#[derive(Debug, Clone, Default)]
pub struct LlmObsClientLayer {
    rules: EndpointRules,
}

impl LlmObsClientLayer {
    /// Creates a layer with the default rules.
    pub const fn new() -> Self {
        Self { rules: EndpointRules::new() }
    }

    /// Sets the rules that decide which requests are model calls.
    pub fn rules(mut self, rules: EndpointRules) -> Self {
        self.rules = rules;
        self
    }
}

impl<S> Layer<S> for LlmObsClientLayer {
    type Service = LlmObsClient<S>;

    fn layer(&self, inner: S) -> LlmObsClient<S> {
        LlmObsClient { inner, rules: self.rules.clone() }
    }
}

/// The service that [`LlmObsClientLayer`] makes of a client.
#[derive(Debug, Clone)]
pub struct LlmObsClient<S> {
    inner: S,
    rules: EndpointRules,
}

impl<S, B, R> Service<Request<B>> for LlmObsClient<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Error: Display + Debug + 'static,
    B: Body,
{
    type Response = Response<ObservedBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let begun = ClientCall::begin_streaming(&self.rules, request.method().as_str(), &url(&request));
        let (call, recorder) = begun.unzip();
        // A request that is no model call runs in whatever span it is polled in, as it would without this layer.
        let span = call.as_ref().map_or_else(Span::none, ClientCall::span);
        let request = request.map(|inner| RequestBody { inner, recorder, sent: 0 });
        let response = span.in_scope(|| self.inner.call(request));
        ResponseFuture { response: response.instrument(span), call }
    }
}

/// Returns the URL of a request. On an open connection the URI may be the path only, with the host in a header.
fn url<B>(request: &Request<B>) -> String {
    let uri = request.uri();
    let host = request.headers().get(header::HOST).filter(|_| uri.authority().is_none());
    match host.and_then(|host| host.to_str().ok()) {
        Some(host) => format!("https://{host}{uri}"),
        None => uri.to_string(),
    }
}

pin_project! {
    /// The future of a response from a [`LlmObsClient`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        response: Instrumented<F>,
        call: Option<ClientCall>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Display + Debug + 'static,
{
    type Output = Result<Response<ObservedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.response.poll(cx));
        let mut call = this.call.take();
        if let Some(call) = &mut call {
            match &response {
                Ok(response) => call.response(response.status().as_u16(), response.headers()),
                Err(error) => call.fail_with(transport_error::of_display(error)),
            }
        }
        Poll::Ready(response.map(|response| response.map(|inner| ObservedBody::new(inner, call))))
    }
}

pin_project! {
    /// A request's body that passes all frames on unchanged, and records them if the request is a model call.
    #[derive(Debug, Clone)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        recorder: Option<RequestRecorder>,
        // Bytes passed on. A clone that is sent again begins with its own count, so that nothing is recorded twice.
        sent: usize,
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body,
    B::Data: AsRef<[u8]>,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(cx));
        let data = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref());
        if let Some((recorder, data)) = this.recorder.as_ref().zip(data) {
            recorder.push(*this.sent, data.as_ref());
            *this.sent = this.sent.saturating_add(data.as_ref().len());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_comes_from_the_uri_or_from_the_host_header() {
        for (uri, host, expected) in [
            ("http://h:1/v1?a=b", Some("other"), "http://h:1/v1?a=b"),
            ("/v1/messages", Some("api.anthropic.com"), "https://api.anthropic.com/v1/messages"),
            ("/v1/messages", None, "/v1/messages"),
        ] {
            let mut request = Request::post(uri);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            assert_eq!(url(&request.body(()).unwrap()), expected);
        }
    }

    /// A service that responds with the name of the span it is polled in.
    #[derive(Clone)]
    struct SpanNameService;

    impl<B> Service<Request<B>> for SpanNameService {
        type Response = Response<String>;
        type Error = std::convert::Infallible;
        type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Self::Error>>>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<B>) -> Self::Future {
            Box::pin(async { Ok(Response::new(Span::current().metadata().map_or("", |span| span.name()).to_owned())) })
        }
    }

    #[test]
    fn a_request_that_is_no_model_call_runs_in_the_span_it_is_polled_in() {
        let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        tracing::subscriber::with_default(subscriber, || {
            let (called, polled) = (tracing::info_span!("called"), tracing::info_span!("polled"));
            let mut service = LlmObsClientLayer::new().layer(SpanNameService);
            let request = Request::get("http://h/v1/models").body(String::new()).unwrap();
            let mut response = Box::pin(called.in_scope(|| service.call(request)));
            let mut context = Context::from_waker(std::task::Waker::noop());
            let response = polled.in_scope(|| response.as_mut().poll(&mut context));
            let Poll::Ready(Ok(response)) = response else { panic!("{response:?}") };
            assert_eq!(response.into_body().into_inner(), "polled");
        });
    }
}
