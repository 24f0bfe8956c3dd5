//! Where a new span stands: below one of this process, below one of another, or at the top.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::kinship::Slate;
use super::state::Capture;
use crate::model::{ApmContext, CapturePolicy, Origin, Passed, Sampling, SpanContext, SpanId};

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
}

impl Capture {
    /// The place of a span that begins now.
    pub(super) fn origin(&self, name: &'static str, above: Option<&Lineage>, apm: Option<Arc<ApmContext>>) -> Origin {
        let start_ns = self.clock.wall_ns();
        self.place(name, self.ids.span_id(), start_ns, Surroundings { above, apm })
    }

    /// The place of a span that has these already.
    pub(super) fn place(&self, name: &'static str, span_id: SpanId, start_ns: u64, around: Surroundings<'_>) -> Origin {
        let Surroundings { above, apm } = around;
        let context = above.map(|above| &above.context);
        let apm = apm.or_else(|| context.and_then(|context| context.apm.clone()));
        let sampling = context.and_then(|context| context.sampling);
        let session_id = above.and_then(|above| above.context.session_id.clone().or_else(|| above.trace.session()));
        let ml_app = context.and_then(|context| context.ml_app.clone());
        let agent = context.and_then(|context| context.agent.clone());
        let passed = above.and_then(|above| above.passed.clone());
        let policy = above.map_or(CapturePolicy::All, |above| above.policy);
        let parent = context.filter(|context| context.is_llm_span);
        let trace_id = parent.map_or_else(|| self.ids.trace_id(start_ns), |parent| parent.trace_id.clone());
        let parent_id = parent.map(|parent| parent.span_id);
        // The id that others have too, so that they come to the same decision. Below a span it has been made.
        let decide = || Sampling::decide(self.sample_rate, apm.as_ref().map_or(&trace_id, |apm| &apm.trace_id));
        let sampling = sampling.or_else(|| parent.is_none().then(decide));
        Origin {
            name,
            span_id,
            trace_id,
            parent_id,
            is_entry: above.is_none_or(|above| above.is_remote),
            start_ns,
            sampling,
            session_id,
            ml_app,
            agent,
            policy,
            apm,
            passed,
        }
    }
}

/// What a span finds when it begins.
#[derive(Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) above: Option<&'a Lineage>,
    /// Its own span in the APM trace.
    pub(super) apm: Option<Arc<ApmContext>>,
}
