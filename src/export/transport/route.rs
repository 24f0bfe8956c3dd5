//! The intakes: paths and subdomains.

use bytes::Bytes;

/// The JSON body of a request, and the intake that it is for.
#[derive(Debug, Clone)]
pub(crate) struct Payload {
    pub(crate) route: Route,
    /// Shared by all attempts, so that each sends the same bytes.
    pub(crate) body: Bytes,
    /// The end of each item in the body, for carriers only.
    pub(crate) ends: Vec<usize>,
}

/// An intake.
///
/// Source: dd-trace-py `ddtrace/llmobs/_constants.py`, as of August 2026.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    /// Span events.
    Spans,
    /// Evaluations.
    Evaluations,
    /// Feedback: the same address as evaluations, with a lane of its own.
    Feedback,
}

impl Route {
    /// All routes, by their index.
    pub(crate) const ALL: [Self; 3] = [Self::Spans, Self::Evaluations, Self::Feedback];

    /// Returns the position of the route in [`ALL`](Self::ALL).
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Spans => 0,
            Self::Evaluations => 1,
            Self::Feedback => 2,
        }
    }

    /// Returns the name of the items, as it stands in log lines.
    pub(crate) const fn items(self) -> &'static str {
        match self {
            Self::Spans => "spans",
            Self::Evaluations => "evaluations",
            Self::Feedback => "feedback",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Spans => "/api/v2/llmobs",
            Self::Evaluations | Self::Feedback => "/api/intake/llm-obs/v2/eval-metric",
        }
    }

    /// Returns the first label of the intake's host. An agent gets it in a header.
    pub(super) const fn subdomain(self) -> &'static str {
        match self {
            Self::Spans => "llmobs-intake",
            Self::Evaluations | Self::Feedback => "api",
        }
    }
}

/// The prefix of the intake's path at an agent. All agents that can forward events have version 2.
pub(super) const AGENT_PREFIX: &str = "/evp_proxy/v2";
/// The path at which an agent lists its endpoints.
pub(super) const AGENT_INFO: &str = "/info";
/// The header with the intake's subdomain, for agents.
pub(super) const SUBDOMAIN_HEADER: &str = "x-datadog-evp-subdomain";
/// The header with the API key.
pub(super) const KEY_HEADER: &str = "dd-api-key";
