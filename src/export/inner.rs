//! Spans that nobody opened: what came to pass inside a call, and is known only when its answer has been read.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::details::Settled;
use crate::queue::Queue;
use crate::recording::IdSource;
use crate::recording::KindPolicies;
use crate::recording::{FieldLog, Origin, Recording};
use crate::stats::Problem;
use llmobs_model::{AgentAttribution, Annotation, CapturePolicy, SpanKind};

/// Those that were found and are to be read next, before whatever waits in the queue.
#[derive(Debug, Default)]
pub(super) struct Found(RefCell<VecDeque<Recording>>);

impl Found {
    /// Takes each of them in as a span below this one; at its end, where it does not say when it was. They are within its
    /// policy and within that of their kind.
    pub(super) fn take_over(&self, settled: &mut Settled, below: Below<'_>, queue: &Queue) -> Result<(), Problem> {
        let inner = settled.take_inner();
        let is_too_much = inner.len() > MOST;
        for (said, at) in inner.into_iter().take(MOST).zip(0..) {
            if queue.adopt().is_ok() {
                self.0.borrow_mut().push_back(below.recording(said, at));
            }
        }
        if is_too_much { Err(Problem::TooManyValues) } else { Ok(()) }
    }

    pub(super) fn next(&self) -> Option<Recording> {
        self.0.borrow_mut().pop_front()
    }
}

/// What a span passes on to those in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Below<'a> {
    pub(super) origin: &'a Origin,
    pub(super) kind: SpanKind,
    /// What it is called.
    pub(super) name: &'a str,
    pub(super) end_ns: u64,
    pub(super) policy: CapturePolicy,
    pub(super) policies: KindPolicies,
}

impl Below<'_> {
    /// `at` is its place among the others: those that do not say when they were stay in their order.
    fn recording(self, mut said: Annotation, at: u64) -> Recording {
        let kind = said.kind.unwrap_or(SpanKind::Task);
        let policy = self.policy.min(self.policies.of(kind));
        if policy < CapturePolicy::All {
            (said.input, said.output) = (None, None);
        }
        if policy < CapturePolicy::Metadata {
            said.metadata.clear();
        }
        let start_ns = said.start_ns.take().unwrap_or(self.end_ns.saturating_add(at));
        let end_ns = said.end_ns.take().unwrap_or(start_ns);
        let origin = Origin {
            name: NAME,
            span_id: IdSource::Random.span_id(),
            parent_id: Some(self.origin.span_id),
            is_entry: false,
            start_ns,
            parent_defaults: None,
            agent: self.agent(),
            ..self.origin.clone()
        };
        let mut recording = Recording::new(origin, FieldLog::default());
        recording.head.kind = kind;
        recording.head.duration_ns = end_ns.saturating_sub(start_ns);
        recording.head.policy = policy;
        recording.log_mut().annotate(said.into());
        recording
    }

    /// Whose work they are.
    fn agent(self) -> Option<AgentAttribution> {
        if self.kind == SpanKind::Agent {
            return Some(AgentAttribution::new(Some(self.name), self.origin.span_id));
        }
        self.origin.agent.clone()
    }
}

/// What they are called in diagnostics, where a span has the name of its callsite.
const NAME: &str = "inner";
/// So many of one span; further ones are left out and counted.
const MOST: usize = 128;

#[cfg(all(test, feature = "observe", feature = "testing"))]
mod tests;
