//! What capture kept of a span: cheap to write, not yet interpreted.

use std::sync::Arc;

use super::child_defaults::ChildDefaults;
use llmobs_conventions::AttributePlan;
use llmobs_model::{AgentAttribution, ApmContext, CapturePolicy, Sampling, SpanId, SpanKind, TraceId};

use super::field_log::FieldLog;

/// What a span is from its first moment on.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The name in `tracing`.
    pub(crate) name: &'static str,
    pub(crate) span_id: SpanId,
    pub(crate) trace_id: TraceId,
    pub(crate) parent_id: Option<SpanId>,
    /// No span of ours in this process is above it.
    pub(crate) is_entry: bool,
    pub(crate) start_ns: u64,
    pub(crate) sampling: Option<Sampling>,
    /// Inherited from above; an own value in the log wins.
    pub(crate) session_id: Option<Arc<str>>,
    pub(crate) ml_app: Option<Arc<str>>,
    pub(crate) agent: Option<AgentAttribution>,
    /// The one from above, or its own; the kind may have a stricter one.
    pub(crate) policy: CapturePolicy,
    /// The place in the APM trace, where it is another one.
    pub(crate) apm: Option<Arc<ApmContext>>,
    /// What the span directly above has said for those below it.
    pub(crate) passed: Option<Arc<ChildDefaults>>,
}

/// A span's values in the order in which they came, in one growing buffer, and where and when it was.
///
/// Later wins: a value replaces an earlier one of the same meaning, so that a loop that records does not
/// grow.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) head: Head,
    pub(crate) log: FieldLog,
}

/// All of a recording but its log.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) origin: Origin,
    pub(crate) kind: SpanKind,
    pub(crate) duration_ns: u64,
    /// The span closed while its thread was panicking.
    pub(crate) panicked: bool,
    /// What may leave, settled when the span ends.
    pub(crate) policy: CapturePolicy,
    /// The model's usage comes from a gateway, and would be counted twice.
    pub(crate) is_reported_elsewhere: bool,
    /// The plan of a span that may have attributes of other conventions.
    pub(crate) plan: Option<Arc<AttributePlan<'static>>>,
    /// How the kind is known.
    pub(crate) source: KindSource,
}

/// How the kind of a span is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum KindSource {
    /// The application said it.
    #[default]
    Explicit,
    /// It follows from the words of another crate.
    Attributes,
    /// The same, but a span below it is of the same call and counts it; this one has become a workflow.
    Demoted,
}

impl Head {
    /// That of a span that begins; its kind is settled when it ends.
    pub(crate) const fn new(origin: Origin) -> Self {
        Self {
            origin,
            kind: SpanKind::Task,
            duration_ns: 0,
            panicked: false,
            policy: CapturePolicy::None,
            is_reported_elsewhere: false,
            plan: None,
            source: KindSource::Explicit,
        }
    }

    /// That of no span.
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
        passed: None,
    });
}

impl Default for Recording {
    fn default() -> Self {
        Self { head: Head::NONE, log: FieldLog::new() }
    }
}

impl Recording {
    /// A recording that begins.
    pub(crate) const fn new(origin: Origin, log: FieldLog) -> Self {
        Self { head: Head::new(origin), log }
    }

    /// Takes the head out, so that this is of no span.
    pub(crate) const fn take_head(&mut self) -> Head {
        std::mem::replace(&mut self.head, Head::NONE)
    }

    pub(crate) const fn log(&self) -> &FieldLog {
        &self.log
    }

    pub(crate) const fn log_mut(&mut self) -> &mut FieldLog {
        &mut self.log
    }

    /// What was said, and the origin that it may change.
    pub(crate) const fn said_about(&mut self) -> (&mut Origin, &FieldLog) {
        (&mut self.head.origin, &self.log)
    }

    /// Bytes that this holds in the queue.
    pub(crate) fn bytes(&self) -> usize {
        Self::bytes_with(&self.log)
    }

    /// The same of one that says what is in this log.
    pub(crate) fn bytes_with(log: &FieldLog) -> usize {
        log.bytes().saturating_add(size_of::<Self>())
    }
}
