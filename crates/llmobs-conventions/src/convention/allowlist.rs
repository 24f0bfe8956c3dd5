//! Which conventions have a word: by its name, or by the beginning that a family of names has in common.

use crate::Conventions;
use crate::convention::frameworks;
use crate::format::secrets::is_secret;

/// Whether a field is allowlist when these conventions are.
pub(crate) fn is_captured(conventions: Conventions, target: &str, name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let of_first = WORDS.iter().filter(|word| word.name.split('.').next() == Some(first));
    let is_word = |word: &Word| if word.is_family { name.starts_with(word.name) } else { name == word.name };
    let has_word = of_first.filter(|word| is_word(word)).any(|word| conventions.has_any(word.of))
        || frameworks::has_attribute(conventions, target, name);
    has_word && !is_secret(name)
}

/// One name, or all that begin so.
pub(crate) struct Word {
    pub(crate) name: &'static str,
    pub(crate) is_family: bool,
    pub(crate) of: Conventions,
}

const fn word(name: &'static str, of: Conventions) -> Word {
    Word { name, is_family: false, of }
}

const fn family(name: &'static str, of: Conventions) -> Word {
    Word { name, is_family: true, of }
}

const GEN_AI: Conventions = Conventions::GEN_AI;
const OPENINFERENCE: Conventions = Conventions::OPENINFERENCE;
const TRACELOOP: Conventions = Conventions::TRACELOOP;
const LANGFUSE: Conventions = Conventions::LANGFUSE;
const VERCEL: Conventions = Conventions::VERCEL;
const OTEL: Conventions = Conventions::OTEL;

pub(crate) const WORDS: &[Word] = &[
    family("gen_ai.", GEN_AI),
    family("openai.request.", GEN_AI),
    family("openai.response.", GEN_AI),
    word("openai.api.type", GEN_AI),
    word("aws.bedrock.guardrail.id", GEN_AI),
    word("aws.bedrock.knowledge_base.id", GEN_AI),
    family("codex.usage.", GEN_AI),
    word("server.address", GEN_AI),
    word("server.port", GEN_AI),
    family("_dd.ml_obs.", Conventions::ALL),
    word("dd_llmobs_enabled", Conventions::ALL),
    family("openinference.", OPENINFERENCE),
    family("llm.", OPENINFERENCE.with(TRACELOOP)),
    word("input.value", OPENINFERENCE),
    word("output.value", OPENINFERENCE),
    family("embedding.", OPENINFERENCE),
    family("reranker.", OPENINFERENCE),
    family("retrieval.", OPENINFERENCE),
    family("tool.", OPENINFERENCE),
    family("agent.", OPENINFERENCE),
    family("graph.", OPENINFERENCE),
    family("prompt.", OPENINFERENCE),
    word("metadata", OPENINFERENCE),
    word("tag.tags", OPENINFERENCE),
    family("annotations.", OPENINFERENCE),
    family("evaluations.", OPENINFERENCE),
    family("trace.annotations.", OPENINFERENCE),
    family("trace.evaluations.", OPENINFERENCE),
    family("session.annotations.", OPENINFERENCE),
    family("session.evaluations.", OPENINFERENCE),
    word("session.id", OPENINFERENCE.with(OTEL).with(GEN_AI)),
    word("user.id", OPENINFERENCE.with(OTEL).with(GEN_AI)),
    word("enduser.id", OTEL.with(GEN_AI)),
    family("traceloop.", TRACELOOP),
    family("langfuse.", LANGFUSE),
    word("ai.operationId", VERCEL),
    family("ai.model.", VERCEL),
    family("ai.settings.", VERCEL),
    family("ai.telemetry.", VERCEL),
    word("ai.prompt", VERCEL),
    family("ai.prompt.", VERCEL),
    family("ai.response.", VERCEL),
    family("ai.usage.", VERCEL),
    family("ai.toolCall.", VERCEL),
    word("ai.schema", VERCEL),
    word("ai.value", VERCEL),
    word("ai.values", VERCEL),
    word("ai.embedding", VERCEL),
    word("ai.embeddings", VERCEL),
    family("mcp.", Conventions::MCP.with(TRACELOOP)),
    family("otel.", OTEL),
    family("exception.", OTEL.with(GEN_AI)),
    word("error", OTEL),
    word("error.type", OTEL.with(GEN_AI)),
    word("error.message", OTEL),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_heard_by_its_vocabulary_and_secrets_by_none() {
        let cases = [
            ("gen_ai.request.model", GEN_AI, true),
            ("gen_ai.request.model", OPENINFERENCE, false),
            ("gen_ai.request.max_tokens", GEN_AI, true),
            ("gen_ai.request.headers", Conventions::ALL, false),
            ("llm.headers", Conventions::ALL, false),
            ("llm.api_key", Conventions::ALL, false),
            ("gen_ai.token", Conventions::ALL, false),
            ("llm.token_count.prompt", TRACELOOP, true),
            ("input.value", OPENINFERENCE, true),
            ("input.mime_type", Conventions::ALL, false),
            ("ai.prompted", Conventions::ALL, false),
            ("model", Conventions::ALL, false),
            ("http.route", Conventions::ALL, false),
        ];
        for (name, conventions, expected) in cases {
            assert_eq!(is_captured(conventions, "app", name), expected, "{name}");
        }
        assert!(is_captured(Conventions::LANGCHAIN_RUST, "langchain_rust::observability", "model"));
    }
}
