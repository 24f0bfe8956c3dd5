//! Which part of the intake or of the Agent a request means.

use serde_json::{Value, json};

/// What a path stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Span events.
    Spans,
    /// Evaluations and feedback.
    Evaluations,
    /// What the Agent can do.
    Info,
    /// One of the two above, by a method that it does not take.
    WrongMethod,
    /// An event that the Agent refuses to pass on, because it does not say where to.
    NoSubdomain,
    /// Anything else that an SDK may send: traces, telemetry, configuration.
    Other,
}

impl Endpoint {
    /// Finds the endpoint; `has_subdomain` is whether the request names the intake for the Agent.
    ///
    /// Source: `dd-trace-py` `ddtrace/llmobs/_constants.py`, `datadog-agent` `pkg/trace/api/evp_proxy.go`.
    pub(super) fn of(method: &str, path: &str, has_subdomain: bool) -> Self {
        if path.trim_end_matches('/') == INFO {
            return Self::Info;
        }
        let direct = PROXIES.into_iter().find_map(|prefix| path.strip_prefix(prefix));
        let endpoint = match direct.unwrap_or(path) {
            SPANS => Self::Spans,
            EVALUATIONS | EVALUATIONS_V1 => Self::Evaluations,
            _ => return Self::Other,
        };
        if method != "POST" {
            return Self::WrongMethod;
        }
        if direct.is_some() && !has_subdomain { Self::NoSubdomain } else { endpoint }
    }
}

/// What an Agent says about itself.
pub(super) fn agent_info() -> Value {
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

/// The header that tells the Agent which intake is meant.
pub(super) const SUBDOMAIN: &str = "x-datadog-evp-subdomain";

const INFO: &str = "/info";
const PROXIES: [&str; 4] = ["/evp_proxy/v1", "/evp_proxy/v2", "/evp_proxy/v3", "/evp_proxy/v4"];
const SPANS: &str = "/api/v2/llmobs";
const EVALUATIONS: &str = "/api/intake/llm-obs/v2/eval-metric";
const EVALUATIONS_V1: &str = "/api/intake/llm-obs/v1/eval-metric";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_intake_and_of_the_agent_are_known() {
        for (method, path, subdomain, endpoint) in [
            ("POST", "/api/v2/llmobs", false, Endpoint::Spans),
            ("POST", "/evp_proxy/v2/api/v2/llmobs", true, Endpoint::Spans),
            ("POST", "/evp_proxy/v4/api/v2/llmobs", true, Endpoint::Spans),
            ("POST", "/evp_proxy/v2/api/v2/llmobs", false, Endpoint::NoSubdomain),
            ("POST", "/api/intake/llm-obs/v1/eval-metric", false, Endpoint::Evaluations),
            ("POST", "/api/intake/llm-obs/v2/eval-metric", false, Endpoint::Evaluations),
            ("POST", "/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric", true, Endpoint::Evaluations),
            ("GET", "/api/v2/llmobs", false, Endpoint::WrongMethod),
            ("GET", "/info", false, Endpoint::Info),
            ("PUT", "/v0.4/traces", false, Endpoint::Other),
            ("POST", "/evp_proxy/v2/api/v2/apmtelemetry", true, Endpoint::Other),
        ] {
            assert_eq!(Endpoint::of(method, path, subdomain), endpoint, "{method} {path}");
        }
    }
}
