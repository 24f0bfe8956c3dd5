//! A middleware that observes the model calls of `reqwest-middleware`. Feature `reqwest-middleware`.

use async_trait::async_trait;
use bytes::Bytes;
use http::Extensions;
use reqwest::ResponseBuilderExt;
use reqwest_middleware::reqwest::{Body, Request, Response};
use reqwest_middleware::{Middleware, Next};
use tracing::instrument::Instrument;

use super::client_call::ClientCall;
use super::endpoint_rules::EndpointRules;
use super::observed_body::ObservedBody;

/// A middleware that records every model call as a span, whichever crate makes it: model, messages, tools, usage, time to
/// the first token, errors.
///
/// Put it first, so that a call with its retries is one span, and
/// [`Propagation`](crate::propagation::reqwest::Propagation) after it.
///
/// # Example
///
/// ```
/// use tracing_llmobs::observe::reqwest::LlmObsMiddleware;
///
/// # fn client() -> reqwest::Client { reqwest::Client::builder().no_proxy().build().unwrap() }
/// let client = reqwest_middleware::ClientBuilder::new(client()).with(LlmObsMiddleware::new()).build();
/// ```
#[derive(Debug, Clone, Default)]
pub struct LlmObsMiddleware {
    rules: EndpointRules,
}

impl LlmObsMiddleware {
    /// Creates a middleware with the default rules.
    pub const fn new() -> Self {
        Self { rules: EndpointRules::new() }
    }

    /// Sets the rules that decide which requests are model calls.
    pub fn rules(mut self, rules: EndpointRules) -> Self {
        self.rules = rules;
        self
    }
}

#[async_trait]
impl Middleware for LlmObsMiddleware {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let body = || request_bytes(request.body());
        let call = ClientCall::begin(&self.rules, request.method().as_str(), request.url().as_str(), body);
        let Some(mut call) = call else { return next.run(request, extensions).await };
        let span = call.span();
        match next.run(request, extensions).instrument(span).await {
            Ok(response) => Ok(observe_body(response, call)),
            Err(error) => {
                call.fail(&error);
                Err(error)
            }
        }
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

/// Returns the body's bytes; none of a body that is a stream.
fn request_bytes(body: Option<&Body>) -> Bytes {
    body.and_then(Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default()
}
