//! Token counts of Anthropic.

use serde_json::Value;

use crate::json;
use crate::usage::TokenUsage;
use llmobs_model::{Metrics, metric};

/// The members of `usage` that are kept of a stream.
pub(super) const NAMES: &[&str] = &[
    "input_tokens",
    "output_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "cache_creation",
    "output_tokens_details",
    // Gateways add these, in dollars.
    "cost",
    "cost_details",
    "is_byok",
];

/// The members that are not known before the end. What the first event says of them is the first token or two.
pub(super) const OF_OUTPUT: &[&str] = &["output_tokens", "output_tokens_details", "cost", "cost_details"];

/// Reads a `usage`. Anthropic's `input_tokens` are those that no cache had.
pub(crate) fn tokens(usage: &Value) -> TokenUsage {
    TokenUsage {
        input: json::count(usage, "input_tokens"),
        output: json::count(usage, "output_tokens"),
        total: None,
        cache_read: json::count(usage, "cache_read_input_tokens"),
        cache_write: json::count(usage, "cache_creation_input_tokens"),
        reasoning: json::count(&usage["output_tokens_details"], "thinking_tokens"),
    }
}

/// Returns the metrics of a `usage`, with the two kinds of cache apart.
pub(super) fn metrics(usage: &Value) -> Metrics {
    let tokens = tokens(usage);
    let mut metrics = tokens.with_cache_in_input().metrics();
    if let Some(written) = tokens.cache_write {
        let [hour, minutes] = ["ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens"]
            .map(|name| json::count(&usage["cache_creation"], name));
        // Responses from before there were two kinds: all is in the cache of five minutes.
        let all = if hour.is_none() { written } else { 0 };
        metrics.put(metric::EPHEMERAL_1H_INPUT_TOKENS, hour.unwrap_or(0));
        metrics.put(metric::EPHEMERAL_5M_INPUT_TOKENS, minutes.unwrap_or(all));
    }
    metrics
}
