//! Where a new span stands: below one of this process, below one of another, or at the top.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::kinship::Slate;
use super::state::Capture;
use crate::model::{ApmContext, CapturePolicy, Origin, Passed, Sampling, SpanContext, SpanId, TraceId};

/// What a span passes on to those that start below it.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    pub(super) context: SpanContext,
    /// The context is that of a span in another process.
    pub(super) is_remote: bool,
    pub(super) policy: CapturePolicy,
    /// What the span directly above has said for those below it.
    pub(super) passed: Option<Arc<Passed>>,
    pub(super) trace: Arc<Trace>,
    /// What those below write on, where somebody reads it.
    pub(super) slate: Option<Arc<Slate>>,
}

/// What all spans of a trace share within this process.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The first session that any span named, or that came from outside; spans that start afterwards without a nearer
    /// one get it.
    session_id: OnceLock<Arc<str>>,
    /// Another session was named too.
    has_several_sessions: AtomicBool,
    /// A session was named in the words of other crates, by which it is the root's too.
    lifts_session: AtomicBool,
    /// Nothing of it leaves any more.
    is_off: AtomicBool,
    /// The span that began it, if it is one of this process.
    root: Option<SpanId>,
}

impl Trace {
    /// The trace that begins with this span.
    pub(super) fn of(root: SpanId) -> Self {
        Self { root: Some(root), ..Self::default() }
    }

    pub(super) fn name_session(&self, session_id: &Arc<str>) {
        if self.session_id.get_or_init(|| Arc::clone(session_id)) != session_id {
            self.has_several_sessions.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn lift_session(&self) {
        self.lifts_session.store(true, Ordering::Relaxed);
    }

    /// The session of a root that names none.
    pub(super) fn lifted_session(&self) -> Option<Arc<str>> {
        let is_lifted =
            self.lifts_session.load(Ordering::Relaxed) && !self.has_several_sessions.load(Ordering::Relaxed);
        self.session().filter(|_| is_lifted)
    }

    pub(super) fn turn_off(&self) {
        self.is_off.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_off(&self) -> bool {
        self.is_off.load(Ordering::Relaxed)
    }

    pub(super) const fn root(&self) -> Option<SpanId> {
        self.root
    }

    pub(super) fn session(&self) -> Option<Arc<str>> {
        self.session_id.get().cloned()
    }
}

impl Lineage {
    /// That of a span of another process.
    pub(super) fn of_remote(context: SpanContext) -> Self {
        let trace = Trace::default();
        if let Some(session_id) = &context.session_id {
            trace.name_session(session_id);
        }
        let (policy, passed, slate) = (CapturePolicy::All, None, None);
        Self { context, is_remote: true, policy, passed, trace: Arc::new(trace), slate }
    }

    /// What goes into the span itself, and what it shares.
    pub(super) fn split(self) -> (Inherited, Arc<Trace>, Option<Arc<Slate>>) {
        let Self { context, is_remote, policy, passed, trace, slate } = self;
        (Inherited { context: Some(context), is_entry: is_remote, policy, passed, apm: None }, trace, slate)
    }
}

/// What a span has when it begins.
#[derive(Debug)]
pub(super) struct Inherited {
    context: Option<SpanContext>,
    is_entry: bool,
    policy: CapturePolicy,
    passed: Option<Arc<Passed>>,
    /// Its own span in the APM trace.
    pub(super) apm: Option<Arc<ApmContext>>,
}

impl Inherited {
    /// Nothing, at the top.
    pub(super) const NOTHING: Self =
        Self { context: None, is_entry: true, policy: CapturePolicy::All, passed: None, apm: None };
}

impl Capture {
    /// The place of a span with this id and begin.
    #[inline]
    pub(super) fn place(
        &self,
        (name, span_id, start_ns): (&'static str, SpanId, u64),
        inherited: Inherited,
        trace: &Trace,
    ) -> Origin {
        let Inherited { context, is_entry, policy, passed, apm } = inherited;
        let nobody = || SpanContext { is_llm_span: false, ..SpanContext::new(TraceId::new(0), span_id) };
        let above = context.unwrap_or_else(nobody);
        let apm = apm.or(above.apm);
        let (trace_id, parent_id) =
            if above.is_llm_span { (above.trace_id, Some(above.span_id)) } else { (self.ids.trace_id(start_ns), None) };
        // The id that others have too, so that they come to the same decision. Below a span it has been made.
        let decide = || Sampling::decide(self.sample_rate, apm.as_ref().map_or(&trace_id, |apm| &apm.trace_id));
        let sampling = above.sampling.or_else(|| parent_id.is_none().then(decide));
        Origin {
            name,
            span_id,
            parent_id,
            is_entry,
            start_ns,
            sampling,
            session_id: above.session_id.or_else(|| trace.session()),
            ml_app: above.ml_app,
            agent: above.agent,
            policy,
            passed,
            trace_id,
            apm,
        }
    }
}
