//! Calls of Bedrock, written after its public documentation and that of the families.

mod agents;
mod converse;
mod embeddings;
mod failures;
mod families;
mod invoke;
mod random;
mod random_json;

use crate::test_exchange::TestExchange;
use crate::test_frames;
use llmobs_model::{Annotation, Metrics, SpanKind};
use serde_json::Value;

/// A call of this operation of a model.
fn exchange(model: &str, operation: &str, request: &Value) -> TestExchange {
    let model = model.replace(':', "%3A").replace('/', "%2F");
    TestExchange::new(&format!("https://bedrock-runtime.eu-west-1.amazonaws.com/model/{model}/{operation}"), request)
}

/// The annotation of every call of this model.
fn said(kind: SpanKind, model: &str) -> Annotation {
    test_frames::said(kind, "bedrock-runtime.command", "bedrock").model_provider("amazon_bedrock").model_name(model)
}

fn counted<const N: usize>(counts: [(&str, u64); N]) -> Metrics {
    counts.into_iter().collect()
}

/// Input, output and both.
fn tokens(input: u64, output: u64) -> Metrics {
    counted([("input_tokens", input), ("output_tokens", output), ("total_tokens", input.saturating_add(output))])
}
