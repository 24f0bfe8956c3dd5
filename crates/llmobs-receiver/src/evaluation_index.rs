//! Evaluations and feedback by the span, trace, session or tag that they name.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::decode::{EvaluationTarget, ReceivedEvaluation, ReceivedSpan};

/// Evaluations and feedback by target.
#[derive(Debug, Default)]
pub(super) struct EvaluationIndex {
    by_target: HashMap<EvaluationTarget, Vec<Arc<ReceivedEvaluation>>>,
    has_tags: bool,
}

impl EvaluationIndex {
    pub(super) fn read<'a>(evaluations: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut index = Self::default();
        for evaluation in evaluations.into_iter().filter_map(ReceivedEvaluation::read) {
            index.has_tags |= matches!(evaluation.target, EvaluationTarget::Tag(..));
            index.by_target.entry(evaluation.target.clone()).or_default().push(Arc::new(evaluation));
        }
        index
    }

    /// Returns the evaluations of a span, at most [`MAX_OF_A_SPAN`]. Those of a whole trace or session belong to the spans at
    /// the top.
    ///
    /// A tag may fit every span, so the bound also keeps the work linear.
    pub(super) fn of(&self, span: &ReceivedSpan) -> Vec<Arc<ReceivedEvaluation>> {
        let mut targets = vec![EvaluationTarget::Span(span.event.span_id)];
        if self.has_tags {
            let tag = |(key, value): (&str, &str)| EvaluationTarget::Tag(key.to_owned(), value.to_owned());
            targets.extend(span.event.tags.iter().map(tag));
        }
        if span.event.parent_id.is_none() {
            targets.push(EvaluationTarget::Trace(span.event.trace_id.clone()));
            targets.extend(span.event.session_id.clone().map(EvaluationTarget::Session));
        }
        let found = targets.iter().filter_map(|target| self.by_target.get(target)).flatten();
        found.take(MAX_OF_A_SPAN).cloned().collect()
    }
}

/// Evaluations that a tree shows for a span.
const MAX_OF_A_SPAN: usize = 100;
