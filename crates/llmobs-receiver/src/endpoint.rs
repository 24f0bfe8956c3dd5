//! Endpoints: the parts of the intake and of the Agent that requests mean.

use serde_json::{Value, json};

/// The part of the intake or of the Agent that a request means, by its method and path.
///
/// # Example
///
/// ```
/// use llmobs_receiver::Endpoint;
///
/// assert_eq!(Endpoint::of("POST", "/api/v2/llmobs", false), Endpoint::Spans);
/// assert_eq!(Endpoint::of("GET", "/info", false), Endpoint::Info);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Span events.
    Spans,
    /// Evaluations and feedback.
    Evaluations,
    /// APM traces in a format that may carry span events.
    Traces,
    /// APM traces in a format that has no room for span events.
    PlainTraces,
    /// The features of the Agent.
    Info,
    /// A known path with a method that it does not take.
    WrongMethod,
    /// A request for the Agent's proxy without the header that names the intake.
    NoSubdomain,
    /// A path of LLM Observability that is not known here: a status of 200 would be a lie.
    Unknown,
    /// Anything else that an SDK may send: telemetry, statistics, configuration.
    Other,
}

impl Endpoint {
    /// Finds the endpoint; `has_subdomain` is true when the request names the intake for the Agent.
    ///
    /// Only the end of the path counts, and slashes may be doubled: recording proxies and gateways put something
    /// before it, and so does a base URL that ends in a slash.
    /// Source: `dd-trace-py` `ddtrace/llmobs/_constants.py`, `datadog-agent` `pkg/trace/api/evp_proxy.go` and
    /// `pkg/trace/api/endpoints.go`.
    pub fn of(method: &str, path: &str, has_subdomain: bool) -> Self {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            ["info"] => Self::Info,
            [before @ .., "api", "v2", "llmobs"] => Self::Spans.of_intake(method, before, has_subdomain),
            [before @ .., "api", "intake", "llm-obs", "v1" | "v2", "eval-metric"] => {
                Self::Evaluations.of_intake(method, before, has_subdomain)
            }
            [.., "v0.3" | "v0.4" | "v0.7", "traces"] => Self::Traces.of_agent(method),
            [.., "v0.5", "traces"] => Self::PlainTraces.of_agent(method),
            _ if parts.iter().any(|part| part.contains("llmobs") || part.contains("llm-obs")) => Self::Unknown,
            _ => Self::Other,
        }
    }

    /// Returns whether requests bring spans or evaluations.
    pub const fn takes_items(self) -> bool {
        matches!(self, Self::Spans | Self::Evaluations | Self::Traces | Self::PlainTraces)
    }

    fn of_intake(self, method: &str, before: &[&str], has_subdomain: bool) -> Self {
        if method != "POST" {
            return Self::WrongMethod;
        }
        if before.contains(&PROXY) && !has_subdomain { Self::NoSubdomain } else { self }
    }

    fn of_agent(self, method: &str) -> Self {
        if matches!(method, "POST" | "PUT") { self } else { Self::WrongMethod }
    }
}

/// Returns the response to `GET /info` of an Agent that passes spans and evaluations on.
///
/// # Example
///
/// ```
/// assert_eq!(llmobs_receiver::agent_info()["endpoints"][0], "/v0.3/traces");
/// ```
pub fn agent_info() -> Value {
    json!({
        "version": "7.99.0",
        "endpoints": [
            "/v0.3/traces", "/v0.4/traces", "/v0.5/traces", "/v0.7/traces", "/v0.6/stats",
            "/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v3/", "/evp_proxy/v4/", "/telemetry/proxy/",
        ],
        "client_drop_p0s": false,
        "evp_proxy_allowed_headers": ["Content-Type", "Accept-Encoding", "Content-Encoding", "User-Agent"],
        "config": {"default_env": "none", "target_tps": 10},
    })
}

/// The header that tells the Agent which intake is meant; the Agent's proxy refuses requests without it.
pub const SUBDOMAIN: &str = "x-datadog-evp-subdomain";

/// The part of a path below which the Agent passes requests on.
const PROXY: &str = "evp_proxy";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_intake_and_of_the_agent_are_known() {
        for (method, path, subdomain, endpoint) in [
            ("POST", "/api/v2/llmobs", false, Endpoint::Spans),
            ("POST", "/api/v2/llmobs/", false, Endpoint::Spans),
            ("POST", "//api/v2/llmobs", false, Endpoint::Spans),
            ("POST", "/api//v2/llmobs//", false, Endpoint::Spans),
            ("POST", "/vcr/datadog/api/v2/llmobs", false, Endpoint::Spans),
            ("POST", "/evp_proxy/v2/api/v2/llmobs", true, Endpoint::Spans),
            ("POST", "/evp_proxy/v2/api/v2/llmobs/", true, Endpoint::Spans),
            ("POST", "/evp_proxy/v4/api/v2/llmobs", true, Endpoint::Spans),
            ("POST", "/gateway/evp_proxy/v4//api/v2/llmobs", true, Endpoint::Spans),
            ("POST", "/evp_proxy/v2/api/v2/llmobs", false, Endpoint::NoSubdomain),
            ("POST", "/gateway/evp_proxy/v4/api/v2/llmobs", false, Endpoint::NoSubdomain),
            ("POST", "/api/intake/llm-obs/v1/eval-metric", false, Endpoint::Evaluations),
            ("POST", "/api/intake/llm-obs/v2/eval-metric", false, Endpoint::Evaluations),
            ("POST", "/vcr/datadog/api/intake/llm-obs/v2/eval-metric/", false, Endpoint::Evaluations),
            ("POST", "/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric", true, Endpoint::Evaluations),
            ("GET", "/api/v2/llmobs", false, Endpoint::WrongMethod),
            ("PUT", "/api/v2/llmobs", false, Endpoint::WrongMethod),
            ("POST", "/api/v3/llmobs", false, Endpoint::Unknown),
            ("POST", "/api/v2/llmobs/more", false, Endpoint::Unknown),
            ("POST", "/llmobs", false, Endpoint::Unknown),
            ("GET", "/api/unstable/llm-obs/v1/datasets", false, Endpoint::Unknown),
            ("POST", "/evp_proxy/v2/api/intake/llm-obs/v3/eval-metric", true, Endpoint::Unknown),
            ("GET", "/info", false, Endpoint::Info),
            ("GET", "//info/", false, Endpoint::Info),
            ("PUT", "/v0.4/traces", false, Endpoint::Traces),
            ("POST", "/v0.4/traces", false, Endpoint::Traces),
            ("POST", "/gateway//v0.3/traces/", false, Endpoint::Traces),
            ("POST", "/v0.7/traces", false, Endpoint::Traces),
            ("GET", "/v0.4/traces", false, Endpoint::WrongMethod),
            ("POST", "/v0.5/traces", false, Endpoint::PlainTraces),
            ("POST", "/v0.6/stats", false, Endpoint::Other),
            ("POST", "/evp_proxy/v2/api/v2/apmtelemetry", true, Endpoint::Other),
            ("GET", "/", false, Endpoint::Other),
        ] {
            assert_eq!(Endpoint::of(method, path, subdomain), endpoint, "{method} {path}");
        }
    }
}
