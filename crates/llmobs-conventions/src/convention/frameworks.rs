//! Rust crates whose spans have attributes of their own. They are recognised by target and span name, because names
//! such as `model` mean nothing elsewhere.

use crate::Conventions;
use llmobs_model::SpanKind;

/// The spans of one framework.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Framework {
    pub(crate) convention: Conventions,
    /// The crates, whose modules are the targets.
    pub(crate) crates: &'static [&'static str],
    pub(crate) spans: &'static [(&'static str, SpanKind)],
    /// Its attributes, each with the known attribute that it stands for.
    pub(crate) attributes: &'static [(&'static str, &'static str)],
    /// The provider, if the framework has only one.
    pub(crate) provider: Option<&'static str>,
    /// The attribute that counts reasoning tokens, if the count of output tokens leaves them out.
    pub(crate) thoughts: Option<&'static str>,
    /// The beginning of the names of tool spans, which the name of the tool follows.
    pub(crate) tool_prefix: Option<&'static str>,
}

impl Framework {
    fn is_of(&self, target: &str) -> bool {
        let own = target.split("::").next().unwrap_or_default();
        self.crates.contains(&own)
    }

    /// Returns the name of the tool in the name of a tool span.
    pub(crate) fn tool_in(&self, span_name: &str) -> Option<String> {
        let tool = span_name.strip_prefix(self.tool_prefix?)?;
        (!tool.is_empty()).then(|| tool.to_owned())
    }

    /// Returns the kind of the framework's span of this name.
    pub(crate) fn kind(&self, span_name: &str) -> Option<SpanKind> {
        self.spans.iter().find(|(name, _)| *name == span_name).map(|(_, kind)| *kind)
    }
}

/// Returns the framework that a target belongs to.
pub(crate) fn framework(conventions: Conventions, target: &str) -> Option<&'static Framework> {
    FRAMEWORKS.iter().find(|framework| conventions.contains(framework.convention) && framework.is_of(target))
}

/// Returns whether a target is a module of one of rig's crates: `rig`, `rig_core`, `rig_agent`, but not `rigel`.
pub(crate) fn is_rig(target: &str) -> bool {
    let krate = target.split("::").next().unwrap_or_default();
    krate == "rig" || krate.starts_with("rig_")
}

/// Returns the kind of a framework's span.
pub(crate) fn kind(conventions: Conventions, target: &str, span_name: &str) -> Option<SpanKind> {
    framework(conventions, target)?.kind(span_name)
}

/// Returns whether a framework names the kind of the span.
pub(crate) fn has_span(target: &str, span_name: &str) -> bool {
    kind(Conventions::ALL, target, span_name).is_some()
}

/// Returns whether the framework of this target has an attribute of this name.
pub(crate) fn has_attribute(conventions: Conventions, target: &str, name: &str) -> bool {
    framework(conventions, target).is_some_and(|framework| framework.attributes.iter().any(|(own, _)| *own == name))
}

/// The attribute of adk's span around a model call that holds the whole request, its model among it.
pub(crate) const ADK_REQUEST: &str = "gcp.vertex.agent.llm_request";

pub(crate) const FRAMEWORKS: &[Framework] = &[
    Framework {
        convention: Conventions::LANGCHAIN_RUST,
        crates: &["langchain_rust"],
        spans: &[
            ("llm.generate", SpanKind::Llm),
            ("embed.documents", SpanKind::Embedding),
            ("embed.query", SpanKind::Embedding),
            ("chain.call", SpanKind::Workflow),
            ("agent.run", SpanKind::Agent),
            ("agent.plan", SpanKind::Workflow),
            ("tool.call", SpanKind::Tool),
        ],
        attributes: &[
            ("model", "gen_ai.request.model"),
            ("provider", "gen_ai.provider.name"),
            ("tool", "gen_ai.tool.name"),
            ("prompt_tokens", "gen_ai.usage.input_tokens"),
            ("completion_tokens", "gen_ai.usage.output_tokens"),
            ("total_tokens", "gen_ai.usage.total_tokens"),
        ],
        provider: None,
        thoughts: None,
        tool_prefix: None,
    },
    Framework {
        convention: Conventions::GEMINI_RUST,
        crates: &["gemini_rust"],
        spans: &[("generate_content_raw", SpanKind::Llm), ("embed_content", SpanKind::Embedding)],
        attributes: &[
            ("model", "gen_ai.request.model"),
            ("usage.prompt_tokens", "gen_ai.usage.input_tokens"),
            ("usage.candidates_tokens", "gen_ai.usage.output_tokens"),
            ("usage.thoughts_tokens", "gen_ai.usage.reasoning.output_tokens"),
            ("usage.cached_content_tokens", "gen_ai.usage.cache_read.input_tokens"),
            ("usage.total_tokens", "gen_ai.usage.total_tokens"),
        ],
        provider: Some("google"),
        thoughts: Some("usage.thoughts_tokens"),
        tool_prefix: None,
    },
    Framework {
        convention: Conventions::ADK_RUST,
        crates: &[
            "adk_agent",
            "adk_anthropic",
            "adk_cli",
            "adk_core",
            "adk_eval",
            "adk_gemini",
            "adk_graph",
            "adk_guardrail",
            "adk_memory",
            "adk_model",
            "adk_rag",
            "adk_realtime",
            "adk_runner",
            "adk_rust",
            "adk_server",
            "adk_session",
            "adk_telemetry",
            "adk_tool",
        ],
        spans: &[("agent.execute", SpanKind::Agent), ("call_llm", SpanKind::Llm)],
        attributes: &[
            ("agent.name", "gen_ai.agent.name"),
            ("tool.name", "gen_ai.tool.name"),
            (ADK_REQUEST, "gen_ai.input.messages"),
            ("gcp.vertex.agent.llm_response", "gen_ai.output.messages"),
        ],
        provider: None,
        thoughts: None,
        tool_prefix: None,
    },
    Framework {
        convention: Conventions::SWIFTIDE,
        crates: &["swiftide_agents", "swiftide_integrations"],
        spans: &[
            ("agent.query", SpanKind::Agent),
            ("agent.query_once", SpanKind::Agent),
            ("agent.run", SpanKind::Agent),
            ("agent.run_once", SpanKind::Agent),
            ("step", SpanKind::Workflow),
            ("tool", SpanKind::Tool),
            ("complete", SpanKind::Llm),
        ],
        attributes: &[("tool_name", "gen_ai.tool.name")],
        provider: None,
        thoughts: None,
        tool_prefix: Some("tool."),
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_matches_whole_segments() {
        for (target, expected) in [
            ("rig", true),
            ("rig::agent", true),
            ("rig_core::telemetry", true),
            ("rigel_assistant", false),
            ("brig", false),
        ] {
            assert_eq!(is_rig(target), expected, "{target}");
        }
    }

    #[test]
    fn names_mean_something_under_their_target_only() {
        let all = Conventions::ALL;
        let cases = [
            ("langchain_rust::observability", "llm.generate", Some(SpanKind::Llm)),
            ("langchain_rust", "tool.call", Some(SpanKind::Tool)),
            ("langchain_rusty", "tool.call", None),
            ("app", "llm.generate", None),
            ("langchain_rust", "other", None),
            ("gemini_rust::client", "generate_content_raw", Some(SpanKind::Llm)),
            ("adk_runner::runner", "agent.execute", Some(SpanKind::Agent)),
            ("adk_agent::llm_agent", "call_llm", Some(SpanKind::Llm)),
            ("adk_drivers::usb", "call_llm", None),
            ("swiftide_agents::agent", "step", Some(SpanKind::Workflow)),
            ("swiftide_agents_of_mine", "step", None),
            ("app", "tool", None),
        ];
        for (target, name, expected) in cases {
            assert_eq!(kind(all, target, name), expected, "{target} {name}");
            assert_eq!(kind(Conventions::GEN_AI, target, name), None, "{target} {name}");
        }
    }
}
