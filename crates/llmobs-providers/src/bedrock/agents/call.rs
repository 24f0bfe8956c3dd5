//! The codec of `InvokeAgent`.
//!
//! Source: the API reference of `BedrockAgent` for Amazon Bedrock Runtime, `InvokeAgent`, and what Datadog's Python SDK shows of it:
//! an `agent` span with the texts, and its steps below it.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::AgentAssembler;
use super::steps;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json;
use llmobs_model::Annotation;

/// `POST /agents/{id}/agentAliases/{alias}/sessions/{session}/text`.
#[derive(Debug)]
pub(crate) struct BedrockAgent;

/// The agent, alias and session that a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AgentUrl<'a> {
    agent: &'a str,
    alias: &'a str,
    pub(crate) session: &'a str,
}

impl<'a> AgentUrl<'a> {
    /// Reads `{id}/agentAliases/{alias}/sessions/{session}`.
    pub(crate) fn read(path: &'a str) -> Option<Self> {
        let mut parts = path.split('/');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (agent, aliases, alias, sessions, session) = (next()?, next()?, next()?, next()?, next()?);
        let is_whole = aliases == "agentAliases" && sessions == "sessions" && parts.next().is_none();
        is_whole.then_some(Self { agent, alias, session })
    }

    fn of(endpoint: &'a Endpoint) -> Option<Self> {
        Self::read(endpoint.model.as_deref()?)
    }
}

impl Codec for BedrockAgent {
    fn name(&self, endpoint: &Endpoint) -> Cow<'static, str> {
        let agent = AgentUrl::of(endpoint).map(|place| place.agent).unwrap_or_default();
        format!("Bedrock Agent {agent}").trim_end().to_owned().into()
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut annotation = Annotation::new();
        if let Some(AgentUrl { agent, alias, session }) = AgentUrl::of(endpoint) {
            annotation = annotation.session_id(session).metadata("agent_id", agent).metadata("agent_alias_id", alias);
        }
        match json::text(request, "inputText") {
            "" => annotation,
            text => annotation.input(text),
        }
    }

    fn annotate_response(&self, annotation: Annotation, response: Response<'_>) -> Annotation {
        let body = response.body;
        // What the agent wants the application to do stands where its answer would.
        let asked = json::present(body, "returnControl").map(|asked| json::as_text(asked).into_owned());
        let text = [json::text(body, "completion"), asked.as_deref().unwrap_or_default()].into_iter();
        let text: Vec<&str> = text.filter(|text| !text.is_empty()).collect();
        let annotation = annotation.output(text.join("\n"));
        let citations = json::items(body, "citations");
        let annotation = if citations.is_empty() { annotation } else { annotation.metadata("citations", citations) };
        if response.endpoint.is_proxy {
            return annotation;
        }
        steps::of(json::items(body, "traces")).into_iter().fold(annotation, Annotation::synthesized_span)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(AgentAssembler::default())
    }
}
