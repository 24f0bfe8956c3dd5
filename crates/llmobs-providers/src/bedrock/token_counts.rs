//! Token counts of Bedrock: in bodies, at the end of streams and in headers.

use serde_json::Value;

use crate::call::ResponseHead;
use crate::json;
use crate::usage::TokenUsage;

/// The member of a stream's last chunk that holds its counts.
pub(super) const INVOCATION: &str = "amazon-bedrock-invocationMetrics";

/// Reads the `usage` of `Converse` and of Nova. Its input is without what the cache had; so are the inputs of all counts here.
pub(super) fn of_usage(usage: &Value) -> TokenUsage {
    let either = |one: &str, other: &str| json::count(usage, one).or_else(|| json::count(usage, other));
    TokenUsage {
        input: json::count(usage, "inputTokens"),
        output: json::count(usage, "outputTokens"),
        total: json::count(usage, "totalTokens"),
        cache_read: either("cacheReadInputTokens", "cacheReadInputTokenCount"),
        cache_write: either("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
        reasoning: None,
    }
}

/// Reads what `InvokeModel` counts of any model: at the end of a stream, else in headers.
pub(super) fn of_invocation(head: &ResponseHead, body: &Value) -> TokenUsage {
    let metrics = &body[INVOCATION];
    let count =
        |name: &str, header: &str| json::count(metrics, name).or_else(|| head.header(header)?.trim().parse().ok());
    TokenUsage {
        input: count("inputTokenCount", "x-amzn-bedrock-input-token-count"),
        output: count("outputTokenCount", "x-amzn-bedrock-output-token-count"),
        total: None,
        cache_read: count("cacheReadInputTokenCount", "x-amzn-bedrock-cache-read-input-token-count"),
        cache_write: count("cacheWriteInputTokenCount", "x-amzn-bedrock-cache-write-input-token-count"),
        reasoning: None,
    }
}
