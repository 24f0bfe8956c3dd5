//! Crates whose spans have words of their own: known by target and name, because the words mean nothing elsewhere.

use super::Vocabularies;
use llmobs_model::SpanKind;

/// What is known about the spans of one crate.
pub(super) struct Profile {
    pub(super) vocabulary: Vocabularies,
    /// The crate's modules are its targets, and so are those of the crates that share the prefix up to `_`.
    pub(super) crates: &'static str,
    pub(super) spans: &'static [(&'static str, SpanKind)],
    /// Its words, and which word of the tables each stands for.
    pub(super) words: &'static [(&'static str, &'static str)],
    /// Who serves the models, where the crate knows one only.
    pub(super) provider: Option<&'static str>,
    /// Its count of what came out leaves the thoughts out, which are counted in this word.
    pub(super) thoughts: Option<&'static str>,
}

impl Profile {
    fn is_of(&self, target: &str) -> bool {
        let Some(rest) = target.strip_prefix(self.crates) else { return false };
        rest.is_empty() || rest.starts_with("::") || self.crates.ends_with('_')
    }

    /// The kind of its span of this name.
    pub(super) fn kind(&self, span_name: &str) -> Option<SpanKind> {
        self.spans.iter().find(|(name, _)| *name == span_name).map(|(_, kind)| *kind)
    }
}

/// The profile of a target.
pub(super) fn profile(vocabularies: Vocabularies, target: &str) -> Option<&'static Profile> {
    PROFILES.iter().find(|profile| vocabularies.contains(profile.vocabulary) && profile.is_of(target))
}

/// The kind that a profile gives a span.
pub(super) fn kind(vocabularies: Vocabularies, target: &str, span_name: &str) -> Option<SpanKind> {
    profile(vocabularies, target)?.kind(span_name)
}

/// The thoughts that a crate leaves out of what came out.
pub(super) fn thoughts(target: &str) -> Option<&'static str> {
    profile(Vocabularies::ALL, target)?.thoughts
}

/// Whether a profile knows the span.
pub(super) fn has_span(target: &str, span_name: &str) -> bool {
    kind(Vocabularies::ALL, target, span_name).is_some()
}

/// Whether a profile of the target has the word.
pub(super) fn has_word(vocabularies: Vocabularies, target: &str, name: &str) -> bool {
    profile(vocabularies, target).is_some_and(|profile| profile.words.iter().any(|(word, _)| *word == name))
}

pub(super) const PROFILES: &[Profile] = &[
    Profile {
        vocabulary: Vocabularies::LANGCHAIN_RUST,
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
        words: &[
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
    Profile {
        vocabulary: Vocabularies::GEMINI_RUST,
        crates: "gemini_rust",
        spans: &[("generate_content_raw", SpanKind::Llm), ("embed_content", SpanKind::Embedding)],
        words: &[
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
    Profile {
        vocabulary: Vocabularies::ADK_RUST,
        crates: "adk_",
        spans: &[("agent.execute", SpanKind::Agent)],
        words: &[("agent.name", "gen_ai.agent.name"), ("tool.name", "gen_ai.tool.name")],
        provider: None,
        thoughts: None,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_something_under_their_target_only() {
        let all = Vocabularies::ALL;
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
            assert_eq!(kind(Vocabularies::GEN_AI, target, name), None, "{target} {name}");
        }
    }
}
