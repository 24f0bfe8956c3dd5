//! Layers for `tower`: servers (axum, tonic) and clients. Feature `tower`.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;
use tracing::field::Empty;
use tracing::instrument::{Instrument, Instrumented};
use tracing::{Span, info_span};

use super::extract::{Trust, extract_trusting};
use super::inject::inject_for_url;
use crate::capture::LlmObsSpanExt;
use crate::fields;

/// A layer for servers: LLM spans that start while a request is handled become children of the caller's span, and so do
/// the spans of services that are called meanwhile, even if no LLM span starts here.
///
/// A request whose headers hold a span context is handled inside a `tracing` span named `request`, of the target
/// `tracing_llmobs::propagation` and the level INFO, which is no LLM span itself.
///
/// The default trusts callers with everything, sampling decision and session included. On a public edge, set
/// [`Trust::Place`] or [`Trust::Nothing`].
///
/// # Example
///
/// ```
/// use tower_layer::Layer;
/// use tracing_llmobs::propagation::{Trust, tower::ServerLayer};
///
/// # #[derive(Clone)]
/// # struct Service;
/// // With axum: `Router::new().route(…).layer(ServerLayer::new())`.
/// let service = ServerLayer::new().trust(Trust::Place).layer(Service);
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerLayer {
    trust: Trust,
}

impl ServerLayer {
    /// Creates a layer with [`Trust::All`].
    pub const fn new() -> Self {
        Self { trust: Trust::All }
    }

    /// Sets how much of the callers' headers is believed. Default: [`Trust::All`].
    pub const fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }
}

impl<S> Layer<S> for ServerLayer {
    type Service = Server<S>;

    fn layer(&self, inner: S) -> Server<S> {
        Server { inner, trust: self.trust }
    }
}

/// The service that [`ServerLayer`] makes of another one.
#[derive(Debug, Clone)]
pub struct Server<S> {
    inner: S,
    trust: Trust,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Server<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Instrumented<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut span = Span::none();
        if let Some(parent) = extract_trusting(request.headers(), self.trust) {
            // The layer sees only spans with a declared `llmobs.*` field; this one stays empty.
            span = info_span!(target: "tracing_llmobs::propagation", "request", { fields::ML_APP } = Empty);
            span.set_llmobs_parent(parent);
        }
        let future = span.in_scope(|| self.inner.call(request));
        future.instrument(span)
    }
}

/// A layer for clients that injects the current span's context into every request; see [`inject`](super::inject).
///
/// # Example
///
/// ```
/// use tower_layer::Layer;
/// use tracing_llmobs::propagation::tower::ClientLayer;
///
/// # #[derive(Clone)]
/// # struct Service;
/// let service = ClientLayer::new().layer(Service);
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct ClientLayer;

impl ClientLayer {
    /// Creates the layer.
    pub const fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = Client<S>;

    fn layer(&self, inner: S) -> Client<S> {
        Client { inner }
    }
}

/// The service that [`ClientLayer`] makes of another one.
#[derive(Debug, Clone)]
pub struct Client<S> {
    inner: S,
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for Client<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let url = request.uri().to_string();
        inject_for_url(&Span::current(), &url, request.headers_mut());
        self.inner.call(request)
    }
}
