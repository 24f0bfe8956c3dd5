//! What Anthropic counts → metrics.

use serde_json::Value;

use crate::json;
use llmobs_model::{Metrics, metric};

/// The counts that are of use here.
pub(super) const NAMES: &[&str] = &[
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "output_tokens_details",
    // Of gateways, in dollars.
    "cost",
    "cost_details",
    "is_byok",
];

/// Those that are not known before the end.
pub(super) const OF_OUTPUT: &[&str] = &["output_tokens", "output_tokens_details", "cost", "cost_details"];

/// The metrics of a `usage`.
///
/// Anthropic's `input_tokens` are those that no cache had; the intake wants all of them there, with the cached ones as parts.
pub(super) fn metrics(usage: &Value) -> Metrics {
    let mut metrics = Metrics::new();
    let [input, output, written, read] =
        ["input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"]
            .map(|name| json::count(usage, name));
    let prompt = [input, written, read].into_iter().flatten().reduce(u64::saturating_add);
    put(&mut metrics, metric::INPUT_TOKENS, prompt);
    put(&mut metrics, metric::OUTPUT_TOKENS, output);
    put(&mut metrics, metric::TOTAL_TOKENS, prompt.zip(output).map(|(prompt, output)| prompt.saturating_add(output)));
    put(&mut metrics, metric::CACHE_WRITE_INPUT_TOKENS, written);
    put(&mut metrics, metric::CACHE_READ_INPUT_TOKENS, read);
    if let Some(written) = written {
        let [hour, minutes] = ["ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens"]
            .map(|name| json::count(&usage["cache_creation"], name));
        // Answers from before there were two kinds of cache: all of it is in that of five minutes.
        let all = if hour.is_none() { written } else { 0 };
        put(&mut metrics, metric::EPHEMERAL_1H_INPUT_TOKENS, Some(hour.unwrap_or(0)));
        put(&mut metrics, metric::EPHEMERAL_5M_INPUT_TOKENS, Some(minutes.unwrap_or(all)));
    }
    let thought = json::count(&usage["output_tokens_details"], "thinking_tokens");
    put(&mut metrics, metric::REASONING_OUTPUT_TOKENS, thought);
    metrics
}

fn put(metrics: &mut Metrics, name: &'static str, count: Option<u64>) {
    if let Some(count) = count {
        metrics.put(name, count);
    }
}
