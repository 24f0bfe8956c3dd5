//! Child spans synthesized from a response, such as hosted tool calls of OpenAI's Responses API.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::details::Details;
use crate::queue::Queue;
use crate::recording::IdSource;
use crate::recording::KindPolicies;
use crate::recording::{FieldLog, Origin, Recording};
use crate::stats::Problem;
use llmobs_model::{AgentAttribution, Annotation, CapturePolicy, SpanKind};

/// Synthesized spans that are read next, before the items that wait in the queue.
#[derive(Debug, Default)]
pub(super) struct SynthesizedSpans(RefCell<VecDeque<Recording>>);

impl SynthesizedSpans {
    /// Adds the synthesized children of a span. A child without times is placed at the end of its parent. The stricter of
    /// two capture policies holds: the parent's, and that of the child's kind.
    pub(super) fn add_children(
        &self,
        details: &mut Details,
        parent: ParentContext<'_>,
        queue: &Queue,
    ) -> Result<(), Problem> {
        let children = details.take_synthesized();
        let is_too_much = children.len() > MAX_CHILDREN;
        for (child, at) in children.into_iter().take(MAX_CHILDREN).zip(0..) {
            // Counted as accepted before it can be settled, so the ledger balances at every instant.
            if queue.adopt().is_ok() {
                self.0.borrow_mut().push_back(parent.recording(child, at));
            }
        }
        if is_too_much { Err(Problem::TooManyValues) } else { Ok(()) }
    }

    pub(super) fn next(&self) -> Option<Recording> {
        self.0.borrow_mut().pop_front()
    }
}

/// The values that a synthesized span takes over from its parent.
#[derive(Debug, Clone, Copy)]
pub(super) struct ParentContext<'a> {
    pub(super) origin: &'a Origin,
    pub(super) kind: SpanKind,
    /// The name of the parent in its event.
    pub(super) name: &'a str,
    pub(super) end_ns: u64,
    pub(super) policy: CapturePolicy,
    pub(super) policies: KindPolicies,
}

impl ParentContext<'_> {
    /// Builds the recording of a child. `at` is its position: children without times are a nanosecond apart, so that they
    /// keep their order.
    fn recording(self, mut child: Annotation, at: u64) -> Recording {
        let kind = child.kind.unwrap_or(SpanKind::Task);
        let policy = self.policy.min(self.policies.of(kind));
        if policy < CapturePolicy::All {
            (child.input, child.output) = (None, None);
        }
        if policy < CapturePolicy::Metadata {
            child.metadata.clear();
        }
        let start_ns = child.start_ns.take().unwrap_or(self.end_ns.saturating_add(at));
        let end_ns = child.end_ns.take().unwrap_or(start_ns);
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
        recording.log_mut().annotate(child.into());
        recording
    }

    /// Returns the agent that the children are attributed to: the parent itself if it is one.
    fn agent(self) -> Option<AgentAttribution> {
        if self.kind == SpanKind::Agent {
            return Some(AgentAttribution::new(Some(self.name), self.origin.span_id));
        }
        self.origin.agent.clone()
    }
}

/// The name in diagnostics, where other spans have the name of their callsite.
const NAME: &str = "inner";
/// The number of children of one span; further ones are left out and counted.
const MAX_CHILDREN: usize = 128;

#[cfg(all(test, feature = "observe", feature = "testing"))]
mod tests;
