//! Classification: decides from attributes whether a span is an LLM span, and of which kind.

use crate::attributes::ResolvedAttributes;
use crate::convention::openinference::kind_in;
use crate::convention::precedence::{
    AGENT, FINISH_REASONS, LANGFUSE_KIND, METRICS, MODEL, OPENINFERENCE_KIND, OPERATION, REQUEST_TYPE, TOOL_NAME,
    TRACELOOP_KIND, VERCEL_OPERATION,
};
use crate::convention::{frameworks, gen_ai, langfuse, openinference, traceloop, vercel};
use crate::format::decode;
use crate::mapping::langfuse_usage;
use crate::signs::{
    CALL_SIGNS, INPUT_CONTENT, MCP_CALL, MCP_METHOD, OUTPUT_CONTENT, SWITCH, TOOL_CALL, TOOL_IDS, VALUES,
    is_llm_specific,
};
use crate::span_events;
use llmobs_model::SpanKind;

/// The role of a span in LLM Observability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Classification {
    /// An LLM span of this kind.
    Span(SpanKind),
    /// An evaluation of another span, and nothing else.
    Evaluation,
    /// The span asks that its whole trace be left alone.
    Off,
    /// No attribute decides. With LLM spans below it, it is a workflow, otherwise it is no LLM span.
    Undecided,
}

/// Decides what a span is: by an attribute that names the kind, by the framework that emitted it, or by evidence.
pub(crate) fn classify(attributes: &ResolvedAttributes<'_>) -> Classification {
    if attributes.get(SWITCH).and_then(decode::flag) == Some(false) {
        return Classification::Off;
    }
    if is_evaluation(attributes) {
        return Classification::Evaluation;
    }
    let kind = named_kind(attributes)
        .or_else(|| attributes.plan.framework?.kind(attributes.plan.span_name()))
        .or_else(|| evident_kind(attributes));
    kind.map_or(Classification::Undecided, Classification::Span)
}

/// Returns whether the span is nothing but an evaluation.
pub(crate) fn is_evaluation(attributes: &ResolvedAttributes<'_>) -> bool {
    attributes.has(gen_ai::EVALUATION_NAME) && !attributes.has(OPERATION)
}

/// Returns the kind that an attribute names, the strongest attribute first.
fn named_kind(attributes: &ResolvedAttributes<'_>) -> Option<SpanKind> {
    let or_workflow = |table, value: &str| kind_in(table, value).unwrap_or(SpanKind::Workflow);
    if let Some(operation) = attributes.text(OPERATION) {
        return Some(gen_ai::kind_of_operation(&operation));
    }
    if let Some(kind) = attributes.text(OPENINFERENCE_KIND) {
        return Some(or_workflow(openinference::KINDS, &kind));
    }
    if let Some(kind) = attributes.first_text(LANGFUSE_KIND) {
        return Some(or_workflow(langfuse::KINDS, &kind));
    }
    if let Some(kind) = attributes.text(TRACELOOP_KIND).and_then(|kind| kind_in(traceloop::KINDS, &kind)) {
        return Some(kind);
    }
    if let Some(request) = attributes.text(REQUEST_TYPE) {
        return Some(or_workflow(traceloop::REQUEST_TYPES, &request));
    }
    attributes.text(VERCEL_OPERATION).map(|operation| vercel::kind_of_operation(&operation))
}

/// Returns whether an attribute or a framework names the kind.
pub(crate) fn is_named(attributes: &ResolvedAttributes<'_>) -> bool {
    named_kind(attributes).is_some() || frameworks::has_span(attributes.plan.target(), attributes.plan.span_name())
}

/// Returns the kind that the attributes suggest, when none names it.
///
/// A generic name is no evidence by itself: a build tool has a `tool.name` and a graphics library an `embedding.size`. It
/// counts beside a name that only LLM libraries use.
fn evident_kind(attributes: &ResolvedAttributes<'_>) -> Option<SpanKind> {
    if !attributes.all().any(|(name, _)| is_llm_specific(name)) {
        return None;
    }
    let has_any = |names: &[&str]| names.iter().any(|name| attributes.has(name));
    let is_tool_call = attributes.text(MCP_METHOD).is_some_and(|method| method.trim() == MCP_CALL);
    if has_any(TOOL_NAME) || has_any(TOOL_IDS) || attributes.has_under(TOOL_CALL) || is_tool_call {
        return Some(SpanKind::Tool);
    }
    if attributes.has_under("gen_ai.embeddings.") || attributes.has_under("embedding.") {
        return Some(SpanKind::Embedding);
    }
    if attributes.has_under("gen_ai.retrieval.") || attributes.has_list(openinference::DOCUMENTS) {
        return Some(SpanKind::Retrieval);
    }
    let model = attributes.first_text(MODEL);
    let has_content = has_messages(attributes);
    if let Some(model) = model
        && (has_content || has_any(CALL_SIGNS) || has_any(FINISH_REASONS) || has_usage(attributes))
    {
        let has_output = has_output_messages(attributes)
            || attributes.number("gen_ai.usage.output_tokens").is_some_and(|count| count.as_f64() > Some(0.0));
        let embeds = model.to_ascii_lowercase().contains("embed") && !has_output;
        return Some(if embeds { SpanKind::Embedding } else { SpanKind::Llm });
    }
    if has_content {
        let has_agent = has_any(AGENT) || attributes.has(gen_ai::AGENT_ID);
        return Some(if has_agent { SpanKind::Agent } else { SpanKind::Workflow });
    }
    let has_entity = attributes.has(traceloop::ENTITY) && has_any(&[traceloop::ENTITY_INPUT, traceloop::ENTITY_OUTPUT]);
    (has_any(VALUES) || has_entity).then_some(SpanKind::Workflow)
}

fn has_messages(attributes: &ResolvedAttributes<'_>) -> bool {
    INPUT_CONTENT.iter().any(|name| attributes.has_list(name))
        || has_output_messages(attributes)
        || attributes.has(gen_ai::INSTRUCTIONS)
        || attributes.events.iter().any(|event| {
            let carries = event.attributes.iter().any(|(name, _)| span_events::CARRIERS.contains(name));
            carries || span_events::name(event).is_some_and(|name| span_events::is_message(&name))
        })
}

fn has_output_messages(attributes: &ResolvedAttributes<'_>) -> bool {
    OUTPUT_CONTENT.iter().any(|name| attributes.has_list(name))
}

fn has_usage(attributes: &ResolvedAttributes<'_>) -> bool {
    let mut keys = METRICS.iter().filter(|(metric, _)| metric.ends_with("_tokens")).flat_map(|(_, keys)| keys.iter());
    keys.any(|key| attributes.has(key)) || langfuse_usage::usage(attributes).is_some()
}
