//! The attributes that are captured, by name or by prefix, and the conventions that define each.

use crate::Conventions;
use crate::convention::frameworks;
use crate::format::secrets::is_secret;

/// Returns whether the value of an attribute is used; see [`Conventions::captures_attribute`].
pub(crate) fn is_captured(conventions: Conventions, target: &str, name: &str) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let of_first = ALLOWED.iter().filter(|allowed| allowed.name.split('.').next() == Some(first));
    let matches =
        |allowed: &AllowedName| if allowed.is_family { name.starts_with(allowed.name) } else { name == allowed.name };
    let is_known = of_first.filter(|allowed| matches(allowed)).any(|allowed| conventions.has_any(allowed.of))
        || frameworks::has_attribute(conventions, target, name);
    is_known && !is_secret(name)
}

/// An attribute, or all attributes with a prefix.
pub(crate) struct AllowedName {
    pub(crate) name: &'static str,
    pub(crate) is_family: bool,
    pub(crate) of: Conventions,
}

const fn name(name: &'static str, of: Conventions) -> AllowedName {
    AllowedName { name, is_family: false, of }
}

const fn family(name: &'static str, of: Conventions) -> AllowedName {
    AllowedName { name, is_family: true, of }
}

const GEN_AI: Conventions = Conventions::GEN_AI;
const OPENINFERENCE: Conventions = Conventions::OPENINFERENCE;
const TRACELOOP: Conventions = Conventions::TRACELOOP;
const LANGFUSE: Conventions = Conventions::LANGFUSE;
const VERCEL: Conventions = Conventions::VERCEL;
const OTEL: Conventions = Conventions::OTEL;

pub(crate) const ALLOWED: &[AllowedName] = &[
    family("gen_ai.", GEN_AI),
    family("openai.request.", GEN_AI),
    family("openai.response.", GEN_AI),
    name("openai.api.type", GEN_AI),
    name("aws.bedrock.guardrail.id", GEN_AI),
    name("aws.bedrock.knowledge_base.id", GEN_AI),
    family("codex.usage.", GEN_AI),
    name("server.address", GEN_AI),
    name("server.port", GEN_AI),
    family("_dd.ml_obs.", Conventions::ALL),
    name("dd_llmobs_enabled", Conventions::ALL),
    family("openinference.", OPENINFERENCE),
    family("llm.", OPENINFERENCE.with(TRACELOOP)),
    name("input.value", OPENINFERENCE),
    name("output.value", OPENINFERENCE),
    name("input.mime_type", OPENINFERENCE),
    name("output.mime_type", OPENINFERENCE),
    family("embedding.", OPENINFERENCE),
    family("reranker.", OPENINFERENCE),
    family("retrieval.", OPENINFERENCE),
    family("tool.", OPENINFERENCE),
    family("agent.", OPENINFERENCE),
    family("graph.", OPENINFERENCE),
    family("prompt.", OPENINFERENCE),
    name("metadata", OPENINFERENCE),
    name("tag.tags", OPENINFERENCE),
    family("annotations.", OPENINFERENCE),
    family("evaluations.", OPENINFERENCE),
    family("trace.annotations.", OPENINFERENCE),
    family("trace.evaluations.", OPENINFERENCE),
    family("session.annotations.", OPENINFERENCE),
    family("session.evaluations.", OPENINFERENCE),
    name("session.id", OPENINFERENCE.with(OTEL).with(GEN_AI)),
    name("user.id", OPENINFERENCE.with(OTEL).with(GEN_AI)),
    name("enduser.id", OTEL.with(GEN_AI)),
    family("traceloop.", TRACELOOP),
    family("langfuse.", LANGFUSE),
    name("ai.operationId", VERCEL),
    family("ai.model.", VERCEL),
    family("ai.settings.", VERCEL),
    family("ai.telemetry.", VERCEL),
    name("ai.prompt", VERCEL),
    family("ai.prompt.", VERCEL),
    family("ai.response.", VERCEL),
    family("ai.usage.", VERCEL),
    family("ai.toolCall.", VERCEL),
    name("ai.schema", VERCEL),
    name("ai.value", VERCEL),
    name("ai.values", VERCEL),
    name("ai.embedding", VERCEL),
    name("ai.embeddings", VERCEL),
    family("mcp.", Conventions::MCP.with(TRACELOOP)),
    family("otel.", OTEL),
    family("exception.", OTEL.with(GEN_AI)),
    name("error", OTEL),
    name("error.type", OTEL.with(GEN_AI)),
    name("error.message", OTEL),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_captured_with_its_convention_and_a_secret_never() {
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
            ("input.mime_types", Conventions::ALL, false),
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
