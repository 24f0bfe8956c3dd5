//! What is sent where: the paths and subdomains of the intakes.

use bytes::Bytes;

/// The JSON body of one request, and which intake it is for.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) route: Route,
    /// Attempts share it, so that each of them sends the same bytes.
    pub(crate) body: Bytes,
}

/// One of the intakes.
///
/// Source: dd-trace-py `ddtrace/llmobs/_constants.py`, as of August 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Span events.
    Spans,
    /// Evaluations and feedback.
    Evaluations,
}

impl Route {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Spans => "/api/v2/llmobs",
            Self::Evaluations => "/api/intake/llm-obs/v2/eval-metric",
        }
    }

    /// The first label of the intake's host. An agent is told by a header.
    pub(super) const fn subdomain(self) -> &'static str {
        match self {
            Self::Spans => "llmobs-intake",
            Self::Evaluations => "api",
        }
    }
}

/// What an agent has before the intake's path. All agents that can forward events have version 2.
pub(super) const AGENT_PREFIX: &str = "/evp_proxy/v2";
/// Where an agent says what it can do.
pub(super) const AGENT_INFO: &str = "/info";
/// Which header tells an agent the intake's subdomain.
pub(super) const SUBDOMAIN_HEADER: &str = "x-datadog-evp-subdomain";
/// Which header has the API key.
pub(super) const KEY_HEADER: &str = "dd-api-key";
