//! Calls of the Messages API, written after its public documentation.

mod answers;
mod complete;
mod random;
mod requests;
mod streams;

use crate::test_frames;
use llmobs_model::{Annotation, Metrics, SpanKind};

pub(crate) use random::{Block, interleaved};

const URL: &str = "https://api.anthropic.com/v1/messages";

/// The annotation of every call to this model.
fn said(model: &str) -> Annotation {
    test_frames::said(SpanKind::Llm, "anthropic.request", "anthropic").model_provider("anthropic").model_name(model)
}

fn counted<const N: usize>(counts: [(&str, u64); N]) -> Metrics {
    counts.into_iter().collect()
}
