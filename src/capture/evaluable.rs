//! A span as evaluations see it, and the way from an evaluation to the span that it is about.

use std::sync::Arc;

use llmobs_conventions::{EvaluationDraft, RESPONSE_ID_TAG};
use llmobs_model::{CapturePolicy, Evaluation, SpanContext};

/// The values of a span that its evaluations need, also after it has ended.
#[derive(Debug, Clone)]
pub(crate) struct EvaluableSpan {
    pub(crate) context: SpanContext,
    pub(crate) ml_app: Option<Arc<str>>,
    /// The policy for values that libraries record.
    pub(crate) policy: CapturePolicy,
    /// The trace is not captured, and its evaluations are not sent.
    pub(crate) is_off: bool,
}

impl EvaluableSpan {
    /// Joins an evaluation to this span.
    pub(super) fn join(self, evaluation: Evaluation) -> Evaluation {
        evaluation.span(self.context).or_ml_app(self.ml_app.as_deref())
    }

    /// Joins an evaluation of a third party to this span, restricted to what may leave from here and from the span that
    /// carries the evaluation.
    pub(super) fn join_draft(self, draft: EvaluationDraft, carrier_policy: CapturePolicy) -> Evaluation {
        let policy = carrier_policy.min(self.policy);
        self.join(draft.evaluation).restricted_to(policy)
    }
}

/// Joins an evaluation to `span`, or else by the response that it names.
pub(super) fn join_or_refer(draft: EvaluationDraft, span: Option<SpanContext>) -> Evaluation {
    match (span, draft.response_id) {
        (Some(span), _) => draft.evaluation.span(span),
        (None, Some(id)) => draft.evaluation.span_with_tag(RESPONSE_ID_TAG, id),
        // With nothing to join it to, the check at submission refuses and counts it.
        (None, None) => draft.evaluation,
    }
}
