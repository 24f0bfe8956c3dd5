//! What a span is called, and which model it called.

use super::gen_ai;
use super::precedence::{
    AGENT, EMBEDDING_MODEL, MODEL, NAME, OPERATION, PROVIDERS, REQUEST_MODEL, TOOL_NAME, VERCEL_PROVIDER,
};
use super::traceloop;
use super::vercel;
use super::words::Words;
use llmobs_model::SpanKind;

/// The name, or `None` when it is that of the span.
pub(super) fn name(words: &Words<'_>, kind: SpanKind) -> Option<String> {
    if kind == SpanKind::Tool
        && let Some(tool) = words.first_text(TOOL_NAME)
    {
        return Some(tool.into_owned());
    }
    if let Some(name) = words.first_text(NAME) {
        return Some(name.into_owned());
    }
    if let Some(name) = vercel::name(words) {
        return Some(name);
    }
    if words.span_name.is_empty() {
        return Some(kind.as_str().to_owned());
    }
    let operation = words.text(OPERATION)?;
    if operation.trim() != words.span_name {
        return None;
    }
    // The form that the convention asks for: what was done, and with whom.
    let whom = match kind {
        SpanKind::Llm | SpanKind::Embedding => words.text(REQUEST_MODEL).or_else(|| words.first_text(MODEL)),
        SpanKind::Agent => words.first_text(AGENT),
        SpanKind::Workflow if words.span_name == "plan" => words.first_text(AGENT),
        SpanKind::Workflow if words.span_name == "invoke_workflow" => {
            words.first_text(&[gen_ai::WORKFLOW, traceloop::WORKFLOW])
        }
        SpanKind::Workflow | SpanKind::Tool | SpanKind::Task | SpanKind::Retrieval | _ => None,
    };
    whom.map(|whom| format!("{} {whom}", words.span_name))
}

/// The model.
pub(super) fn model(words: &Words<'_>, kind: SpanKind) -> Option<String> {
    let names = MODEL.iter().filter(|name| **name != EMBEDDING_MODEL || kind == SpanKind::Embedding);
    names.into_iter().find_map(|name| words.text(name)).map(std::borrow::Cow::into_owned)
}

/// Who serves it; lower-cased when it is sent.
pub(super) fn provider(words: &Words<'_>) -> Option<String> {
    let provider = PROVIDERS.iter().find_map(|name| {
        let text = words.text(name)?;
        let text = if *name == VERCEL_PROVIDER { text.split('.').next().unwrap_or_default() } else { text.as_ref() };
        (!text.is_empty()).then(|| text.to_owned())
    })?;
    let is_other = OTHER.iter().any(|word| word.eq_ignore_ascii_case(&provider));
    Some(if is_other { super::UNKNOWN_MODEL.to_owned() } else { provider })
}

/// What the convention calls a provider that it does not know.
const OTHER: [&str; 2] = ["_OTHER", "other"];
