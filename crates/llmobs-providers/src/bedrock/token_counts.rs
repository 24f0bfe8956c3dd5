//! What Bedrock counts → metrics.

use serde_json::Value;

use crate::call::ResponseHead;
use crate::json;
use llmobs_model::{Metrics, metric};

/// The member of a stream's last chunk that holds its counts.
pub(super) const INVOCATION: &str = "amazon-bedrock-invocationMetrics";

/// TokenCounts of tokens as Bedrock has them: the input without what the cache had.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct TokenCounts {
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) cache_read: Option<u64>,
    pub(super) cache_write: Option<u64>,
    /// As it was sent; the cached ones are in it.
    pub(super) total: Option<u64>,
}

impl TokenCounts {
    /// The `usage` of `Converse` and of Nova.
    pub(super) fn of_usage(usage: &Value) -> Self {
        let either = |one: &str, other: &str| json::count(usage, one).or_else(|| json::count(usage, other));
        Self {
            input: json::count(usage, "inputTokens"),
            output: json::count(usage, "outputTokens"),
            cache_read: either("cacheReadInputTokens", "cacheReadInputTokenCount"),
            cache_write: either("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
            total: json::count(usage, "totalTokens"),
        }
    }

    /// The `usage` of Anthropic.
    pub(super) fn of_anthropic(usage: &Value) -> Self {
        Self {
            input: json::count(usage, "input_tokens"),
            output: json::count(usage, "output_tokens"),
            cache_read: json::count(usage, "cache_read_input_tokens"),
            cache_write: json::count(usage, "cache_creation_input_tokens"),
            total: None,
        }
    }

    /// What `InvokeModel` says of any model: the end of a stream, else the headers.
    pub(super) fn of_invocation(head: &ResponseHead, body: &Value) -> Self {
        let metrics = &body[INVOCATION];
        let count =
            |name: &str, header: &str| json::count(metrics, name).or_else(|| head.header(header)?.trim().parse().ok());
        Self {
            input: count("inputTokenCount", "x-amzn-bedrock-input-token-count"),
            output: count("outputTokenCount", "x-amzn-bedrock-output-token-count"),
            cache_read: count("cacheReadInputTokenCount", "x-amzn-bedrock-cache-read-input-token-count"),
            cache_write: count("cacheWriteInputTokenCount", "x-amzn-bedrock-cache-write-input-token-count"),
            total: None,
        }
    }

    /// These, and of `others` what these do not say.
    pub(super) fn or(self, others: Self) -> Self {
        Self {
            input: self.input.or(others.input),
            output: self.output.or(others.output),
            cache_read: self.cache_read.or(others.cache_read),
            cache_write: self.cache_write.or(others.cache_write),
            total: self.total.or(others.total),
        }
    }

    /// The metrics: all input tokens, with the cached ones as parts of them.
    pub(super) fn metrics(self) -> Metrics {
        let mut metrics = Metrics::new();
        let input = [self.input, self.cache_read, self.cache_write].into_iter().flatten().reduce(u64::saturating_add);
        let sum = input.zip(self.output).map(|(input, output)| input.saturating_add(output));
        for (name, count) in [
            (metric::INPUT_TOKENS, input),
            (metric::OUTPUT_TOKENS, self.output),
            (metric::TOTAL_TOKENS, self.total.max(sum)),
            (metric::CACHE_READ_INPUT_TOKENS, self.cache_read),
            (metric::CACHE_WRITE_INPUT_TOKENS, self.cache_write),
        ] {
            if let Some(count) = count {
                metrics.put(name, count);
            }
        }
        metrics
    }
}
