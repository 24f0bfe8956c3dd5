//! Services that the spans of one layer use and that know nothing of open spans.

use std::sync::Arc;

use tracing_core::metadata::LevelFilter;

use super::budget::OpenBudget;
use super::callsite_fields::FieldSelection;
use super::ended::Ended;
use super::evaluable::EvaluableSpan;
use super::plan::PlanTable;
use super::response_index::ResponseIndex;
use crate::clock::Clock;
use crate::queue::{Item, Queue};
use crate::recording::{GatewayUrls, IdSource, KindPolicies};
use crate::stats::{LossReason, Problem};
use llmobs_conventions::{Conventions, EvaluationDraft, Remark};
use llmobs_model::{Evaluation, EvaluationError, Feedback, Submission};

/// The queue, the clock, the ids, the plans of callsites and the settings of one layer.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) queue: Arc<Queue>,
    pub(crate) clock: Clock,
    pub(super) ids: IdSource,
    pub(super) plans: Arc<PlanTable>,
    pub(super) budget: OpenBudget,
    pub(super) responses: ResponseIndex,
    pub(super) sample_rate: f64,
    pub(super) policies: KindPolicies,
    /// The configured application, which outgoing contexts name when the span names none.
    pub(crate) ml_app: Arc<str>,
    pub(super) outbound: Outbound,
    /// The most verbose level that is captured.
    pub(super) max_level: LevelFilter,
}

/// The settings of capture.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) selection: FieldSelection,
    pub(crate) clock: Clock,
    pub(crate) ids: IdSource,
    pub(crate) sample_rate: f64,
    pub(crate) policies: KindPolicies,
    pub(crate) ml_app: Arc<str>,
    pub(crate) outbound: Outbound,
    pub(crate) open_max_bytes: usize,
    pub(crate) max_level: LevelFilter,
    /// The name of the executable, if it is known.
    pub(crate) executable: Option<String>,
}

/// The settings about outgoing requests.
#[derive(Debug)]
pub(crate) struct Outbound {
    /// `true` if a task that makes a request is tagged.
    pub(crate) mark_tasks: bool,
    /// Gateways that report model calls themselves.
    pub(crate) proxy_urls: GatewayUrls,
}

/// Target and name of the callsite that a remark is about.
pub(super) type RemarkSite = (&'static str, &'static str);

impl Services {
    pub(super) fn new(queue: Arc<Queue>, options: Options) -> Self {
        let Options {
            selection,
            clock,
            ids,
            sample_rate,
            policies,
            ml_app,
            outbound,
            open_max_bytes,
            max_level,
            executable: _,
        } = options;
        let (plans, budget) = (
            Arc::new(PlanTable::new(selection, Arc::clone(&queue))),
            OpenBudget::new(Arc::clone(&queue), open_max_bytes),
        );
        let responses = ResponseIndex::default();
        Self { queue, clock, ids, plans, budget, responses, sample_rate, policies, ml_app, outbound, max_level }
    }

    /// Returns the third-party conventions that are read beside `llmobs.*`.
    pub(super) fn conventions(&self) -> Conventions {
        self.plans.selection().conventions
    }

    pub(super) fn count(&self, problem: Problem, span_name: &'static str) {
        self.queue.problems.count(problem, span_name);
    }

    /// Notes an oddity of third-party attributes, for the authors of the instrumentation.
    pub(super) fn remark(&self, remark: Remark, site: RemarkSite) {
        self.queue.problems.remarks.note((remark.as_str(), remark.explained()), site);
    }

    /// Puts the output of a span into the queue, which counts what it refuses.
    pub(super) fn send(&self, ended: Ended) {
        if let Some(recording) = ended.recording {
            let _ = self.queue.push(Item::Span(recording));
        }
        if let Some(inline) = ended.evaluations {
            for evaluation in inline.evaluations {
                self.submit_or_count(evaluation, inline.span_name);
            }
        }
    }

    /// Checks an evaluation and puts it into the queue.
    pub(crate) fn submit_evaluation(&self, evaluation: Evaluation) -> Result<(), EvaluationError> {
        self.enqueue(evaluation.check(self.clock.wall_ms())?)
    }

    /// Checks feedback and puts it into the queue.
    pub(crate) fn submit_feedback(&self, feedback: Feedback) -> Result<(), EvaluationError> {
        self.enqueue(feedback.check(self.clock.wall_ms())?)
    }

    /// Submits an evaluation for which nobody awaits a result; an invalid one is counted as a problem.
    pub(super) fn submit_or_count(&self, evaluation: Evaluation, span_name: &'static str) {
        match self.submit_evaluation(evaluation) {
            // The ledger has counted a refusal.
            Ok(()) | Err(EvaluationError::QueueFull | EvaluationError::Closed) => {}
            Err(_) => self.count(Problem::Evaluation, span_name),
        }
    }

    /// Returns the span that reported the response which an evaluation names.
    pub(super) fn span_of_response(&self, draft: &EvaluationDraft, site: RemarkSite) -> Option<EvaluableSpan> {
        let reported = self.responses.find(draft.response_id.as_deref()?);
        if reported.is_none() {
            self.remark(Remark::Response, site);
        }
        reported
    }

    fn enqueue(&self, submission: Submission) -> Result<(), EvaluationError> {
        let pushed = self.queue.push(Item::Evaluation(Box::new(submission)));
        pushed.map_err(|reason| match reason {
            LossReason::QueueItems | LossReason::QueueBytes => EvaluationError::QueueFull,
            LossReason::Closed
            | LossReason::Forked
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
