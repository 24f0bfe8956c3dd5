//! Langfuse's JSON objects of token counts and costs.

use serde_json::Number;

use crate::attributes::ResolvedAttributes;
use crate::format::decode;
use crate::format::json::Json;

/// Returns the JSON object with token counts.
pub(crate) fn usage<'a>(attributes: &ResolvedAttributes<'a>) -> Option<Json<'a>> {
    USAGE.iter().find_map(|name| attributes.json(name).filter(Json::is_object))
}

/// Returns the JSON object with costs.
pub(crate) fn cost<'a>(attributes: &ResolvedAttributes<'a>) -> Option<Json<'a>> {
    COST.iter().find_map(|name| attributes.json(name).filter(Json::is_object))
}

/// Returns the first of these members that is a number, also one level down: `OpenAI` and swiftide nest details.
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
