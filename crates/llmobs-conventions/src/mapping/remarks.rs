//! Remarks about a mapped span. Datadog shows the same as warnings about the mapping of OTLP spans.

use crate::attributes::ResolvedAttributes;
use crate::convention::precedence::{
    EMBEDDING_MODEL, FIRST_TOKEN, FIRST_TOKEN_MS, METRICS, MODEL, OUTPUT_VALUE, PROVIDERS, RETRIEVAL_OUTPUT, TOOL_NAME,
    TOOL_OUTPUT,
};
use crate::format::decode;
use crate::mapping::{prompt, tool_definitions};
use crate::signs::OUTPUT_CONTENT;
use crate::{Remark, RemarkSet, classification};
use llmobs_model::{Annotation, SpanKind};

/// Returns what is odd about a span, beside its messages.
pub(crate) fn remarks(
    attributes: &ResolvedAttributes<'_>,
    kind: SpanKind,
    is_demoted: bool,
    read: &Annotation,
) -> RemarkSet {
    let mut all = RemarkSet::default();
    all.add_if(Remark::Demoted, is_demoted);
    all.add_if(Remark::Kind, !classification::is_named(attributes));
    if kind.has_model() {
        let model = MODEL.iter().find(|name| attributes.has(name));
        let is_fallback = |name: &&&str| **name == EMBEDDING_MODEL || name.starts_with("langfuse.");
        all.add_if(Remark::Model, model.is_none());
        all.add_if(Remark::ModelFallback, model.as_ref().is_some_and(is_fallback));
        all.add_if(Remark::Provider, !PROVIDERS.iter().any(|name| attributes.has(name)));
    }
    all.add_if(Remark::Embedding, kind == SpanKind::Embedding && read.input.is_none());
    all.add_if(Remark::ToolName, kind == SpanKind::Tool && !TOOL_NAME.iter().any(|name| attributes.has(name)));
    all.add_if(Remark::ToolDefinitions, kind == SpanKind::Llm && tool_definitions::has_bad_ones(attributes));
    let is_no_object = |name: &&str| attributes.json(name).is_some_and(|json| !json.is_object());
    all.add_if(Remark::Parameters, PARAMETERS.iter().any(is_no_object));
    for (metric, names) in METRICS {
        let remark = if metric.ends_with("_cost") { Remark::Cost } else { Remark::TokenCount };
        all.add_if(
            remark,
            names.iter().any(|name| attributes.get(name).is_some_and(|value| decode::number(value).is_none())),
        );
    }
    all.add_if(Remark::Unused, has_unused(attributes, kind));
    all
}

/// Returns whether an attribute has no place on a span of this kind, and none in its metadata or tags either.
fn has_unused(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> bool {
    let has_any = |names: &[&str]| names.iter().any(|name| attributes.has(name));
    let times_first_token = matches!(kind, SpanKind::Llm | SpanKind::Embedding | SpanKind::Agent | SpanKind::Workflow);
    (kind != SpanKind::Tool && has_any(TOOL_NAME))
        || (!kind.has_model() && has_any(PROVIDERS))
        || (kind != SpanKind::Embedding && attributes.has(EMBEDDING_MODEL))
        || (kind != SpanKind::Llm && prompt::prompt(attributes).is_some())
        || (!times_first_token && (has_any(FIRST_TOKEN) || attributes.has(FIRST_TOKEN_MS)))
        // Only the number of vectors leaves.
        || (kind == SpanKind::Embedding
            && [OUTPUT_VALUE, TOOL_OUTPUT, RETRIEVAL_OUTPUT, OUTPUT_CONTENT].iter().any(|names| has_any(names)))
}

/// Attributes that must hold a JSON object.
const PARAMETERS: [&str; 4] = [
    "llm.invocation_parameters",
    "embedding.invocation_parameters",
    "langfuse.observation.model.parameters",
    "langfuse.model_parameters",
];
