//! The layer, and the service that it makes.

use std::any::Any;
use std::fmt::{Debug, Display};
use std::mem;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use bytes::Bytes;
use reqwest::{Body, Response, ResponseBuilderExt};
use tower_layer::Layer;
use tower_service::Service;
use tracing::instrument::Instrument;
use tracing_llmobs::observe::{ClientCall, EndpointRules, ObservedBody};

/// A `tower` layer for the HTTP service of an `async-openai` client that records every model call as a span.
///
/// Put it outermost, so that a call with its retries is one span. [The crate's page](crate) has an example.
#[derive(Debug, Clone, Default)]
pub struct LlmObsClientLayer {
    rules: EndpointRules,
}

impl LlmObsClientLayer {
    /// Creates a layer with the default rules.
    pub const fn new() -> Self {
        Self { rules: EndpointRules::new() }
    }

    /// Sets the rules that decide which requests are model calls, for example to name the provider behind a base URL.
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

/// The service that [`LlmObsClientLayer`] makes of a client's service.
#[derive(Debug, Clone)]
pub struct LlmObsClient<S> {
    inner: S,
    rules: EndpointRules,
}

impl<S> Service<HttpRequestFactory> for LlmObsClient<S>
where
    S: Service<HttpRequestFactory, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Display + Debug + Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        // The future takes the service that was polled ready, and leaves a clone.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let rules = self.rules.clone();
        Box::pin(async move {
            let (call, factory) = begin(&rules, factory).await;
            let Some(mut call) = call else { return inner.call(factory).await };
            let span = call.span();
            let response = span.in_scope(|| inner.call(factory));
            match response.instrument(span).await {
                Ok(response) => Ok(observe_body(response, call)),
                Err(error) => {
                    fail(&mut call, &error);
                    Err(error)
                }
            }
        })
    }
}

/// Begins to observe the request that a factory builds, and returns a factory that yields this very request first.
///
/// Building it a second time could open a file again or find a stream used up. A request that cannot be built fails where
/// it is sent, as it would without this layer.
async fn begin(rules: &EndpointRules, factory: HttpRequestFactory) -> (Option<ClientCall>, HttpRequestFactory) {
    let built = factory.build().await;
    let call = built.as_ref().ok().and_then(|request| {
        let body = || request_bytes(request.body());
        ClientCall::begin(rules, request.method().as_str(), request.url().as_str(), body)
    });
    let first = Mutex::new(Some(built));
    let factory = HttpRequestFactory::new(move || {
        let built = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let factory = factory.clone();
        async move {
            match built {
                Some(built) => built,
                None => factory.build().await,
            }
        }
    });
    (call, factory)
}

/// Records why there is no response. The client's own error has sources; that of a layer may be a boxed one.
fn fail<E: Display + Debug + 'static>(call: &mut ClientCall, error: &E) {
    let any: &dyn Any = error;
    match any.downcast_ref::<OpenAIError>() {
        Some(error) => call.fail(error),
        None => call.fail_display(error),
    }
}

/// Returns the response with its body observed. Status, version, headers, extensions and URL stay.
fn observe_body(response: Response, mut call: ClientCall) -> Response {
    call.response(response.status().as_u16(), response.headers());
    let url = response.url().clone();
    let (mut parts, inner) = http::Response::<Body>::from(response).into_parts();
    // reqwest keeps the URL in an extension of a private type; its builder is the only way to make one.
    if let Ok(with_url) = http::Response::builder().url(url).body(()) {
        parts.extensions.extend(with_url.into_parts().0.extensions);
    }
    let body = Body::wrap(ObservedBody::new(inner, Some(call)));
    Response::from(http::Response::from_parts(parts, body))
}

/// Returns the body's bytes; none of a body that is a stream, such as a file upload.
fn request_bytes(body: Option<&Body>) -> Bytes {
    body.and_then(Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default()
}
