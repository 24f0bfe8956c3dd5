//! Token counts and costs of OpenAI's APIs and of the many hosts that speak them.
//!
//! `input_tokens` counts the whole prompt; cached tokens are a part of it.

use serde_json::{Number, Value, json};

use crate::json;
use crate::usage::{self, TokenUsage, first_count};
use llmobs_model::{Annotation, metric};

/// Adds the token counts and the cost of a response; nothing when it counts nothing.
pub(super) fn with_usage(annotation: Annotation, body: &Value) -> Annotation {
    let usage = reported(body);
    if !usage.is_object() {
        return annotation;
    }
    let mut tokens = TokenUsage {
        input: first_count(&usage, &["prompt_tokens", "input_tokens"]),
        output: first_count(&usage, &["completion_tokens", "output_tokens"]),
        total: json::count(&usage, "total_tokens"),
        cache_read: part(&usage, CACHE_READ),
        cache_write: part(&usage, CACHE_WRITE),
        reasoning: part(&usage, REASONING),
    };
    // Embeddings have no output, and some hosts leave out what is 0.
    if tokens.input.is_some() || tokens.output.is_some() {
        tokens.input = tokens.input.or(Some(0));
        tokens.output = tokens.output.or(Some(0));
    } else {
        tokens.total = None;
    }
    with_cost(annotation.metrics(tokens.metrics()), &usage)
}

/// Merges all reports of usage in a response or a chunk: `usage`, Groq's `x_groq.usage`, Moonshot's `choices[].usage`.
pub(super) fn reported(body: &Value) -> Value {
    let mut merged = json!(null);
    let in_choices = json::items(body, "choices").iter().map(|choice| json::get(choice, &["usage"]));
    let places = [json::get(body, &["usage"]), json::get(body, &["x_groq", "usage"])].into_iter().chain(in_choices);
    for usage in places.filter(|usage| usage.is_object()) {
        usage::merge(&mut merged, usage);
    }
    merged
}

fn part(usage: &Value, places: &[&[&str]]) -> Option<u64> {
    let counts = || places.iter().filter_map(|place| json::as_count(json::get(usage, place)));
    counts().find(|count| *count > 0).or_else(|| counts().next())
}

/// Adds the cost in dollars: OpenRouter's `cost`, and the object of Perplexity and `LiteLLM`.
pub(crate) fn with_cost(annotation: Annotation, usage: &Value) -> Annotation {
    let cost = json::get(usage, &["cost"]);
    if cost.is_object() {
        return COST_MEMBERS.iter().fold(annotation, |annotation, (metric, names)| {
            match json::first_present(cost, names).and_then(Value::as_f64) {
                Some(dollars) => annotation.metric(*metric, dollars),
                None => annotation,
            }
        });
    }
    let Some(cost) = cost.as_number().and_then(Number::as_f64) else { return annotation };
    let details = json::get(usage, &["cost_details"]);
    let part = |names: &[&str]| json::first_present(details, names).and_then(Value::as_f64);
    let is_byok = usage.get("is_byok").and_then(Value::as_bool).unwrap_or(false);
    // With a key of the user's own, the model is paid for elsewhere, and `cost` is only the fee.
    let upstream = part(&["upstream_inference_cost"]).filter(|_| is_byok);
    let total = cost + upstream.unwrap_or(0.0);
    let annotation = annotation.metric(metric::TOTAL_COST, total);
    let input = part(&["upstream_inference_prompt_cost", "upstream_inference_input_cost"]);
    let output = part(&["upstream_inference_completions_cost", "upstream_inference_output_cost"]);
    match (input, output) {
        (Some(input), Some(output)) if (input + output - total).abs() < 1e-9 => {
            annotation.metric(metric::INPUT_COST, input).metric(metric::OUTPUT_COST, output)
        }
        _ => annotation,
    }
}

/// The members of a cost that is an object.
const COST_MEMBERS: &[(&str, &[&str])] = &[
    (metric::TOTAL_COST, &["total_cost"]),
    (metric::INPUT_COST, &["input_tokens_cost", "input_cost"]),
    (metric::OUTPUT_COST, &["output_tokens_cost", "output_cost"]),
];

const CACHE_READ: &[&[&str]] = &[
    &["prompt_tokens_details", "cached_tokens"],
    &["input_tokens_details", "cached_tokens"],
    &["cached_tokens"],
    &["cache_read_input_tokens"],
    &["prompt_cache_hit_tokens"],
    &["num_cached_tokens"],
];

const CACHE_WRITE: &[&[&str]] = &[
    &["prompt_tokens_details", "cache_write_tokens"],
    &["input_tokens_details", "cache_write_tokens"],
    &["cache_creation_input_tokens"],
];

const REASONING: &[&[&str]] = &[
    &["completion_tokens_details", "reasoning_tokens"],
    &["output_tokens_details", "reasoning_tokens"],
    &["reasoning_tokens"],
];
