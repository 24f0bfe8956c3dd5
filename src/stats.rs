//! The ledger: what became of every item, by name.
//!
//! In: counts. Out: [`Stats`]. Never: content, locks, words.

use std::fmt;

mod counts;
mod remarks;

pub(crate) use counts::Counts;
use counts::SharedCounts;
pub(crate) use remarks::{Remarked, Remarks};

/// Why an item did not reach the intake.
///
/// Items that were *refused* never entered the queue; items that were *lost* did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossReason {
    /// Refused: the queue holds as many items as it may.
    QueueItems,
    /// Refused: the queue holds as many bytes as it may.
    QueueBytes,
    /// Refused: open spans hold as many bytes as they may.
    OpenSpans,
    /// Refused: the pipeline was shut down before.
    Closed,
    /// Lost: a processor took it out or failed; the original never leaves.
    Processor,
    /// Lost: its trace was not sampled, and [`Builder::drop_unsampled`](crate::Builder::drop_unsampled) wants such
    /// spans gone.
    Sampling,
    /// Lost: it is too large even without its content, or the intake said 413 to it alone.
    TooLarge,
    /// Lost: older than the 24 hours that the intake accepts.
    TooOld,
    /// Lost: the intake refused the API key (401, 403).
    Unauthorized,
    /// Lost: the intake refused the request (other 4xx, or a redirect).
    Rejected,
    /// Lost: the intake could not be reached or failed, and all attempts are used up.
    Unreachable,
    /// Lost: the shutdown deadline passed first.
    Deadline,
    /// Lost: the worker failed, for example to write it as JSON. This is a defect of this crate.
    Worker,
}

impl LossReason {
    /// All reasons.
    pub const ALL: [Self; 13] = [
        Self::QueueItems,
        Self::QueueBytes,
        Self::OpenSpans,
        Self::Closed,
        Self::Processor,
        Self::Sampling,
        Self::TooLarge,
        Self::TooOld,
        Self::Unauthorized,
        Self::Rejected,
        Self::Unreachable,
        Self::Deadline,
        Self::Worker,
    ];

    /// The reason in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueItems => "queue_items",
            Self::QueueBytes => "queue_bytes",
            Self::OpenSpans => "open_spans",
            Self::Closed => "closed",
            Self::Processor => "processor",
            Self::Sampling => "sampling",
            Self::TooLarge => "too_large",
            Self::TooOld => "too_old",
            Self::Unauthorized => "unauthorized",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Deadline => "deadline",
            Self::Worker => "worker",
        }
    }

    /// Whether the item never entered the queue.
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::QueueItems | Self::QueueBytes | Self::OpenSpans | Self::Closed => true,
            Self::Processor
            | Self::Sampling
            | Self::TooLarge
            | Self::TooOld
            | Self::Unauthorized
            | Self::Rejected
            | Self::Unreachable
            | Self::Deadline
            | Self::Worker => false,
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something about a span or an event that is not as it should be; the span itself is sent, unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Problem {
    /// `llmobs.kind` is none of the seven kinds; the span is not ours and is not sent.
    UnknownKind,
    /// Input or output has a form that the kind does not take; it was left out.
    Shape,
    /// Metadata is no JSON object, or could not be written as JSON; it was left out.
    Metadata,
    /// A metric is no finite number, or has no name; it was left out.
    Metric,
    /// Tags are no JSON object, or a tag has no key; it was left out.
    Tag,
    /// A value was larger than a span may hold; a marker stands in its place.
    Oversize,
    /// More steps than a span keeps; later ones were left out.
    TooManyValues,
    /// The `Debug` or `Display` of a value panicked; a marker stands in its place.
    Panic,
    /// Part of an annotation was refused when it was built.
    Annotation,
    /// The event was over the size limit and was sent without input and output.
    Shrunk,
    /// A prompt is no JSON object of the known form; what could not be read was left out.
    Prompt,
    /// Tool definitions are no JSON array, or a tool has no name; it was left out.
    ToolDefinition,
    /// A cost tag is no tag of the span; it was left out.
    CostTag,
    /// An agent's manifest is no JSON object, or one of its tools has no name; it was left out.
    AgentManifest,
    /// Something was said that the kind of the span does not have (a prompt and tool definitions are for `llm`, a
    /// tool's version and id for `tool`, an agent's version and manifest for `agent`); it was left out.
    Misplaced,
    /// The name of an application breaks a rule of the intake; it was sent as it is.
    MlApp,
    /// An event that says an evaluation says no valid one, or stands in no LLM span; it was not submitted.
    Evaluation,
    /// A processor panicked or failed; the span is not sent.
    Processor,
    /// `llmobs.capture` is none of the three policies; the strictest one holds.
    UnknownPolicy,
    /// A parent in another process was set after something had started below the span; the span stays where it was.
    LateParent,
    /// An entry of a header could not be written, or did not fit; the header was written without it.
    Header,
    /// What a provider answered could not be read; the span was sent with what else is known of it.
    Unreadable,
}

impl Problem {
    /// All problems.
    pub const ALL: [Self; 22] = [
        Self::UnknownKind,
        Self::Shape,
        Self::Metadata,
        Self::Metric,
        Self::Tag,
        Self::Oversize,
        Self::TooManyValues,
        Self::Panic,
        Self::Annotation,
        Self::Shrunk,
        Self::Prompt,
        Self::ToolDefinition,
        Self::CostTag,
        Self::AgentManifest,
        Self::Misplaced,
        Self::MlApp,
        Self::Evaluation,
        Self::Processor,
        Self::UnknownPolicy,
        Self::LateParent,
        Self::Header,
        Self::Unreadable,
    ];

    /// The problem in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownKind => "unknown_kind",
            Self::Shape => "shape",
            Self::Metadata => "metadata",
            Self::Metric => "metric",
            Self::Tag => "tag",
            Self::Oversize => "oversize",
            Self::TooManyValues => "too_many_values",
            Self::Panic => "panic",
            Self::Annotation => "annotation",
            Self::Shrunk => "shrunk",
            Self::Prompt => "prompt",
            Self::ToolDefinition => "tool_definition",
            Self::CostTag => "cost_tag",
            Self::AgentManifest => "agent_manifest",
            Self::Misplaced => "misplaced",
            Self::MlApp => "ml_app",
            Self::Evaluation => "evaluation",
            Self::Processor => "processor",
            Self::UnknownPolicy => "unknown_policy",
            Self::LateParent => "late_parent",
            Self::Header => "header",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of every item so far. At every instant
///
/// ```text
/// offered  = accepted + refused
/// accepted = delivered + lost + pending
/// ```
///
/// An item is a span of ours that closed, an evaluation or feedback. *Delivered* means that the intake answered 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Items that were ready to be sent.
    pub offered: u64,
    /// Items that entered the queue.
    pub accepted: u64,
    /// Items that the intake acknowledged.
    pub delivered: u64,
    /// Items that are queued, being sent, or waiting for another attempt.
    pub pending: u64,
    /// Bytes of the items in the queue.
    pub queued_bytes: u64,
    /// Spans of ours that are open.
    pub open_spans: u64,
    /// Requests that were sent, each attempt counted.
    pub requests: u64,
    /// Requests that were sent again after a failure.
    pub retries: u64,
    pub(crate) lost: Counts<{ LossReason::ALL.len() }>,
    pub(crate) problems: Counts<{ Problem::ALL.len() }>,
}

impl Stats {
    /// Items that were refused or lost for this reason.
    pub fn lost(&self, reason: LossReason) -> u64 {
        self.lost.at(loss_index(reason))
    }

    /// Items that never entered the queue.
    pub fn refused_total(&self) -> u64 {
        self.total(true)
    }

    /// Items that entered the queue and did not reach the intake.
    pub fn lost_total(&self) -> u64 {
        self.total(false)
    }

    /// How often this problem was met.
    pub fn problems(&self, problem: Problem) -> u64 {
        self.problems.at(problem_index(problem))
    }

    /// Whether both equations hold.
    pub fn is_balanced(&self) -> bool {
        self.offered == self.accepted.saturating_add(self.refused_total())
            && self.accepted == self.delivered.saturating_add(self.lost_total()).saturating_add(self.pending)
    }

    /// Items that were taken out because somebody wanted it so: by a processor, or as not sampled.
    pub(crate) fn unwanted(&self) -> u64 {
        let by_processor = self.lost(LossReason::Processor).saturating_sub(self.problems(Problem::Processor));
        by_processor.saturating_add(self.lost(LossReason::Sampling))
    }

    fn total(&self, refusals: bool) -> u64 {
        let reasons = LossReason::ALL.into_iter().filter(|reason| reason.is_refusal() == refusals);
        reasons.fold(0, |sum, reason| sum.saturating_add(self.lost(reason)))
    }
}

impl Counts<{ LossReason::ALL.len() }> {
    pub(crate) fn lose(&mut self, reason: LossReason, count: u64) {
        self.add(loss_index(reason), count);
    }
}

/// Items that were refused at the door. When the queue is full every thread counts here.
#[derive(Debug, Default)]
pub(crate) struct Refusals(SharedCounts<{ LossReason::ALL.len() }>);

impl Refusals {
    pub(crate) fn count(&self, reason: LossReason) {
        self.0.count(loss_index(reason));
    }

    pub(crate) fn snapshot(&self) -> Counts<{ LossReason::ALL.len() }> {
        self.0.snapshot()
    }
}

/// Problems, counted where they are met; the worker reads them and says so.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    counters: SharedCounts<{ Problem::ALL.len() }>,
    first: parking_lot::Mutex<[Option<&'static str>; Problem::ALL.len()]>,
    /// What is odd about spans of other crates, and no problem.
    pub(crate) remarks: Remarks,
}

impl Problems {
    /// Counts a problem; `place` (a span's name) is kept for the first one.
    pub(crate) fn count(&self, problem: Problem, place: &'static str) {
        let index = problem_index(problem);
        if self.counters.count(index) == Some(0)
            && let Some(mut first) = self.first.try_lock()
            && let Some(slot) = first.get_mut(index)
        {
            *slot = Some(place);
        }
    }

    /// The span's name at the first problem of this sort.
    pub(crate) fn first_place(&self, problem: Problem) -> Option<&'static str> {
        self.first.lock().get(problem_index(problem)).copied().flatten()
    }

    pub(crate) fn snapshot(&self) -> Counts<{ Problem::ALL.len() }> {
        self.counters.snapshot()
    }
}

fn loss_index(reason: LossReason) -> usize {
    LossReason::ALL.iter().position(|one| *one == reason).unwrap_or_default()
}

fn problem_index(problem: Problem) -> usize {
    Problem::ALL.iter().position(|one| *one == problem).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_and_problem_has_its_own_counter() {
        let mut lost = Counts::<{ LossReason::ALL.len() }>::default();
        for (count, reason) in (1..).zip(LossReason::ALL) {
            lost.lose(reason, count);
        }
        let stats = Stats { lost, ..Stats::default() };
        assert_eq!(LossReason::ALL.map(|reason| stats.lost(reason)), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
        let problems = Problems::default();
        problems.count(Problem::Shape, "chat");
        problems.count(Problem::Shape, "other");
        assert_eq!(problems.first_place(Problem::Shape), Some("chat"));
        let stats = Stats { problems: problems.snapshot(), ..Stats::default() };
        assert_eq!((stats.problems(Problem::Shape), stats.problems(Problem::Tag)), (2, 0));
    }

    #[test]
    fn the_ledger_is_balanced_when_both_equations_hold() {
        let mut stats = Stats { offered: 5, accepted: 4, delivered: 2, pending: 1, ..Stats::default() };
        assert!(!stats.is_balanced());
        stats.lost.lose(LossReason::QueueBytes, 1);
        stats.lost.lose(LossReason::TooLarge, 1);
        assert!(stats.is_balanced());
    }
}
