//! Langfuse: kinds, usage and costs.

use serde_json::Number;

use crate::attributes::ResolvedAttributes;
use crate::format::decode;
use crate::format::json::Json;
use llmobs_model::SpanKind;

/// Every other word is a workflow.
pub(crate) const KINDS: &[(&str, SpanKind)] = &[
    ("generation", SpanKind::Llm),
    ("embedding", SpanKind::Embedding),
    ("tool", SpanKind::Tool),
    ("agent", SpanKind::Agent),
    ("retriever", SpanKind::Retrieval),
];

/// The object of usage.
pub(crate) fn usage<'a>(attributes: &ResolvedAttributes<'a>) -> Option<Json<'a>> {
    USAGE.iter().find_map(|name| attributes.json(name).filter(Json::is_object))
}

/// The object of costs.
pub(crate) fn cost<'a>(attributes: &ResolvedAttributes<'a>) -> Option<Json<'a>> {
    COST.iter().find_map(|name| attributes.json(name).filter(Json::is_object))
}

/// The first of these members that is a number, also one level down: `OpenAI` and swiftide nest some.
pub(crate) fn count(usage: &Json<'_>, names: &[&str]) -> Option<Number> {
    let details = usage.get("details");
    let levels = [Some(usage), details];
    let nested = levels.into_iter().flatten().flat_map(|level| NESTED.iter().filter_map(|name| level.get(name)));
    let all = levels.into_iter().flatten().chain(nested);
    let all: Vec<&Json<'_>> = all.collect();
    names.iter().find_map(|name| all.iter().find_map(|level| decode::json_number(level.get(name)?)))
}

const USAGE: [&str; 3] = ["langfuse.observation.usage_details", "langfuse.usage", "langfuse.observation.usage"];
const COST: [&str; 2] = ["langfuse.observation.cost_details", "langfuse.cost"];
const NESTED: [&str; 4] =
    ["prompt_tokens_details", "completion_tokens_details", "input_tokens_details", "output_tokens_details"];
pub(crate) const LEVEL: &str = "langfuse.observation.level";
pub(crate) const STATUS: [&str; 2] = ["langfuse.observation.status_message", "langfuse.status_message"];
pub(crate) const TAGS: &str = "langfuse.trace.tags";
/// Members of the metadata that say something else.
pub(crate) const PROVIDER_MEMBER: &str = "ls_provider";
