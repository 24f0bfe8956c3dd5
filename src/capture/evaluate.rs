//! Evaluations and feedback on their way into the queue, and evaluations that come as events.

use tracing_core::span::Id;
use tracing_core::{Dispatch, Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::filter::{Foreign, Plan};
use super::layer::CaptureLayer;
use super::record::{Evaluable, SpanRecord, join_draft};
use super::records::Records;
use super::state::{Capture, with_scratch};
use crate::fields;
use crate::queue::Item;
use crate::stats::{LossReason, Problem};
use llmobs_conventions::{Classification, EvaluationDraft, Remark};
use llmobs_model::{CapturePolicy, Evaluation, EvaluationError, Feedback, Submission};

/// The target and the name of what says something.
pub(super) type Place = (&'static str, &'static str);

impl Capture {
    /// Checks an evaluation and hands it over.
    pub(crate) fn submit_evaluation(&self, evaluation: Evaluation) -> Result<(), EvaluationError> {
        self.hand_over(evaluation.check(self.clock.wall_ms())?)
    }

    /// Checks feedback and hands it over.
    pub(crate) fn submit_feedback(&self, feedback: Feedback) -> Result<(), EvaluationError> {
        self.hand_over(feedback.check(self.clock.wall_ms())?)
    }

    /// Joins an evaluation to the span with this id, in every layer of ours that has the span.
    pub(crate) fn evaluate(&self, dispatch: &Dispatch, id: &Id, evaluation: Evaluation) -> Result<(), EvaluationError> {
        let mut found = Vec::new();
        self.with_records(dispatch, id, &mut |records| {
            let evaluable = |record: &SpanRecord| record.evaluable().filter(|span| !span.is_off);
            found.extend(records.iter_mut().filter_map(|record| Some((record.sender(), evaluable(record)?))));
        });
        let (last, span) = found.pop().ok_or(EvaluationError::Span)?;
        let mut outcome = Ok(());
        for (capture, span) in found {
            outcome = outcome.and(capture.submit_evaluation(span.joined(evaluation.clone())));
        }
        outcome.and(last.submit_evaluation(span.joined(evaluation)))
    }

    /// The span that told of the response that an evaluation names, if it is remembered.
    pub(super) fn told_of(&self, draft: &EvaluationDraft, place: Place) -> Option<Evaluable> {
        let told = self.responses.find(draft.response_id.as_deref()?);
        if told.is_none() {
            self.remark(Remark::Response, place);
        }
        told
    }

    /// Notes what is odd about what other crates said.
    pub(super) fn remark(&self, remark: Remark, place: Place) {
        self.queue.problems.remarks.note((remark.as_str(), remark.explained()), place);
    }

    /// A refusal is counted where it happens.
    fn hand_over(&self, submission: Submission) -> Result<(), EvaluationError> {
        let pushed = self.queue.push(Item::Evaluation(Box::new(submission)));
        pushed.map_err(|reason| match reason {
            LossReason::QueueItems | LossReason::QueueBytes => EvaluationError::QueueFull,
            LossReason::Closed
            | LossReason::OpenSpans
            | LossReason::Processor
            | LossReason::Sampling
            | LossReason::TooLarge
            | LossReason::TooOld
            | LossReason::Unauthorized
            | LossReason::Rejected
            | LossReason::Unreachable
            | LossReason::Deadline
            | LossReason::Worker => EvaluationError::Closed,
        })
    }
}

impl CaptureLayer {
    /// Submits the evaluation that an event says, joined to the nearest span of ours around it. What is wrong with it is
    /// counted as a problem.
    pub(super) fn evaluate<S>(&self, event: &Event<'_>, plan: &Plan, ctx: &Context<'_, S>)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let place = event.metadata().name();
        let queue = &self.capture.queue;
        let Some(span) = self.evaluable(event, ctx) else { return queue.problems.count(Problem::Evaluation, place) };
        if span.is_off {
            return;
        }
        with_scratch(queue, |log| {
            event.record(&mut self.visitor(plan, log, place));
            match fields::evaluation(log) {
                Ok(evaluation) => self.capture.submit_or_count(span.joined(evaluation), place),
                Err(_) => queue.problems.count(Problem::Evaluation, place),
            }
        });
    }

    /// Submits what an event says in the words of other crates, if that is an evaluation.
    pub(super) fn evaluate_foreign<S>(&self, event: &Event<'_>, plan: &Plan, ctx: &Context<'_, S>) -> bool
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(Foreign { plan: attribute_plan, tells_evaluation: true, .. }) = &plan.foreign else { return false };
        let place = event.metadata().name();
        let mut is_evaluation = false;
        with_scratch(&self.capture.queue, |log| {
            self.visit(event, plan, log, place);
            let attributes = fields::event_as_attributes(attribute_plan, log);
            is_evaluation = attributes.classify() == Classification::Evaluation;
            if !is_evaluation {
                return;
            }
            let span = self.evaluable(event, ctx);
            if span.as_ref().is_some_and(|span| span.is_off) {
                return;
            }
            let policy = span.as_ref().map_or_else(|| self.capture.policies.strictest(), |span| span.policy);
            for draft in attributes.evaluations() {
                let joined = match self.capture.told_of(&draft, (event.metadata().target(), place)) {
                    Some(told) if told.is_off => continue,
                    Some(told) => told.about(draft, policy),
                    None => Evaluable::around(span.as_ref(), draft, policy),
                };
                self.capture.submit_or_count(joined, place);
            }
        });
        is_evaluation
    }

    /// The nearest span of ours around an event, also one that was finished and is still entered.
    fn evaluable<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>) -> Option<Evaluable>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let inside =
            || event.parent().cloned().or_else(|| ctx.current_span().id().cloned().filter(|_| event.is_contextual()));
        if let Some(hidden) = self.capture.hidden_evaluable(inside) {
            return Some(hidden);
        }
        let mut next = ctx.event_span(event);
        while let Some(span) = next {
            let found = span.extensions().get::<Records>().and_then(|records| records.evaluable(&self.capture));
            if found.is_some() {
                return found;
            }
            next = span.parent();
        }
        None
    }
}

impl Evaluable {
    /// The evaluation of this span, within what may leave from here and from where it was said.
    pub(super) fn about(self, draft: EvaluationDraft, policy: CapturePolicy) -> Evaluation {
        let policy = policy.min(self.policy);
        self.joined(draft.evaluation).restricted_to(policy)
    }

    /// The evaluation of this span, if there is one.
    fn around(span: Option<&Self>, draft: EvaluationDraft, policy: CapturePolicy) -> Evaluation {
        let ml_app = span.and_then(|span| span.ml_app.as_deref());
        join_draft(draft, span.map(|span| span.context.clone())).or_ml_app(ml_app).restricted_to(policy)
    }

    fn joined(self, evaluation: Evaluation) -> Evaluation {
        evaluation.span(self.context).or_ml_app(self.ml_app.as_deref())
    }
}
