//! State that the spans of a trace share within this process.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use llmobs_model::SpanId;

/// The state of one trace: its session, and whether it is captured at all.
#[derive(Debug, Default)]
pub(crate) struct TraceState {
    /// The first session that any span named, or that came from another process. Spans that start later without a
    /// nearer session get it.
    session_id: OnceLock<Arc<str>>,
    /// A span named another session than the first.
    has_several_sessions: AtomicBool,
    /// A third-party attribute named a session; the root takes it over if it has none.
    offers_session_to_root: AtomicBool,
    /// [`Self::OFF`] and [`Self::HAS_OUTER`].
    flags: AtomicU8,
    /// The span that began the trace, if it is one of this process.
    root: Option<SpanId>,
    /// The state shared by non-LLM spans around this trace, such as an HTTP request that names a session.
    outer: Option<Arc<Self>>,
}

impl TraceState {
    const OFF: u8 = 1;
    const HAS_OUTER: u8 = 1 << 1;

    /// Creates the state of a trace that begins with `root`.
    pub(super) fn starting_at(root: SpanId) -> Self {
        Self { root: Some(root), ..Self::default() }
    }

    /// Creates the state of a trace that begins with `root` inside non-LLM spans that share `outer`.
    pub(super) fn within(outer: Arc<Self>, root: SpanId) -> Self {
        // Only the outermost state is kept: whoever turns off one in between turns that one off too.
        let outer = outer.outer.clone().unwrap_or(outer);
        Self { flags: AtomicU8::new(Self::HAS_OUTER), root: Some(root), outer: Some(outer), ..Self::default() }
    }

    /// Creates the state of a trace that began in another process.
    pub(super) fn remote(session_id: Option<&Arc<str>>) -> Self {
        let trace = Self::default();
        if let Some(session_id) = session_id {
            trace.name_session(session_id);
        }
        trace
    }

    pub(super) fn name_session(&self, session_id: &Arc<str>) {
        if self.session_id.get_or_init(|| Arc::clone(session_id)) != session_id {
            self.has_several_sessions.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn offer_session_to_root(&self) {
        self.offers_session_to_root.store(true, Ordering::Relaxed);
    }

    /// Returns the session for a root that names none: the only one of its descendants, or the only one that was set
    /// around the trace after it had begun.
    pub(super) fn session_for_root(&self) -> Option<Arc<str>> {
        let is_offered = self.offers_session_to_root.load(Ordering::Relaxed);
        let of_descendants = self.only_session().filter(|_| is_offered);
        of_descendants.or_else(|| self.outer.as_ref()?.only_session())
    }

    /// Returns whether descendants name several sessions, so that the root gets none of them.
    pub(super) fn has_conflicting_sessions(&self) -> bool {
        self.offers_session_to_root.load(Ordering::Relaxed) && self.has_several_sessions.load(Ordering::Relaxed)
    }

    fn only_session(&self) -> Option<Arc<str>> {
        self.session().filter(|_| !self.has_several_sessions.load(Ordering::Relaxed))
    }

    /// Stops capturing this trace, and every other one inside the same non-LLM spans: to another vendor's SDK they are
    /// one trace.
    pub(super) fn turn_off(&self) {
        self.flags.fetch_or(Self::OFF, Ordering::Relaxed);
        if let Some(outer) = &self.outer {
            outer.turn_off();
        }
    }

    #[inline]
    pub(super) fn is_off(&self) -> bool {
        // One load for most spans: only a trace that is off or has an outer one is looked at further.
        self.flags.load(Ordering::Relaxed) != 0 && self.is_off_here_or_around()
    }

    #[cold]
    fn is_off_here_or_around(&self) -> bool {
        self.flags.load(Ordering::Relaxed) & Self::OFF != 0 || self.outer.as_ref().is_some_and(|outer| outer.is_off())
    }

    pub(super) const fn root(&self) -> Option<SpanId> {
        self.root
    }

    pub(super) fn session(&self) -> Option<Arc<str>> {
        self.session_id.get().cloned()
    }
}
