//! The builder's settings about other services.

use super::Builder;
use crate::config::Given;

impl Builder {
    /// Tags a span of kind `task` under which a request is made ([`propagation::inject`](crate::propagation::inject)) with
    /// `ml-proxy:custom`, by which Datadog finds the calls of proxy and gateway services.
    ///
    /// Default: `true`. Environment: none.
    pub fn mark_proxy_calls(mut self, mark: bool) -> Self {
        self.code.rest.mark_proxy_calls = Some(Given::new("mark_proxy_calls", Ok(mark)));
        self
    }
}
