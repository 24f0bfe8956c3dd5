//! What was counted → metrics.
//!
//! `input_tokens` counts the whole prompt; what a cache had is a part of it.

use serde_json::{Number, Value};

use crate::json;
use llmobs_model::{Annotation, metric};

/// Adds what an answer counted; nothing when it counted nothing.
pub(super) fn count(mut said: Annotation, body: &Value) -> Annotation {
    let of_groq = json::get(body, &["x_groq", "usage"]);
    let Some(usage) = json::some(body, "usage").or(Some(of_groq)).filter(|usage| usage.is_object()) else {
        return said;
    };
    let input = counted(usage, &["prompt_tokens", "input_tokens"]);
    let output = counted(usage, &["completion_tokens", "output_tokens"]);
    if input.is_some() || output.is_some() {
        let (input, output) = (input.unwrap_or(0), output.unwrap_or(0));
        let sum = input.saturating_add(output);
        let total = counted(usage, &["total_tokens"]).filter(|total| *total >= sum).unwrap_or(sum);
        said = said
            .metric(metric::INPUT_TOKENS, input)
            .metric(metric::OUTPUT_TOKENS, output)
            .metric(metric::TOTAL_TOKENS, total);
    }
    for (name, places) in PARTS {
        let part = places.iter().find_map(|place| json::get(usage, place).as_u64());
        if let Some(part) = part {
            said = said.metric(*name, part);
        }
    }
    cost(said, usage)
}

/// The first of these that is there and not 0, else 0 if one is there.
fn counted(usage: &Value, names: &[&str]) -> Option<u64> {
    let there = || names.iter().filter_map(|name| usage.get(*name)?.as_u64());
    there().find(|count| *count > 0).or_else(|| there().next())
}

/// Dollars, which OpenRouter says; others that say `cost` mean an object.
pub(crate) fn cost(said: Annotation, usage: &Value) -> Annotation {
    let Some(cost) = json::number(usage, "cost").and_then(Number::as_f64) else { return said };
    let details = json::get(usage, &["cost_details"]);
    let part = |names: &[&str]| json::first(details, names).and_then(Value::as_f64);
    let is_byok = usage.get("is_byok").and_then(Value::as_bool).unwrap_or(false);
    // With a key of one's own the model is paid elsewhere, and `cost` is only the fee.
    let upstream = part(&["upstream_inference_cost"]).filter(|_| is_byok);
    let total = cost + upstream.unwrap_or(0.0);
    let said = said.metric(metric::TOTAL_COST, total);
    let input = part(&["upstream_inference_prompt_cost", "upstream_inference_input_cost"]);
    let output = part(&["upstream_inference_completions_cost", "upstream_inference_output_cost"]);
    match (input, output) {
        (Some(input), Some(output)) if (input + output - total).abs() < 1e-9 => {
            said.metric(metric::INPUT_COST, input).metric(metric::OUTPUT_COST, output)
        }
        _ => said,
    }
}

/// Parts of the counts: the metric, and where they stand, the usual place first.
const PARTS: &[(&str, &[&[&str]])] = &[
    (
        metric::CACHE_READ_INPUT_TOKENS,
        &[
            &["prompt_tokens_details", "cached_tokens"],
            &["input_tokens_details", "cached_tokens"],
            &["cached_tokens"],
            &["cache_read_input_tokens"],
            &["prompt_cache_hit_tokens"],
        ],
    ),
    (
        metric::CACHE_WRITE_INPUT_TOKENS,
        &[
            &["prompt_tokens_details", "cache_write_tokens"],
            &["input_tokens_details", "cache_write_tokens"],
            &["cache_creation_input_tokens"],
        ],
    ),
    (
        metric::REASONING_OUTPUT_TOKENS,
        &[
            &["completion_tokens_details", "reasoning_tokens"],
            &["output_tokens_details", "reasoning_tokens"],
            &["reasoning_tokens"],
        ],
    ),
];
