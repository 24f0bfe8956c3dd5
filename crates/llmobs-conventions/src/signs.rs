//! Signs: what the name of an attribute says about its span, before any value is known.

use crate::convention::precedence::{
    AGENT, FINISH_REASONS, LANGFUSE_KIND, NAME, OPENINFERENCE_KIND, OPERATION, REQUEST_TYPE, SESSION, TOOL_NAME,
    TRACELOOP_KIND, USER, VERCEL_OPERATION,
};
use crate::convention::{gen_ai, openinference, traceloop, vercel};

/// Returns whether an attribute of this name can name the kind.
pub(crate) fn is_named_kind(name: &str) -> bool {
    KIND_NAMES.contains(&name)
        || LANGFUSE_KIND.contains(&name)
        || [gen_ai::EVALUATION_NAME, MCP_METHOD].contains(&name)
        || TOOL_NAME.contains(&name)
}

/// Returns whether an attribute of this name can change the [`Summary`](crate::Summary) of a span whose kind is known.
///
/// A count that grows with every piece of a streamed response cannot, so an open span need not be classified again for it.
pub fn is_decisive(name: &str) -> bool {
    is_named_kind(name) || is_context(name) || is_name(name) || name == gen_ai::RESPONSE_ID
}

/// Returns whether an attribute of this name can make a span an LLM span: it names the kind, or is evidence.
pub(crate) fn is_sign(name: &str) -> bool {
    is_named_kind(name)
        || TOOL_IDS.contains(&name)
        || CALL_SIGNS.contains(&name)
        || FINISH_REASONS.contains(&name)
        || VALUES.contains(&name)
        || [traceloop::ENTITY_INPUT, traceloop::ENTITY_OUTPUT].contains(&name)
        || SIGN_FAMILIES.iter().any(|family| name.starts_with(family))
        || INPUT_CONTENT.iter().chain(OUTPUT_CONTENT).any(|source| name.starts_with(source) && !is_prompt_data(name))
}

/// Returns whether only LLM libraries use attributes of this name.
pub(crate) fn is_llm_specific(name: &str) -> bool {
    LLM_NAMESPACES.iter().any(|namespace| name.starts_with(namespace))
}

/// Returns whether an attribute counts for the spans below, or for the whole trace.
pub(crate) fn is_context(name: &str) -> bool {
    name == SWITCH || SESSION.contains(&name) || USER.contains(&name) || AGENT.contains(&name)
}

/// Returns whether an attribute can be the name of a span.
pub(crate) fn is_name(name: &str) -> bool {
    NAME.contains(&name)
}

/// The attribute that turns off the whole trace of a span, when it is `false`.
pub const SWITCH: &str = "dd_llmobs_enabled";
/// Namespaces that nobody but LLM libraries uses. `input.`, `tool.`, `retrieval.`, `embedding.` and their like are not among
/// them, although `OpenInference` defines names there.
pub(crate) const LLM_NAMESPACES: &[&str] =
    &["gen_ai.", "openinference.", "llm.", "langfuse.", "traceloop.", "ai.", "mcp.", "openai.", "_dd.ml_obs."];
pub(crate) const MCP_METHOD: &str = "mcp.method.name";
pub(crate) const MCP_CALL: &str = "tools/call";
pub(crate) const TOOL_IDS: &[&str] = &["gen_ai.tool.call_id"];
pub(crate) const TOOL_CALL: &str = "gen_ai.tool.call.";
pub(crate) const KIND_NAMES: &[&str] = &[OPERATION, OPENINFERENCE_KIND, TRACELOOP_KIND, REQUEST_TYPE, VERCEL_OPERATION];

/// Attributes that, beside the name of a model, show that it was called. Messages, token counts and reasons to finish do too.
pub(crate) const CALL_SIGNS: &[&str] = &[
    gen_ai::RESPONSE_ID,
    "gen_ai.request.temperature",
    "gen_ai.request.max_tokens",
    "gen_ai.request.stream",
    "gen_ai.is_streaming",
    "llm.is_streaming",
    gen_ai::INSTRUCTIONS,
];
pub(crate) const SIGN_FAMILIES: &[&str] = &[
    "gen_ai.usage.",
    "llm.usage.",
    "llm.token_count.",
    "ai.usage.",
    "gen_ai.embeddings.",
    "gen_ai.retrieval.",
    "retrieval.documents",
    TOOL_CALL,
    EMBEDDING_FAMILY,
];
pub(crate) const EMBEDDING_FAMILY: &str = "embedding.";
pub(crate) const INPUT_CONTENT: &[&str] = &[
    gen_ai::INPUT_MESSAGES,
    gen_ai::PROMPT,
    gen_ai::OTHER_PROMPT,
    openinference::INPUT_MESSAGES,
    openinference::PROMPTS,
    vercel::PROMPT_MESSAGES,
    vercel::PROMPT,
];
pub(crate) const OUTPUT_CONTENT: &[&str] = &[
    gen_ai::OUTPUT_MESSAGES,
    gen_ai::COMPLETION,
    gen_ai::OTHER_COMPLETION,
    openinference::OUTPUT_MESSAGES,
    openinference::CHOICES,
    vercel::TEXT,
    vercel::OBJECT,
    vercel::CALLS,
];
pub(crate) const VALUES: &[&str] = &[
    openinference::INPUT_VALUE,
    "output.value",
    "langfuse.observation.input",
    "langfuse.observation.output",
    "langfuse.input",
    "langfuse.output",
];

/// Returns whether an attribute below `gen_ai.prompt.` belongs to a managed prompt, and is no message.
pub(crate) fn is_prompt_data(name: &str) -> bool {
    name.strip_prefix(gen_ai::PROMPTS).is_some_and(|rest| !is_item(rest))
}

/// Returns whether the first segment of a name is a number, as in the items of a flattened list.
pub(crate) fn is_item(rest: &str) -> bool {
    let first = rest.split('.').next().unwrap_or_default();
    !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit())
}
