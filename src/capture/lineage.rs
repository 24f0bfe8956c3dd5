//! Where a new span stands: below one of this process, below one of another, or at the top.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use super::kinship::Slate;
use super::state::Capture;
use crate::recording::ChildDefaults;
use crate::recording::Origin;
use llmobs_model::{ApmContext, CapturePolicy, Sampling, SpanContext, SpanId, TraceId};

/// What a span passes on to those that start below it.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    pub(super) context: SpanContext,
    pub(super) position: Position,
    pub(super) policy: CapturePolicy,
    /// What the span directly above has said for those below it.
    pub(super) passed: Option<Arc<ChildDefaults>>,
    pub(super) trace: Arc<Trace>,
    /// What those below write on, where somebody reads it.
    pub(super) slate: Option<Arc<Slate>>,
}

/// Where the span stands that passes something on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// It is one of ours, in this process.
    Here,
    /// In another process.
    Remote,
    /// In this process, and none of ours: what starts below begins a trace.
    Around,
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
    /// [`Self::OFF`] when nothing of it leaves any more, and [`Self::INNER`].
    marks: AtomicU8,
    /// The span that began it, if it is one of this process.
    root: Option<SpanId>,
    /// What spans share that are none of ours and stand around it.
    outer: Option<Arc<Self>>,
}

impl Trace {
    const OFF: u8 = 1;
    /// There is something around it, which may be off.
    const INNER: u8 = 1 << 1;

    /// The trace that begins with this span.
    pub(super) fn of(root: SpanId) -> Self {
        Self { root: Some(root), ..Self::default() }
    }

    /// The trace that begins with this span inside of spans that share the other one.
    pub(super) fn within(outer: Arc<Self>, root: SpanId) -> Self {
        // The outermost one is enough: who turns off one between turns off that too.
        let outer = outer.outer.clone().unwrap_or(outer);
        Self { marks: AtomicU8::new(Self::INNER), root: Some(root), outer: Some(outer), ..Self::default() }
    }

    pub(super) fn name_session(&self, session_id: &Arc<str>) {
        if self.session_id.get_or_init(|| Arc::clone(session_id)) != session_id {
            self.has_several_sessions.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn lift_session(&self) {
        self.lifts_session.store(true, Ordering::Relaxed);
    }

    /// The session of a root that names none: from below, or what was said around it after it had begun.
    pub(super) fn lifted_session(&self) -> Option<Arc<str>> {
        let is_lifted = self.lifts_session.load(Ordering::Relaxed);
        let lifted = self.only_session().filter(|_| is_lifted);
        lifted.or_else(|| self.outer.as_ref()?.only_session())
    }

    /// Whether spans below name several, by which none is the root's.
    pub(super) fn has_several_sessions(&self) -> bool {
        self.lifts_session.load(Ordering::Relaxed) && self.has_several_sessions.load(Ordering::Relaxed)
    }

    fn only_session(&self) -> Option<Arc<str>> {
        self.session().filter(|_| !self.has_several_sessions.load(Ordering::Relaxed))
    }

    /// Also for everything that starts inside of the spans around it, which is the trace that others see.
    pub(super) fn turn_off(&self) {
        self.marks.fetch_or(Self::OFF, Ordering::Relaxed);
        if let Some(outer) = &self.outer {
            outer.turn_off();
        }
    }

    #[inline]
    pub(super) fn is_off(&self) -> bool {
        self.marks.load(Ordering::Relaxed) != 0 && self.is_off_here_or_around()
    }

    #[cold]
    fn is_off_here_or_around(&self) -> bool {
        self.marks.load(Ordering::Relaxed) & Self::OFF != 0 || self.outer.as_ref().is_some_and(|outer| outer.is_off())
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
        Self {
            context,
            position: Position::Remote,
            policy: CapturePolicy::All,
            passed: None,
            trace: Arc::new(trace),
            slate: None,
        }
    }

    /// What goes into the span with this id itself, and what it shares.
    #[inline]
    pub(super) fn split(self, span_id: SpanId) -> (Inherited, Arc<Trace>, Option<Arc<Slate>>) {
        let Self { mut context, position, policy, passed, trace, slate } = self;
        context.session_id = context.session_id.or_else(|| trace.session());
        let trace = match position {
            Position::Here | Position::Remote => trace,
            Position::Around => Arc::new(Trace::within(trace, span_id)),
        };
        let is_entry = position != Position::Here;
        (Inherited { context: Some(context), is_entry, policy, passed, apm: None }, trace, slate)
    }
}

/// What spans say for those below them that are none of ours themselves, gathered on the way up: the nearest counts.
#[derive(Debug)]
pub(super) struct Borne {
    session_id: Option<Arc<str>>,
    user: Option<Arc<str>>,
    /// Of the outermost one.
    context: SpanContext,
    trace: Arc<Trace>,
}

impl Borne {
    /// What such a span says.
    pub(super) fn of(context: SpanContext, trace: Arc<Trace>) -> Self {
        Self { session_id: None, user: None, context, trace }
    }

    pub(super) fn naming(self, session_id: Option<Arc<str>>, user: Option<Arc<str>>) -> Self {
        Self { session_id, user, ..self }
    }

    /// The same with what those below it have said.
    pub(super) fn below(self, nearer: Option<Box<Self>>) -> Box<Self> {
        let Some(mut nearer) = nearer else { return Box::new(self) };
        nearer.session_id = nearer.session_id.take().or(self.session_id);
        nearer.user = nearer.user.take().or(self.user);
        (nearer.context, nearer.trace) = (self.context, self.trace);
        nearer
    }

    /// The lineage that was found above them, with what they say.
    #[cold]
    pub(super) fn laid_over(self, found: Option<Lineage>) -> Lineage {
        let Self { session_id, user, context, trace } = self;
        let around = || {
            let mut context = context;
            context.is_llm_span = false;
            Lineage {
                context,
                position: Position::Around,
                policy: CapturePolicy::All,
                passed: None,
                trace,
                slate: None,
            }
        };
        let mut lineage = found.unwrap_or_else(around);
        if session_id.is_some() {
            lineage.context.session_id = session_id;
        }
        if user.is_some() {
            lineage.slate = user.map(|user| Arc::new(Slate::of_user(user, lineage.slate.take())));
        }
        lineage
    }
}

/// What a span has when it begins.
#[derive(Debug)]
pub(super) struct Inherited {
    context: Option<SpanContext>,
    is_entry: bool,
    policy: CapturePolicy,
    passed: Option<Arc<ChildDefaults>>,
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
    pub(super) fn place(&self, (name, span_id, start_ns): (&'static str, SpanId, u64), inherited: Inherited) -> Origin {
        let Inherited { context, is_entry, policy, passed, apm } = inherited;
        let nobody = || {
            let mut context = SpanContext::new(TraceId::new(0), span_id);
            context.is_llm_span = false;
            context
        };
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
            session_id: above.session_id,
            ml_app: above.ml_app,
            agent: above.agent,
            policy,
            passed,
            trace_id,
            apm,
        }
    }
}
