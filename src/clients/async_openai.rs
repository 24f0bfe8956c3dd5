//! A layer for `async-openai`. Feature `async-openai`.
//!
//! `with_http_service` replaces what `async-openai` does by itself, so its own retry layer is named anew, below this one.
//!
//! A streamed answer has token counts only if the request asks for them (`stream_options.include_usage`).
//!
//! # Example
//!
//! ```
//! use async_openai::middleware::{ReqwestService, retry::OpenAIRetryLayer};
//! use async_openai::{Client, config::OpenAIConfig};
//! use tower_layer::Layer;
//! use tracing_llmobs::clients::async_openai::ObserveLayer;
//!
//! # fn client() -> reqwest::Client { reqwest::Client::builder().no_proxy().build().unwrap() }
//! // With `tower`: `ServiceBuilder::new().layer(ObserveLayer::new()).layer(OpenAIRetryLayer::default()).service(…)`.
//! let service = ObserveLayer::new().layer(OpenAIRetryLayer::default().layer(ReqwestService::new(client())));
//! let client = Client::with_config(OpenAIConfig::default()).with_http_service(service);
//! # let _ = client;
//! ```

use std::fmt::Display;
use std::mem;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use async_openai::middleware::HttpRequestFactory;
use reqwest::Response;
use tower_service::Service;
use tracing::instrument::Instrument;

use super::calls::Calls;
pub use super::layer::{Observe, ObserveLayer};
use super::observation::Observation;
use super::response::{observed, sent};

impl<S> Service<HttpRequestFactory> for Observe<S>
where
    S: Service<HttpRequestFactory, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Display + Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let next = self.inner.clone();
        // The one that was asked whether it is ready.
        let mut inner = mem::replace(&mut self.inner, next);
        let calls = self.calls.clone();
        Box::pin(async move {
            let (observation, factory) = see(&calls, factory).await;
            let Some(mut observation) = observation else { return inner.call(factory).await };
            let span = observation.span();
            let sent = span.in_scope(|| inner.call(factory));
            match sent.instrument(span).await {
                Ok(response) => Ok(observed(response, observation)),
                Err(error) => {
                    observation.fail(&error);
                    Err(error)
                }
            }
        })
    }
}

/// Looks at the request as it will be sent. What was built is sent: to build it once more would open a file, or use up a
/// stream, that is there for one attempt only; what could not be built fails when it is to be sent.
async fn see(calls: &Calls, factory: HttpRequestFactory) -> (Option<Observation>, HttpRequestFactory) {
    let built = factory.build().await;
    let observation = built.as_ref().ok().and_then(|request| {
        let body = || sent(request.body());
        Observation::begin(calls, request.method().as_str(), request.url().as_str(), body)
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
    (observation, factory)
}
