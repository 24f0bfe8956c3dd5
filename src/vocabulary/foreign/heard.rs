//! Which vocabularies have a word: by its name, or by the beginning that a family of names has in common.

use super::Vocabularies;
use super::profiles;

/// Whether a field is heard when these vocabularies are.
pub(super) fn is_heard(vocabularies: Vocabularies, target: &str, name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let of_first = WORDS.iter().filter(|word| word.name.split('.').next() == Some(first));
    let is_word = |word: &Word| if word.is_family { name.starts_with(word.name) } else { name == word.name };
    let has_word = of_first.filter(|word| is_word(word)).any(|word| vocabularies.has_any(word.of))
        || profiles::has_word(vocabularies, target, name);
    has_word && !is_secret(name)
}

/// Whether this is, by its name, something that must not leave the process.
pub(super) fn is_secret(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let is_token = plain.ends_with("token") && !plain.ends_with("firsttoken");
    is_token || SECRETS.iter().any(|word| plain.contains(word))
}

const SECRETS: [&str; 12] = [
    "apikey",
    "accesskey",
    "cookie",
    "authorization",
    "bearer",
    "secret",
    "password",
    "passwd",
    "header",
    "credential",
    "accesstoken",
    "privatekey",
];

/// One name, or all that begin so.
pub(super) struct Word {
    pub(super) name: &'static str,
    pub(super) is_family: bool,
    pub(super) of: Vocabularies,
}

const fn word(name: &'static str, of: Vocabularies) -> Word {
    Word { name, is_family: false, of }
}

const fn family(name: &'static str, of: Vocabularies) -> Word {
    Word { name, is_family: true, of }
}

const GEN_AI: Vocabularies = Vocabularies::GEN_AI;
const OPENINFERENCE: Vocabularies = Vocabularies::OPENINFERENCE;
const TRACELOOP: Vocabularies = Vocabularies::TRACELOOP;
const LANGFUSE: Vocabularies = Vocabularies::LANGFUSE;
const VERCEL: Vocabularies = Vocabularies::VERCEL;
const OTEL: Vocabularies = Vocabularies::OTEL;

pub(super) const WORDS: &[Word] = &[
    family("gen_ai.", GEN_AI),
    family("openai.request.", GEN_AI),
    family("openai.response.", GEN_AI),
    word("openai.api.type", GEN_AI),
    word("aws.bedrock.guardrail.id", GEN_AI),
    word("aws.bedrock.knowledge_base.id", GEN_AI),
    family("codex.usage.", GEN_AI),
    word("server.address", GEN_AI),
    word("server.port", GEN_AI),
    family("_dd.ml_obs.", Vocabularies::ALL),
    word("dd_llmobs_enabled", Vocabularies::ALL),
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
    family("mcp.", Vocabularies::MCP.with(TRACELOOP)),
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
            ("gen_ai.request.headers", Vocabularies::ALL, false),
            ("llm.headers", Vocabularies::ALL, false),
            ("llm.api_key", Vocabularies::ALL, false),
            ("gen_ai.token", Vocabularies::ALL, false),
            ("llm.token_count.prompt", TRACELOOP, true),
            ("input.value", OPENINFERENCE, true),
            ("input.mime_type", Vocabularies::ALL, false),
            ("ai.prompted", Vocabularies::ALL, false),
            ("model", Vocabularies::ALL, false),
            ("http.route", Vocabularies::ALL, false),
        ];
        for (name, vocabularies, expected) in cases {
            assert_eq!(is_heard(vocabularies, "app", name), expected, "{name}");
        }
        assert!(is_heard(Vocabularies::LANGCHAIN_RUST, "langchain_rust::observability", "model"));
    }
}
