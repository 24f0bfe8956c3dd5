//! Name, model and provider of a span.

use crate::attributes::ResolvedAttributes;
use crate::convention::precedence::{
    AGENT, EMBEDDING_MODEL, MODEL, NAME, OPERATION, PROVIDERS, REQUEST_MODEL, TOOL_NAME, VERCEL_PROVIDER,
};
use crate::convention::{gen_ai, traceloop, vercel};
use llmobs_model::SpanKind;

/// Returns the name, or `None` if the span keeps its own.
pub(crate) fn name(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> Option<String> {
    if kind == SpanKind::Tool
        && let Some(tool) = attributes.first_text(TOOL_NAME)
    {
        return Some(tool.into_owned());
    }
    if let Some(name) = attributes.first_text(NAME) {
        return Some(name.into_owned());
    }
    if let Some(name) = vercel::name(attributes) {
        return Some(name);
    }
    if attributes.plan.span_name().is_empty() {
        return Some(kind.as_str().to_owned());
    }
    let operation = attributes.text(OPERATION)?;
    if operation.trim() != attributes.plan.span_name() {
        return None;
    }
    // The form that the convention asks for: what was done, and with whom.
    let whom = match kind {
        SpanKind::Llm | SpanKind::Embedding => attributes.text(REQUEST_MODEL).or_else(|| attributes.first_text(MODEL)),
        SpanKind::Agent => attributes.first_text(AGENT),
        SpanKind::Workflow if attributes.plan.span_name() == "plan" => attributes.first_text(AGENT),
        SpanKind::Workflow if attributes.plan.span_name() == "invoke_workflow" => {
            attributes.first_text(&[gen_ai::WORKFLOW, traceloop::WORKFLOW])
        }
        SpanKind::Workflow | SpanKind::Tool | SpanKind::Task | SpanKind::Retrieval | _ => None,
    };
    whom.map(|whom| format!("{} {whom}", attributes.plan.span_name()))
}

/// Model.
pub(crate) fn model(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> Option<String> {
    let names = MODEL.iter().filter(|name| **name != EMBEDDING_MODEL || kind == SpanKind::Embedding);
    names.into_iter().find_map(|name| attributes.text(name)).map(std::borrow::Cow::into_owned)
}

/// Returns the provider of the model; it is lower-cased when it is sent.
pub(crate) fn provider(attributes: &ResolvedAttributes<'_>) -> Option<String> {
    let provider = PROVIDERS.iter().find_map(|name| {
        let text = attributes.text(name)?;
        let text = if *name == VERCEL_PROVIDER { text.split('.').next().unwrap_or_default() } else { text.as_ref() };
        (!text.is_empty()).then(|| text.to_owned())
    })?;
    let is_other = OTHER.iter().any(|word| word.eq_ignore_ascii_case(&provider));
    Some(if is_other { crate::UNKNOWN_MODEL.to_owned() } else { provider })
}

/// Values of the convention for a provider that it does not know.
const OTHER: [&str; 2] = ["_OTHER", "other"];
