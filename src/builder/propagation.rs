//! Settings about other services.

use super::Builder;
use crate::config::Given;

impl Builder {
    /// Whether a span of kind `task` under which a request is made
    /// ([`propagation::inject`](crate::propagation::inject)) gets the tag `ml-proxy:custom`, by which Datadog finds the
    /// calls of proxy and gateway services.
    ///
    /// Default: `true`. Environment: none.
    pub fn mark_proxy_calls(mut self, mark: bool) -> Self {
        self.code.mark_proxy_calls = Some(Given::new("mark_proxy_calls", Ok(mark)));
        self
    }

    /// Base URLs of gateways that report the model calls made through them, separated by commas. An `llm` span that
    /// calls one (by the client layers of this crate) becomes a `workflow`, so that no call is counted twice. A request goes
    /// to a gateway when scheme, host and port are the same and its path is that of the gateway or below it.
    ///
    /// Default: none. Environment: `DD_LLMOBS_INSTRUMENTED_PROXY_URLS`.
    pub fn instrumented_proxy_urls(mut self, urls: impl Into<String>) -> Self {
        self.code.instrumented_proxy_urls = super::text("instrumented_proxy_urls", urls.into());
        self
    }
}
