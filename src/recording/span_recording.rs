//! The recording of a span: cheap to write, not yet interpreted.

use std::sync::Arc;

use super::child_defaults::ChildDefaults;
use super::field_log::FieldLog;
use llmobs_conventions::AttributePlan;
use llmobs_model::{AgentAttribution, ApmContext, CapturePolicy, Sampling, SpanId, SpanKind, TraceId};

/// The ids and inherited values of a span, known from its start.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The name in `tracing`.
    pub(crate) name: &'static str,
    pub(crate) span_id: SpanId,
    pub(crate) trace_id: TraceId,
    pub(crate) parent_id: Option<SpanId>,
    /// No LLM span of this process is above the span.
    pub(crate) is_entry: bool,
    pub(crate) start_ns: u64,
    pub(crate) sampling: Option<Sampling>,
    /// The inherited session; an own value in the log wins.
    pub(crate) session_id: Option<Arc<str>>,
    pub(crate) ml_app: Option<Arc<str>>,
    pub(crate) agent: Option<AgentAttribution>,
    /// The inherited or own policy; the kind may have a stricter bound.
    pub(crate) policy: CapturePolicy,
    /// The place in the APM trace, if the span has one.
    pub(crate) apm: Option<Arc<ApmContext>>,
    /// The defaults that the parent set for its children.
    pub(crate) parent_defaults: Option<Arc<ChildDefaults>>,
}

/// The values of a span with its place in the trace and its times, from capture to the encoder.
///
/// A later value replaces an earlier one with the same key, so that a loop that records does not grow.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) head: Head,
    pub(crate) log: FieldLog,
}

/// The part of a recording beside its log.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) origin: Origin,
    pub(crate) kind: SpanKind,
    pub(crate) duration_ns: u64,
    /// The span closed while its thread was panicking.
    pub(crate) panicked: bool,
    /// The policy that bounds what may leave, settled when the span ends.
    pub(crate) policy: CapturePolicy,
    /// A gateway reports the usage of the model, which would be counted twice.
    pub(crate) is_reported_elsewhere: bool,
    /// The plan for third-party attributes, if the span may have some.
    pub(crate) plan: Option<Arc<AttributePlan<'static>>>,
    /// The source of the kind.
    pub(crate) source: KindSource,
}

/// The source of the kind of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KindSource {
    /// A field or an annotation of the application set it.
    #[default]
    Explicit,
    /// Third-party attributes imply the kind.
    Attributes,
    /// Third-party attributes implied the kind, but a descendant reports the same call: the span has become a workflow.
    Demoted,
}

impl Head {
    /// Creates the head of a span that begins. Its kind is settled when the span ends.
    pub(crate) const fn new(origin: Origin) -> Self {
        Self {
            origin,
            kind: SpanKind::Task,
            duration_ns: 0,
            panicked: false,
            // Nothing may leave before the policy is settled: a path that forgets to settle it leaks nothing.
            policy: CapturePolicy::None,
            is_reported_elsewhere: false,
            plan: None,
            source: KindSource::Explicit,
        }
    }

    /// The head of an empty recording.
    const NONE: Self = Self::new(Origin {
        name: "",
        span_id: SpanId::MIN,
        trace_id: TraceId::new(0),
        parent_id: None,
        is_entry: false,
        start_ns: 0,
        sampling: None,
        session_id: None,
        ml_app: None,
        agent: None,
        policy: CapturePolicy::None,
        apm: None,
        parent_defaults: None,
    });
}

impl Default for Recording {
    fn default() -> Self {
        Self { head: Head::NONE, log: FieldLog::new() }
    }
}

impl Recording {
    /// Creates the recording of a span that begins.
    pub(crate) const fn new(origin: Origin, log: FieldLog) -> Self {
        Self { head: Head::new(origin), log }
    }

    /// Takes the head out and leaves that of an empty recording.
    pub(crate) const fn take_head(&mut self) -> Head {
        std::mem::replace(&mut self.head, Head::NONE)
    }

    pub(crate) const fn log(&self) -> &FieldLog {
        &self.log
    }

    pub(crate) const fn log_mut(&mut self) -> &mut FieldLog {
        &mut self.log
    }

    /// Returns the origin to change, and the log that it is changed by.
    pub(crate) const fn origin_and_log(&mut self) -> (&mut Origin, &FieldLog) {
        (&mut self.head.origin, &self.log)
    }

    /// Returns the bytes that the recording counts for in the queue.
    pub(crate) fn bytes(&self) -> usize {
        Self::bytes_with(&self.log)
    }

    /// Returns the bytes that a recording with this log counts for in the queue.
    pub(crate) fn bytes_with(log: &FieldLog) -> usize {
        log.bytes().saturating_add(size_of::<Self>())
    }

    /// Returns the bytes of memory behind the recording of an open span.
    #[inline]
    pub(crate) fn held_bytes(&self) -> usize {
        self.log.held_bytes().saturating_add(size_of::<Self>())
    }
}
