//! What is left of a span when it ends: for the queue, once no span is locked any more.

use super::state::Capture;
use crate::queue::Item;
use crate::recording::Recording;
use crate::stats::Problem;
use llmobs_model::{Evaluation, EvaluationError};

/// See the file's card.
#[derive(Debug)]
#[must_use = "what is left of a span is to be sent"]
pub(crate) struct Ended {
    /// The span itself, if it is ours.
    pub(super) recording: Option<Box<Recording>>,
    /// What few spans say: evaluations of themselves or of another.
    pub(super) verdicts: Option<Box<Verdicts>>,
}

#[derive(Debug)]
pub(super) struct Verdicts {
    /// The span's name, for the counters.
    place: &'static str,
    evaluations: Vec<Evaluation>,
}

impl Verdicts {
    pub(super) fn new(place: &'static str, evaluations: Vec<Evaluation>) -> Option<Box<Self>> {
        (!evaluations.is_empty()).then(|| Box::new(Self { place, evaluations }))
    }
}

impl Capture {
    /// Hands over what is left of a span; a refusal is counted where it happens.
    pub(crate) fn send(&self, ended: Ended) {
        if let Some(recording) = ended.recording {
            let _ = self.queue.push(Item::Span(recording));
        }
        if let Some(verdicts) = ended.verdicts {
            for evaluation in verdicts.evaluations {
                self.submit_or_count(evaluation, verdicts.place);
            }
        }
    }

    /// Submits an evaluation that nobody waits for; what is wrong with it is counted as a problem.
    pub(super) fn submit_or_count(&self, evaluation: Evaluation, place: &'static str) {
        match self.submit_evaluation(evaluation) {
            // The ledger has counted a refusal.
            Ok(()) | Err(EvaluationError::QueueFull | EvaluationError::Closed) => {}
            Err(_) => self.queue.problems.count(Problem::Evaluation, place),
        }
    }
}
