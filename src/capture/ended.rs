//! Output of a span that ends, handed to the queue after its lock is released.

use crate::recording::Recording;
use llmobs_model::Evaluation;

/// The output of a span that ended.
#[derive(Debug)]
#[must_use = "the output of a span goes to the queue"]
pub(crate) struct Ended {
    /// The span itself, if it is an LLM span.
    pub(super) recording: Option<Box<Recording>>,
    /// Evaluations that the span carries as third-party attributes; few spans do.
    pub(super) evaluations: Option<Box<InlineEvaluations>>,
}

/// Evaluations that a span carries, of itself or of another span.
#[derive(Debug)]
pub(super) struct InlineEvaluations {
    /// The name of the span, for the problem counters.
    pub(super) span_name: &'static str,
    pub(super) evaluations: Vec<Evaluation>,
}

impl InlineEvaluations {
    pub(super) fn new(span_name: &'static str, evaluations: Vec<Evaluation>) -> Option<Box<Self>> {
        (!evaluations.is_empty()).then(|| Box::new(Self { span_name, evaluations }))
    }
}
