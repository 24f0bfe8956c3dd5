//! A layer for any `tower` client that speaks in `http` types: hyper's, and what is built on it. Feature `tower`.
//!
//! Put [`ClientLayer`](crate::propagation::tower::ClientLayer) below it, so that who is asked is told of the call's span.
//!
//! The bodies pass through [`RequestBody`] and [`ResponseBody`], so the service below is one for `Request<RequestBody<B>>`. One
//! for a single type of bodies, a boxed one, has `ServiceBuilder::map_request` in between:
//! `.map_request(|request: http::Request<_>| request.map(BoxBody::new))`.
//!
//! # Example
//!
//! ```
//! use tower_layer::Layer;
//! use tracing_llmobs::clients::tower::ObserveLayer;
//!
//! # #[derive(Clone)]
//! # struct Http;
//! // With `hyper-util`: `ServiceBuilder::new().layer(ObserveLayer::new()).service(Client::builder(executor).build(connector))`.
//! let service = ObserveLayer::new().layer(Http);
//! # let _ = service;
//! ```

use std::fmt::Display;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;
use tracing::instrument::{Instrument, Instrumented};

pub use super::body::ResponseBody;
pub use super::layer::{Observe, ObserveLayer};
use super::observation::Observation;
use super::sending::Sending;
use llmobs_providers::Call;

impl<S, B, R> Service<Request<B>> for Observe<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Error: Display,
    B: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let sending = Sending::default();
        let begin = |endpoint| Call::with_request_bytes(endpoint, sending.clone());
        let observation = Observation::begin_call(&self.calls, request.method().as_str(), &url(&request), begin);
        let told = observation.as_ref().map(|observation| sending.counted(observation.held_beside()));
        // A request that is no call of a model runs in whatever span it is polled in, as it would without us.
        let span = observation.as_ref().map_or_else(Span::none, Observation::span);
        let request = request.map(|inner| RequestBody { inner, told, passed: 0 });
        let sent = span.in_scope(|| self.inner.call(request));
        ResponseFuture { sent: sent.instrument(span), observation }
    }
}

/// Where a request goes. Over a connection that is open already it says only the path, and the host aside.
fn url<B>(request: &Request<B>) -> String {
    let uri = request.uri();
    let host = request.headers().get(header::HOST).filter(|_| uri.authority().is_none());
    match host.and_then(|host| host.to_str().ok()) {
        Some(host) => format!("https://{host}{uri}"),
        None => uri.to_string(),
    }
}

pin_project! {
    /// The answer to come of a service below [`ObserveLayer`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        sent: Instrumented<F>,
        observation: Option<Observation>,
    }
}

impl<F, R, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Display,
{
    type Output = Result<Response<ResponseBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.sent.poll(cx));
        let mut observation = this.observation.take();
        if let Some(observation) = &mut observation {
            match &answer {
                Ok(response) => observation.head(response.status().as_u16(), response.headers()),
                Err(error) => observation.fail(error),
            }
        }
        Poll::Ready(answer.map(|response| response.map(|inner| ResponseBody::new(inner, observation))))
    }
}

pin_project! {
    /// A body that tells what it yields, and passes everything on as it comes.
    #[derive(Debug, Clone)]
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        // Of a call that is observed.
        told: Option<Sending>,
        // A copy that is sent again begins anew.
        passed: usize,
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
        if let Some((told, data)) = this.told.as_ref().zip(data) {
            told.piece(*this.passed, data.as_ref());
            *this.passed = this.passed.saturating_add(data.as_ref().len());
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
    use tower_layer::Layer;

    use super::*;

    #[test]
    fn where_a_request_goes_is_said_by_its_uri_or_by_its_host() {
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

    /// Answers with the name of the span that it is polled in.
    #[derive(Clone)]
    struct Within;

    impl<B> Service<Request<B>> for Within {
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
    fn a_request_that_is_no_call_runs_in_the_span_that_it_is_polled_in() {
        let subscriber = tracing_subscriber::fmt().with_writer(std::io::sink).finish();
        tracing::subscriber::with_default(subscriber, || {
            let (called, polled) = (tracing::info_span!("called"), tracing::info_span!("polled"));
            let mut service = ObserveLayer::new().layer(Within);
            let request = Request::get("http://h/v1/models").body(String::new()).unwrap();
            let mut answer = Box::pin(called.in_scope(|| service.call(request)));
            let mut context = Context::from_waker(std::task::Waker::noop());
            let answer = polled.in_scope(|| answer.as_mut().poll(&mut context));
            let Poll::Ready(Ok(answer)) = answer else { panic!("{answer:?}") };
            assert_eq!(answer.into_body().inner, "polled");
        });
    }
}
