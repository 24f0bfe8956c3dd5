//! Makes room for spans that begin when open spans hold as much as they may: those that were idle longest give way.
//!
//! Spans that never close (a handle in a static, a reference cycle) would else fill the bound one day, and nothing would be
//! recorded from then on. See `docs/decisions/0016-open-spans.md`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tracing_core::span::Id;

use super::record::SpanRecord;
use super::services::Services;
use super::span_table::{SpanTable, TableEntry};
use super::trace::TraceState;
use crate::queue::{keep_recording, spare_recording};
use crate::recording::Recording;

/// Spans that are next to give way.
#[derive(Debug, Default)]
pub(super) struct IdleSpans(Mutex<Candidates>);

#[derive(Debug, Default)]
struct Candidates {
    /// Oldest first.
    spans: VecDeque<Candidate>,
    /// Spans that gave way or found no room since the last search, and how many must before the next one.
    served: usize,
    served_until_search: usize,
}

#[derive(Debug, Clone)]
struct Candidate {
    last_used: u64,
    id: Id,
}

impl IdleSpans {
    /// The most candidates that one search finds.
    const MOST: usize = 4096;
    /// The most candidates that are passed over for one of another trace.
    const MOST_PASSED: usize = 64;

    /// Counts a span of `trace` that begins and returns the recording for it, or `None` when there is no room and nothing
    /// gives way.
    #[inline]
    pub(super) fn reserve(
        &self,
        spans: &SpanTable,
        services: &Services,
        trace: Option<&Arc<TraceState>>,
    ) -> Option<Box<Recording>> {
        let recording = spare_recording();
        let bytes = SpanRecord::begin_bytes(&recording);
        if services.budget.begin(bytes) || self.make_room(spans, services, bytes, trace) {
            return Some(recording);
        }
        keep_recording(recording);
        None
    }

    /// Ends idle spans until one of `bytes` bytes has room, counts it, and returns whether that was possible.
    #[cold]
    fn make_room(&self, spans: &SpanTable, services: &Services, bytes: u64, trace: Option<&Arc<TraceState>>) -> bool {
        // Another thread makes room already; what it finds is for this span too.
        let mut candidates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while !services.budget.has_room_for(bytes) {
            let Some(entry) = candidates.take_idle(spans, trace) else { break };
            match entry {
                TableEntry::Open(record) => record.give_way(services),
                other @ (TableEntry::Finished(_) | TableEntry::Skipped(_)) => {
                    services.budget.correct(other.bytes(), 0);
                }
            }
        }
        drop(candidates);
        services.budget.begin(bytes)
    }
}

impl Candidates {
    /// Takes the span out that has been idle longest, one of another trace than `trace` if that is not far.
    fn take_idle(&mut self, spans: &SpanTable, trace: Option<&Arc<TraceState>>) -> Option<TableEntry> {
        let mut passed = Vec::new();
        let mut found = None;
        while found.is_none() && passed.len() < IdleSpans::MOST_PASSED {
            let Some(candidate) = self.next(spans) else { break };
            let is_idle = |entry: &TableEntry| last_used(entry) == Some(candidate.last_used);
            let is_other = |entry: &TableEntry| match entry {
                TableEntry::Open(record) => trace.is_none_or(|trace| !Arc::ptr_eq(record.trace(), trace)),
                TableEntry::Finished(_) | TableEntry::Skipped(_) => true,
            };
            found = spans.remove_if(&candidate.id, |entry| is_idle(entry) && is_other(entry));
            // A candidate that has closed, or was used since it was found, is forgotten until the next search.
            if found.is_none() && spans.with_entry(&candidate.id, |entry| is_idle(entry)) == Some(true) {
                passed.push(candidate);
            }
        }
        // The spans around the one that begins are of its trace, so that they go last.
        if found.is_none() && !passed.is_empty() {
            let oldest = passed.remove(0);
            found = spans.remove_if(&oldest.id, |entry| last_used(entry) == Some(oldest.last_used));
        }
        self.served = self.served.saturating_add(usize::from(found.is_some()));
        // Back in front, oldest first: a span of another trace may take them.
        passed.into_iter().rev().for_each(|candidate| self.spans.push_front(candidate));
        found
    }

    /// Returns the next candidate, which may have been used since it was found.
    fn next(&mut self, spans: &SpanTable) -> Option<Candidate> {
        if self.spans.is_empty() {
            self.served = self.served.saturating_add(1);
            if self.served < self.served_until_search {
                return None;
            }
            self.search(spans);
        }
        self.spans.pop_front()
    }

    /// Looks at all open spans. That costs as much as there are, so it is done again only after a share of as many spans
    /// has been served: each pays for a few at most.
    fn search(&mut self, spans: &SpanTable) {
        let mut all = Vec::new();
        spans.for_each(|id, entry| all.extend(last_used(entry).map(|last_used| Candidate { last_used, id })));
        (self.served, self.served_until_search) = (0, all.len() / 64);
        // Half of them at most: the other half has been used more recently than what begins meanwhile would leave idle.
        let wanted = all.len().div_ceil(2).min(IdleSpans::MOST);
        if wanted > 0 && wanted < all.len() {
            all.select_nth_unstable_by_key(wanted, |candidate| candidate.last_used);
            all.truncate(wanted);
        }
        all.sort_unstable_by_key(|candidate| (candidate.last_used, candidate.id.into_u64()));
        self.spans = all.into();
    }
}

/// Returns when a span was used last; `None` for one that holds next to nothing.
fn last_used(entry: &TableEntry) -> Option<u64> {
    match entry {
        TableEntry::Open(record) => Some(record.last_used()),
        // Before all others: the span has ended, and only evaluations still need the entry.
        TableEntry::Finished(_) => Some(0),
        TableEntry::Skipped(_) => None,
    }
}
