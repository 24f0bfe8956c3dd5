//! Who is below whom, as far as it decides what becomes of a span that another crate tells of.
//!
//! Such a span has a slate that those below write on when they end; it reads it when it ends itself. No span is locked,
//! and spans of ours that have no such span above them have no slate at all.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use llmobs_model::SpanKind;

/// What those below have written, and what they are told.
#[derive(Debug, Default)]
pub(crate) struct Slate {
    marks: AtomicU8,
    /// Who uses the application.
    user: Mutex<Option<Arc<str>>>,
    /// The one that is written on in place of this.
    forward: Option<Arc<Self>>,
}

impl Slate {
    /// Some span of ours.
    const SPAN: u8 = 1;
    /// A call of a model, and nothing but such calls between; and one of them counts its tokens.
    const LLM: u8 = 1 << 1;
    const LLM_USAGE: u8 = 1 << 2;
    /// The same for embeddings.
    const EMBEDDING: u8 = 1 << 3;
    const EMBEDDING_USAGE: u8 = 1 << 4;

    /// One that tells those below of this user; what they write goes to the other one.
    pub(super) fn of_user(user: Arc<str>, forward: Option<Arc<Self>>) -> Self {
        Self { marks: AtomicU8::default(), user: Mutex::new(Some(user)), forward }
    }

    fn below(above: &Self) -> Self {
        Self { user: Mutex::new(above.user()), ..Self::default() }
    }

    pub(super) fn user(&self) -> Option<Arc<str>> {
        self.user.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, marks: u8) {
        self.forward.as_deref().unwrap_or(self).marks.fetch_or(marks, Ordering::Relaxed);
    }

    fn has(&self, mark: u8) -> bool {
        self.marks.load(Ordering::Relaxed) & mark != 0
    }
}

/// The slate of the span above, and the own one. Most spans have neither, and shall not pay for the end of those (which a
/// box that is shared, although nobody shares it, keeps out of theirs).
#[derive(Debug, Default)]
pub(super) struct Kinship(Option<Arc<Slates>>);

#[derive(Debug, Default)]
struct Slates {
    above: Option<Arc<Slate>>,
    own: Arc<Slate>,
}

/// A call of a model, as one that is nested in another sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Call {
    mark: u8,
    usage: u8,
}

impl Call {
    const fn of(kind: SpanKind) -> Option<Self> {
        match kind {
            SpanKind::Llm => Some(Self { mark: Slate::LLM, usage: Slate::LLM_USAGE }),
            SpanKind::Embedding => Some(Self { mark: Slate::EMBEDDING, usage: Slate::EMBEDDING_USAGE }),
            SpanKind::Workflow | SpanKind::Agent | SpanKind::Tool | SpanKind::Task | SpanKind::Retrieval | _ => None,
        }
    }
}

impl Kinship {
    /// That of a span below the one with this slate.
    pub(super) fn below(above: Option<Arc<Slate>>) -> Self {
        // Between two calls a span of ours hands on what is below it.
        Self(above.map(|above| Arc::new(Slates { own: Arc::new(Slate::below(&above)), above: Some(above) })))
    }

    /// Gives the span a slate of its own, because it is one that another crate tells of.
    pub(super) fn keep_slate(&mut self) {
        self.0.get_or_insert_default();
    }

    /// What those below are to write on.
    pub(super) fn slate(&self) -> Option<Arc<Slate>> {
        self.0.as_ref().map(|slates| Arc::clone(&slates.own))
    }

    /// Who uses the application, as this span or one above said.
    pub(super) fn user(&self) -> Option<Arc<str>> {
        self.0.as_ref()?.own.user()
    }

    pub(super) fn name_user(&mut self, user: Arc<str>) {
        let slates = self.0.get_or_insert_default();
        *slates.own.user.lock().unwrap_or_else(PoisonError::into_inner) = Some(user);
    }

    /// Whether anybody cares how the span ends.
    pub(super) fn is_watched(&self) -> bool {
        self.0.as_ref().is_some_and(|slates| slates.above.is_some())
    }

    /// Whether some span of ours is below.
    pub(super) fn has_spans_below(&self) -> bool {
        self.0.as_ref().is_some_and(|slates| slates.own.has(Slate::SPAN))
    }

    /// Whether the call is told of again by a span below: by one that counts its tokens, if this one does.
    pub(super) fn is_told_below(&self, kind: SpanKind, has_usage: bool) -> bool {
        let (Some(call), Some(slates)) = (Call::of(kind), &self.0) else { return false };
        slates.own.has(call.mark) && (slates.own.has(call.usage) || !has_usage)
    }

    /// Tells the span above how this one ended: as what kind, before it stood back, and whether it counts tokens.
    pub(super) fn end(&self, kind: SpanKind, has_usage: bool) {
        let Some(Slates { above: Some(above), own }) = self.0.as_deref() else { return };
        let mut marks = Slate::SPAN;
        if let Some(call) = Call::of(kind) {
            let is_counted = has_usage || own.has(call.usage);
            marks |= call.mark | if is_counted { call.usage } else { 0 };
        }
        above.write(marks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays spans, one inside the other, the outermost first, and says which of them stand back.
    fn stands_back(spans: &[(SpanKind, bool)]) -> Vec<bool> {
        let mut chain: Vec<Kinship> = Vec::new();
        for _ in spans {
            let mut span = Kinship::below(chain.last().and_then(Kinship::slate));
            span.keep_slate();
            chain.push(span);
        }
        let ended = spans.iter().zip(&chain).rev().map(|((kind, has_usage), span)| {
            let told = span.is_told_below(*kind, *has_usage);
            span.end(*kind, *has_usage);
            told
        });
        let mut stood_back: Vec<bool> = ended.collect();
        stood_back.reverse();
        stood_back
    }

    #[test]
    fn of_one_call_only_the_innermost_that_counts_stays_a_call() {
        use SpanKind::{Agent, Embedding, Llm, Tool};
        let (counts, counts_not) = (true, false);
        for (spans, expected) in [
            (vec![(Llm, counts), (Llm, counts)], vec![true, false]),
            (vec![(Llm, counts_not), (Llm, counts)], vec![true, false]),
            (vec![(Llm, counts_not), (Llm, counts_not)], vec![true, false]),
            (vec![(Llm, counts), (Llm, counts_not)], vec![false, false]),
            (vec![(Llm, counts), (Llm, counts_not), (Llm, counts)], vec![true, true, false]),
            (vec![(Llm, counts_not), (Llm, counts), (Llm, counts_not)], vec![true, false, false]),
            (vec![(Llm, counts), (Tool, counts_not), (Llm, counts)], vec![false; 3]),
            (vec![(Llm, counts), (Agent, counts_not), (Llm, counts)], vec![false; 3]),
            (vec![(Embedding, counts), (Embedding, counts)], vec![true, false]),
            (vec![(Llm, counts), (Embedding, counts)], vec![false, false]),
        ] {
            assert_eq!(stands_back(&spans), expected, "{spans:?}");
        }
    }

    #[test]
    fn without_such_a_span_above_there_is_no_slate() {
        let own = Kinship::below(None);
        assert!(own.slate().is_none() && !own.is_watched() && !own.has_spans_below());
        let mut told = Kinship::below(None);
        told.keep_slate();
        let below = Kinship::below(told.slate());
        assert!(!told.has_spans_below());
        below.end(SpanKind::Task, false);
        assert!(told.has_spans_below() && below.is_watched());
    }
}
