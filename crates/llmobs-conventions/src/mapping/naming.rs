//! Name, model and provider of a span.

use crate::attributes::ResolvedAttributes;
use crate::convention::precedence::{
    AGENT, EMBEDDING_MODEL, MODEL, NAME, OPERATION, PROVIDERS, REQUEST_MODEL, TOOL_NAME, VERCEL_PROVIDER,
};
use crate::convention::{frameworks, gen_ai, traceloop};
use crate::mapping::vercel_parts;
use llmobs_model::SpanKind;

/// Returns the name, or `None` if the span keeps its own.
pub(crate) fn name(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> Option<String> {
    if kind == SpanKind::Tool
        && let Some(tool) = attributes.first_text(TOOL_NAME)
    {
        return Some(tool.into_owned());
    }
    if let Some(name) = attributes.first_text(NAME) {
        let tool = || attributes.plan.framework?.tool_in(&name).filter(|_| kind == SpanKind::Tool);
        return Some(tool().unwrap_or_else(|| name.into_owned()));
    }
    if let Some(name) = vercel_parts::name(attributes) {
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

/// Returns the name that spans below an agent know it by: that of the agent, or else that of its span.
pub(crate) fn agent(attributes: &ResolvedAttributes<'_>) -> Option<String> {
    let named = attributes.first_text(AGENT).map(std::borrow::Cow::into_owned);
    named.or_else(|| name(attributes, SpanKind::Agent).filter(|_| !attributes.plan.span_name().is_empty()))
}

/// Model.
pub(crate) fn model(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> Option<String> {
    let names = MODEL.iter().filter(|name| **name != EMBEDDING_MODEL || kind == SpanKind::Embedding);
    let model = names.into_iter().find_map(|name| attributes.text(name)).map(std::borrow::Cow::into_owned);
    model.or_else(|| {
        let request = attributes.json(frameworks::ADK_REQUEST)?;
        request.first_text(&["model"]).map(str::to_owned)
    })
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
