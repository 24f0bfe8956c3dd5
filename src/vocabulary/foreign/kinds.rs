//! What a span is: by a word that names the kind, by its crate, or by the evidence of what it said.

use super::openinference::kind_in;
use super::precedence::{
    AGENT, LANGFUSE_KIND, METRICS, MODEL, OPENINFERENCE_KIND, OPERATION, REQUEST_TYPE, SESSION, TOOL_NAME,
    TRACELOOP_KIND, USER, VERCEL_OPERATION,
};
use super::words::Words;
use super::{Declared, Nature, Vocabularies};
use super::{
    decode, evaluations, events, gen_ai, heard, langfuse, openinference, profiles, prompts, traceloop, vercel,
};
use llmobs_model::SpanKind;

/// See [`super::nature`].
pub(super) fn nature(words: &Words<'_>, vocabularies: Vocabularies) -> Nature {
    if words.get(SWITCH).and_then(decode::flag) == Some(false) {
        return Nature::Off;
    }
    if is_evaluation(words) {
        return Nature::Evaluation;
    }
    let kind = named_kind(words)
        .or_else(|| profiles::kind(vocabularies, words.target, words.span_name))
        .or_else(|| evident_kind(words));
    kind.map_or(Nature::Undecided, Nature::Span)
}

/// Whether the span is nothing but an evaluation.
pub(super) fn is_evaluation(words: &Words<'_>) -> bool {
    words.has(evaluations::NAME) && !words.has(OPERATION)
}

/// The kind by a word for it; the strongest first.
fn named_kind(words: &Words<'_>) -> Option<SpanKind> {
    let workflow = |table, word: &str| kind_in(table, word).unwrap_or(SpanKind::Workflow);
    if let Some(operation) = words.text(OPERATION) {
        return Some(gen_ai::kind_of_operation(&operation));
    }
    if let Some(kind) = words.text(OPENINFERENCE_KIND) {
        return Some(workflow(openinference::KINDS, &kind));
    }
    if let Some(kind) = words.first_text(LANGFUSE_KIND) {
        return Some(workflow(langfuse::KINDS, &kind));
    }
    if let Some(kind) = words.text(TRACELOOP_KIND).and_then(|kind| kind_in(traceloop::KINDS, &kind)) {
        return Some(kind);
    }
    if let Some(request) = words.text(REQUEST_TYPE) {
        return Some(workflow(traceloop::REQUEST_TYPES, &request));
    }
    words.text(VERCEL_OPERATION).map(|operation| vercel::kind_of_operation(&operation))
}

/// Whether something names the kind.
pub(super) fn is_named(words: &Words<'_>) -> bool {
    named_kind(words).is_some() || profiles::has_span(words.target, words.span_name)
}

/// The kind by what was said, when nothing names it.
fn evident_kind(words: &Words<'_>) -> Option<SpanKind> {
    let has_any = |names: &[&str]| names.iter().any(|name| words.has(name));
    let is_tool_call = words.text(MCP_METHOD).is_some_and(|method| method.trim() == MCP_CALL);
    if has_any(TOOL_NAME) || has_any(TOOL_IDS) || words.has_under(TOOL_CALL) || is_tool_call {
        return Some(SpanKind::Tool);
    }
    if words.has_under("gen_ai.embeddings.") || words.has_under("embedding.") {
        return Some(SpanKind::Embedding);
    }
    if words.has_under("gen_ai.retrieval.") || words.has_list(openinference::DOCUMENTS) {
        return Some(SpanKind::Retrieval);
    }
    let model = words.first_text(MODEL);
    let has_content = has_messages(words);
    if let Some(model) = model
        && (has_content || has_any(CALL_SIGNS) || has_usage(words))
    {
        let has_output = has_output_messages(words)
            || words.number("gen_ai.usage.output_tokens").is_some_and(|count| count.as_f64() > Some(0.0));
        let embeds = model.to_ascii_lowercase().contains("embed") && !has_output;
        return Some(if embeds { SpanKind::Embedding } else { SpanKind::Llm });
    }
    if has_content {
        let has_agent = has_any(AGENT) || words.has(gen_ai::AGENT_ID);
        return Some(if has_agent { SpanKind::Agent } else { SpanKind::Workflow });
    }
    let has_entity = words.has(traceloop::ENTITY) && has_any(&[traceloop::ENTITY_INPUT, traceloop::ENTITY_OUTPUT]);
    (has_any(VALUES) || has_entity).then_some(SpanKind::Workflow)
}

fn has_messages(words: &Words<'_>) -> bool {
    INPUT_CONTENT.iter().any(|name| words.has_list(name))
        || has_output_messages(words)
        || words.has(gen_ai::INSTRUCTIONS)
        || words.events.iter().any(|event| {
            let carries = event.fields.iter().any(|(name, _)| events::CARRIERS.contains(name));
            carries || events::name(event).is_some_and(|name| events::is_message(&name))
        })
}

fn has_output_messages(words: &Words<'_>) -> bool {
    OUTPUT_CONTENT.iter().any(|name| words.has_list(name))
}

fn has_usage(words: &Words<'_>) -> bool {
    let mut keys = METRICS.iter().filter(|(metric, _)| metric.ends_with("_tokens")).flat_map(|(_, keys)| keys.iter());
    keys.any(|key| words.has(key)) || langfuse::usage(words).is_some()
}

/// See [`super::declared`].
pub(super) fn declared(
    vocabularies: Vocabularies,
    (target, span_name): (&str, &str),
    fields: impl Iterator<Item = &'static str>,
) -> Declared {
    if profiles::kind(vocabularies, target, span_name).is_some() {
        return Declared::Candidate;
    }
    let mut found = Declared::Nothing;
    for name in fields.filter(|name| heard::is_heard(vocabularies, target, name)) {
        if is_sign(name) {
            return Declared::Candidate;
        }
        if name == SWITCH || SESSION.contains(&name) || USER.contains(&name) {
            found = Declared::Context;
        }
    }
    found
}

/// Whether a name says the kind of a span by itself.
pub(super) fn is_named_kind(name: &str) -> bool {
    KIND_WORDS.contains(&name)
        || LANGFUSE_KIND.contains(&name)
        || [evaluations::NAME, MCP_METHOD].contains(&name)
        || TOOL_NAME.contains(&name)
}

/// Whether a name can make a span one of ours: it names the kind, or is evidence.
fn is_sign(name: &str) -> bool {
    is_named_kind(name)
        || TOOL_IDS.contains(&name)
        || CALL_SIGNS.contains(&name)
        || VALUES.contains(&name)
        || [traceloop::ENTITY_INPUT, traceloop::ENTITY_OUTPUT].contains(&name)
        || SIGN_FAMILIES.iter().any(|family| name.starts_with(family))
        || INPUT_CONTENT
            .iter()
            .chain(OUTPUT_CONTENT)
            .any(|carrier| name.starts_with(carrier) && !prompts::is_data(name))
}

/// Whether a name says something that counts for spans below, or for the trace.
pub(super) fn is_context(name: &str) -> bool {
    name == SWITCH || SESSION.contains(&name) || USER.contains(&name) || AGENT.contains(&name)
}

/// `false` turns everything off for the trace.
pub(crate) const SWITCH: &str = "dd_llmobs_enabled";
const MCP_METHOD: &str = "mcp.method.name";
const MCP_CALL: &str = "tools/call";
const TOOL_IDS: &[&str] = &["gen_ai.tool.call_id"];
const TOOL_CALL: &str = "gen_ai.tool.call.";
const KIND_WORDS: &[&str] = &[OPERATION, OPENINFERENCE_KIND, TRACELOOP_KIND, REQUEST_TYPE, VERCEL_OPERATION];

/// What a model's name must stand beside to be a call of it, besides messages and usage.
const CALL_SIGNS: &[&str] = &[
    gen_ai::RESPONSE_ID,
    "gen_ai.response.finish_reasons",
    "gen_ai.response.finish_reason",
    "gen_ai.response.stop_reason",
    "llm.response.finish_reason",
    "llm.response.stop_reason",
    "llm.finish_reason",
    "ai.response.finishReason",
    "gen_ai.request.temperature",
    "gen_ai.request.max_tokens",
    "gen_ai.request.stream",
    "gen_ai.is_streaming",
    "llm.is_streaming",
    gen_ai::INSTRUCTIONS,
];
const SIGN_FAMILIES: &[&str] = &[
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
const EMBEDDING_FAMILY: &str = "embedding.";
pub(super) const INPUT_CONTENT: &[&str] = &[
    gen_ai::INPUT_MESSAGES,
    gen_ai::PROMPT,
    gen_ai::OTHER_PROMPT,
    openinference::INPUT_MESSAGES,
    openinference::PROMPTS,
    vercel::PROMPT_MESSAGES,
    vercel::PROMPT,
];
pub(super) const OUTPUT_CONTENT: &[&str] = &[
    gen_ai::OUTPUT_MESSAGES,
    gen_ai::COMPLETION,
    gen_ai::OTHER_COMPLETION,
    openinference::OUTPUT_MESSAGES,
    openinference::CHOICES,
    vercel::TEXT,
    vercel::OBJECT,
    vercel::CALLS,
];
const VALUES: &[&str] = &[
    openinference::INPUT_VALUE,
    "output.value",
    "langfuse.observation.input",
    "langfuse.observation.output",
    "langfuse.input",
    "langfuse.output",
];
