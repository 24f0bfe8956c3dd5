//! A middleware for `reqwest-middleware`. Feature `reqwest-middleware`.

use async_trait::async_trait;
use http::Extensions;
use reqwest_middleware::reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};
use tracing::instrument::Instrument;

use super::calls::Calls;
use super::observation::Observation;
use super::response::{observed, sent};

/// Every call of a model is a span, whichever crate makes it: model, messages, tools, usage, time to the first token, errors.
///
/// Put it first, so that a call with its retries is one span, and
/// [`Propagation`](crate::propagation::reqwest::Propagation) after it.
///
/// # Example
///
/// ```
/// use tracing_llmobs::clients::reqwest::Observe;
///
/// # fn client() -> reqwest::Client { reqwest::Client::builder().no_proxy().build().unwrap() }
/// let client = reqwest_middleware::ClientBuilder::new(client()).with(Observe::new()).build();
/// ```
#[derive(Debug, Clone, Default)]
pub struct Observe {
    calls: Calls,
}

impl Observe {
    /// The middleware, for all calls that are known.
    pub const fn new() -> Self {
        Self { calls: Calls::new() }
    }

    /// Says which requests are calls of models.
    pub fn calls(mut self, calls: Calls) -> Self {
        self.calls = calls;
        self
    }
}

#[async_trait]
impl Middleware for Observe {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let body = || sent(request.body());
        let observation = Observation::begin(&self.calls, request.method().as_str(), request.url().as_str(), body);
        let Some(mut observation) = observation else { return next.run(request, extensions).await };
        let span = observation.span();
        match next.run(request, extensions).instrument(span).await {
            Ok(response) => Ok(observed(response, observation)),
            Err(error) => {
                observation.fail(&error);
                Err(error)
            }
        }
    }
}
