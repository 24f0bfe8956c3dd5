//! A middleware for `reqwest-middleware`. Feature `reqwest-middleware`.

use async_trait::async_trait;
use http::Extensions;
use reqwest_middleware::reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};
use tracing::Span;

use super::inject::inject_for_url;

/// A middleware that injects the current span's context into every request; see [`inject`](super::inject).
///
/// # Example
///
/// ```
/// use tracing_llmobs::propagation::reqwest::Propagation;
///
/// # fn client() -> reqwest::Client { reqwest::Client::builder().no_proxy().build().unwrap() }
/// let client = reqwest_middleware::ClientBuilder::new(client()).with(Propagation::new()).build();
/// ```
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Propagation;

impl Propagation {
    /// Creates the middleware.
    pub const fn new() -> Self {
        Self
    }
}

#[async_trait]
impl Middleware for Propagation {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let url = request.url().to_string();
        inject_for_url(&Span::current(), &url, request.headers_mut());
        next.run(request, extensions).await
    }
}
