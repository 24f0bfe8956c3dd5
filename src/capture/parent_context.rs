//! Context that a new span takes over from the spans above it, in this process or in another one.

use std::sync::Arc;

use super::nesting::DescendantMarks;
use super::services::Services;
use super::trace::TraceState;
use crate::recording::{ChildDefaults, Origin};
use llmobs_model::{ApmContext, CapturePolicy, Sampling, SpanContext, SpanId, TraceId};

/// The values that a span hands on to spans that start below it.
#[derive(Debug, Clone)]
pub(crate) struct ParentContext {
    pub(super) context: SpanContext,
    pub(super) position: ParentPosition,
    pub(super) policy: CapturePolicy,
    /// Defaults from the span directly above.
    pub(super) child_defaults: Option<Arc<ChildDefaults>>,
    pub(super) trace: Arc<TraceState>,
    /// Marks for the new span to set, where an ancestor tracks its descendants.
    pub(super) marks: Option<Arc<DescendantMarks>>,
}

/// The place of a parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParentPosition {
    /// An LLM span of this process.
    Local,
    /// A span of another process.
    Remote,
    /// A non-LLM span of this process, which only names a session or a user: the new span begins a trace.
    ContextOnly,
}

impl ParentContext {
    /// Creates the context below a span of another process.
    pub(super) fn remote(context: SpanContext) -> Self {
        let trace = Arc::new(TraceState::remote(context.session_id.as_ref()));
        let (position, policy) = (ParentPosition::Remote, CapturePolicy::All);
        Self { context, position, policy, child_defaults: None, trace, marks: None }
    }

    /// Creates the context below a span of a trace that is switched off, so that nothing below is recorded.
    pub(super) fn off(trace: Arc<TraceState>) -> Self {
        let context = SpanContext::new(TraceId::new(0), SpanId::MIN);
        let (position, policy) = (ParentPosition::Local, CapturePolicy::None);
        Self { context, position, policy, child_defaults: None, trace, marks: None }
    }

    /// Hands the values to the span with this id.
    #[inline]
    pub(super) fn start(self, span_id: SpanId) -> SpanStart {
        let Self { mut context, position, policy, child_defaults, trace, marks } = self;
        context.session_id = context.session_id.or_else(|| trace.session());
        let trace = match position {
            ParentPosition::Local | ParentPosition::Remote => trace,
            // Two roots inside one HTTP request are two traces, but what its span sets or switches off holds for both.
            ParentPosition::ContextOnly => Arc::new(TraceState::within(trace, span_id)),
        };
        let is_entry = position != ParentPosition::Local;
        SpanStart { parent: Some(context), is_entry, policy, child_defaults, apm: None, trace, marks }
    }
}

/// Session and user that non-LLM ancestors set (an HTTP middleware's span, for example), collected from the span
/// towards the root: the nearest value wins.
#[derive(Debug)]
pub(super) struct InheritedContext {
    session_id: Option<Arc<str>>,
    user: Option<Arc<str>>,
    /// The place and the trace of the outermost of these ancestors.
    context: SpanContext,
    trace: Arc<TraceState>,
}

impl InheritedContext {
    pub(super) const fn new(
        context: SpanContext,
        trace: Arc<TraceState>,
        session_id: Option<Arc<str>>,
        user: Option<Arc<str>>,
    ) -> Self {
        Self { session_id, user, context, trace }
    }

    /// Adds what ancestors below this one have set, which wins.
    pub(super) fn merge_nearer(self, nearer: Option<Box<Self>>) -> Box<Self> {
        let Some(mut nearer) = nearer else { return Box::new(self) };
        nearer.session_id = nearer.session_id.take().or(self.session_id);
        nearer.user = nearer.user.take().or(self.user);
        (nearer.context, nearer.trace) = (self.context, self.trace);
        nearer
    }

    /// Lays the values over the parent that was found above these ancestors, if one was.
    #[cold]
    pub(super) fn merge_over(self, parent: Option<ParentContext>) -> ParentContext {
        let Self { session_id, user, mut context, trace } = self;
        context.is_llm_span = false;
        let (position, policy) = (ParentPosition::ContextOnly, CapturePolicy::All);
        let around = ParentContext { context, position, policy, child_defaults: None, trace, marks: None };
        let mut parent = parent.unwrap_or(around);
        if session_id.is_some() {
            parent.context.session_id = session_id;
        }
        if let Some(user) = user {
            // The marks are shared with the parent, whose other children do not have this user.
            parent.marks = Some(Arc::new(DescendantMarks::of_user(user, parent.marks.take())));
        }
        parent
    }
}

/// The values of a span at its start.
#[derive(Debug)]
pub(super) struct SpanStart {
    parent: Option<SpanContext>,
    is_entry: bool,
    policy: CapturePolicy,
    child_defaults: Option<Arc<ChildDefaults>>,
    /// The place of the span itself in the APM trace.
    pub(super) apm: Option<Arc<ApmContext>>,
    pub(super) trace: Arc<TraceState>,
    pub(super) marks: Option<Arc<DescendantMarks>>,
}

impl SpanStart {
    /// The start of a root.
    pub(super) fn root(span_id: SpanId) -> Self {
        let trace = Arc::new(TraceState::starting_at(span_id));
        let policy = CapturePolicy::All;
        Self { parent: None, is_entry: true, policy, child_defaults: None, apm: None, trace, marks: None }
    }

    /// Settles ids, sampling decision and inherited values of the span.
    #[inline]
    pub(super) fn into_origin(self, services: &Services, span: (&'static str, SpanId, u64)) -> Origin {
        let Self { parent, is_entry, policy, child_defaults, apm, .. } = self;
        let (name, span_id, start_ns) = span;
        // Its ids are never read: a parent that is no LLM span hands on values, and no place.
        let no_parent = || {
            let mut context = SpanContext::new(TraceId::new(0), span_id);
            context.is_llm_span = false;
            context
        };
        let parent = parent.unwrap_or_else(no_parent);
        let apm = apm.or(parent.apm);
        let (trace_id, parent_id) = if parent.is_llm_span {
            (parent.trace_id, Some(parent.span_id))
        } else {
            (services.ids.trace_id(start_ns), None)
        };
        // The APM trace id, where there is one: the APM tracer decides by the same id, so that both keep or drop the same
        // traces. Below a span the decision has been made.
        let decide = || Sampling::decide(services.sample_rate, apm.as_ref().map_or(&trace_id, |apm| &apm.trace_id));
        let sampling = parent.sampling.or_else(|| parent_id.is_none().then(decide));
        Origin {
            name,
            span_id,
            parent_id,
            is_entry,
            start_ns,
            sampling,
            session_id: parent.session_id,
            ml_app: parent.ml_app,
            agent: parent.agent,
            policy,
            parent_defaults: child_defaults,
            trace_id,
            apm,
        }
    }
}
