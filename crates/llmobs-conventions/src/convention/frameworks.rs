//! Crates whose spans have attributes of their own: known by target and name, because the attributes mean nothing elsewhere.

use crate::Conventions;
use llmobs_model::SpanKind;

/// What is known about the spans of one crate.
pub(crate) struct Framework {
    pub(crate) convention: Conventions,
    /// The crate's modules are its targets, and so are those of the crates that share the prefix up to `_`.
    pub(crate) crates: &'static str,
    pub(crate) spans: &'static [(&'static str, SpanKind)],
    /// Its attributes, and which word of the tables each stands for.
    pub(crate) attributes: &'static [(&'static str, &'static str)],
    /// Who serves the models, where the crate knows one only.
    pub(crate) provider: Option<&'static str>,
    /// Its count of what came out leaves the thoughts out, which are counted in this word.
    pub(crate) thoughts: Option<&'static str>,
}

impl Framework {
    fn is_of(&self, target: &str) -> bool {
        let Some(rest) = target.strip_prefix(self.crates) else { return false };
        rest.is_empty() || rest.starts_with("::") || self.crates.ends_with('_')
    }

    /// The kind of its span of this name.
    pub(crate) fn kind(&self, span_name: &str) -> Option<SpanKind> {
        self.spans.iter().find(|(name, _)| *name == span_name).map(|(_, kind)| *kind)
    }
}

/// The framework of a target.
pub(crate) fn framework(conventions: Conventions, target: &str) -> Option<&'static Framework> {
    FRAMEWORKS.iter().find(|framework| conventions.contains(framework.convention) && framework.is_of(target))
}

/// The kind that a framework gives a span.
pub(crate) fn kind(conventions: Conventions, target: &str, span_name: &str) -> Option<SpanKind> {
    framework(conventions, target)?.kind(span_name)
}

/// The thoughts that a crate leaves out of what came out.
pub(crate) fn thoughts(target: &str) -> Option<&'static str> {
    framework(Conventions::ALL, target)?.thoughts
}

/// Whether a framework knows the span.
pub(crate) fn has_span(target: &str, span_name: &str) -> bool {
    kind(Conventions::ALL, target, span_name).is_some()
}

/// Whether a framework of the target has the word.
pub(crate) fn has_attribute(conventions: Conventions, target: &str, name: &str) -> bool {
    framework(conventions, target).is_some_and(|framework| framework.attributes.iter().any(|(word, _)| *word == name))
}

pub(crate) const FRAMEWORKS: &[Framework] = &[
    Framework {
        convention: Conventions::LANGCHAIN_RUST,
        crates: "langchain_rust",
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
    },
    Framework {
        convention: Conventions::GEMINI_RUST,
        crates: "gemini_rust",
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
    },
    Framework {
        convention: Conventions::ADK_RUST,
        crates: "adk_",
        spans: &[("agent.execute", SpanKind::Agent)],
        attributes: &[("agent.name", "gen_ai.agent.name"), ("tool.name", "gen_ai.tool.name")],
        provider: None,
        thoughts: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

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
        ];
        for (target, name, expected) in cases {
            assert_eq!(kind(all, target, name), expected, "{target} {name}");
            assert_eq!(kind(Conventions::GEN_AI, target, name), None, "{target} {name}");
        }
    }
}
