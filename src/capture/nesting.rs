//! Demotes duplicate spans: a framework and the client inside it often report the same model call.
//!
//! Only the innermost span of a call keeps its kind and its token counts; the others become workflows. Descendants set
//! bits in their ancestor's [`DescendantMarks`] when they end, so that no two spans are ever locked together. LLM spans
//! without a third-party span above them have no marks at all.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use llmobs_model::SpanKind;

/// Bits that descendants of a span have set, and the user whom they inherit.
#[derive(Debug, Default)]
pub(crate) struct DescendantMarks {
    bits: AtomicU8,
    /// The end user of the application.
    user: Mutex<Option<Arc<str>>>,
    /// Marks that take the bits in place of these.
    forward: Option<Arc<Self>>,
}

impl DescendantMarks {
    /// An LLM span of any kind.
    const SPAN: u8 = 1;
    /// An `llm` span, with nothing but `llm` spans in between.
    const LLM: u8 = 1 << 1;
    /// Such a span that counts tokens.
    const LLM_USAGE: u8 = 1 << 2;
    const EMBEDDING: u8 = 1 << 3;
    const EMBEDDING_USAGE: u8 = 1 << 4;

    /// Creates marks whose descendants inherit `user`; their bits go to `forward`.
    pub(super) fn of_user(user: Arc<str>, forward: Option<Arc<Self>>) -> Self {
        Self { bits: AtomicU8::default(), user: Mutex::new(Some(user)), forward }
    }

    fn below(parent: &Self) -> Self {
        Self { user: Mutex::new(parent.user()), ..Self::default() }
    }

    pub(super) fn user(&self) -> Option<Arc<str>> {
        self.user.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, bits: u8) {
        // Relaxed is enough: the registry closes a span after its children, and orders the two.
        self.forward.as_deref().unwrap_or(self).bits.fetch_or(bits, Ordering::Relaxed);
    }

    fn has(&self, bit: u8) -> bool {
        self.bits.load(Ordering::Relaxed) & bit != 0
    }
}

/// The nesting of one open span: the marks of its parent, which it sets, and its own, which its descendants set.
///
/// Most spans have neither. They are behind an `Arc` that nobody else holds because a `Box` would make every drop of a
/// record check and free it inline.
#[derive(Debug, Default)]
pub(super) struct NestingState(Option<Arc<Links>>);

#[derive(Debug, Default)]
struct Links {
    parent: Option<Arc<DescendantMarks>>,
    own: Arc<DescendantMarks>,
}

/// The bits of a model call, `llm` or `embedding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CallBits {
    call: u8,
    usage: u8,
}

impl CallBits {
    const fn of(kind: SpanKind) -> Option<Self> {
        match kind {
            SpanKind::Llm => Some(Self { call: DescendantMarks::LLM, usage: DescendantMarks::LLM_USAGE }),
            SpanKind::Embedding => {
                Some(Self { call: DescendantMarks::EMBEDDING, usage: DescendantMarks::EMBEDDING_USAGE })
            }
            SpanKind::Workflow | SpanKind::Agent | SpanKind::Tool | SpanKind::Task | SpanKind::Retrieval | _ => None,
        }
    }
}

impl NestingState {
    /// Creates the state of a span below the one with these marks.
    pub(super) fn below(parent: Option<Arc<DescendantMarks>>) -> Self {
        // An LLM span between two reports of a call has marks too: it hands on what its descendants set.
        Self(
            parent
                .map(|parent| Arc::new(Links { own: Arc::new(DescendantMarks::below(&parent)), parent: Some(parent) })),
        )
    }

    /// Gives the span marks of its own, because a third party reports it and a descendant may report it again.
    pub(super) fn track_descendants(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Returns the marks for the span's descendants.
    pub(super) fn marks(&self) -> Option<Arc<DescendantMarks>> {
        self.0.as_ref().map(|links| Arc::clone(&links.own))
    }

    /// Returns the end user that this span or one above it named.
    pub(super) fn user(&self) -> Option<Arc<str>> {
        self.0.as_ref()?.own.user()
    }

    pub(super) fn set_user(&mut self, user: Arc<str>) {
        let links = self.0.get_or_insert_default();
        *links.own.user.lock().unwrap_or_else(PoisonError::into_inner) = Some(user);
    }

    /// Returns whether an ancestor tracks how this span ends.
    pub(super) fn is_tracked(&self) -> bool {
        self.0.as_ref().is_some_and(|links| links.parent.is_some())
    }

    /// Returns whether an LLM span below this one has ended.
    pub(super) fn has_descendants(&self) -> bool {
        self.0.as_ref().is_some_and(|links| links.own.has(DescendantMarks::SPAN))
    }

    /// Returns whether a descendant reported the same call: one that counts tokens, if this span does.
    pub(super) fn is_reported_by_descendant(&self, kind: SpanKind, has_usage: bool) -> bool {
        let (Some(bits), Some(links)) = (CallBits::of(kind), &self.0) else { return false };
        // A span that counts tokens gives way only to one that counts them too, or they would be lost.
        links.own.has(bits.call) && (links.own.has(bits.usage) || !has_usage)
    }

    /// Marks this span in its parent: with the kind that it had before it was demoted, and whether it counts tokens.
    pub(super) fn report_end(&self, kind: SpanKind, has_usage: bool) {
        let Some(Links { parent: Some(parent), own }) = self.0.as_deref() else { return };
        let mut marks = DescendantMarks::SPAN;
        // A call hands on the usage that was counted below it. Any other kind sets no bit of a call: what is below a
        // tool or an agent is another call than the one above.
        if let Some(bits) = CallBits::of(kind) {
            let is_counted = has_usage || own.has(bits.usage);
            marks |= bits.call | if is_counted { bits.usage } else { 0 };
        }
        parent.set(marks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends spans that are nested in one another, given outermost first, and returns which of them are demoted.
    fn demoted(spans: &[(SpanKind, bool)]) -> Vec<bool> {
        let mut chain: Vec<NestingState> = Vec::new();
        for _ in spans {
            let mut span = NestingState::below(chain.last().and_then(NestingState::marks));
            span.track_descendants();
            chain.push(span);
        }
        let ended = spans.iter().zip(&chain).rev().map(|((kind, has_usage), span)| {
            let is_demoted = span.is_reported_by_descendant(*kind, *has_usage);
            span.report_end(*kind, *has_usage);
            is_demoted
        });
        let mut demoted: Vec<bool> = ended.collect();
        demoted.reverse();
        demoted
    }

    #[test]
    fn of_nested_reports_of_a_call_only_the_innermost_that_counts_tokens_stays() {
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
            assert_eq!(demoted(&spans), expected, "{spans:?}");
        }
    }

    #[test]
    fn spans_without_a_tracking_ancestor_have_no_marks() {
        let own = NestingState::below(None);
        assert!(own.marks().is_none() && !own.is_tracked() && !own.has_descendants());
        let mut tracking = NestingState::below(None);
        tracking.track_descendants();
        let below = NestingState::below(tracking.marks());
        assert!(!tracking.has_descendants());
        below.report_end(SpanKind::Task, false);
        assert!(tracking.has_descendants() && below.is_tracked());
    }
}
