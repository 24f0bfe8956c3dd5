//! The ledger: how every item ended, and which batches are not settled yet. Pure; `settlement` counts.

use std::collections::BTreeMap;

use crate::stats::{FlushOutcome, LossCounts, LossReason};

/// The counters that must move together.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Accepted items that were found inside others and never stood in the queue; see `Queue::adopt`.
    pub(super) adopted: u64,
    pub(super) delivered: u64,
    pub(super) settled: u64,
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) restarts: u64,
    pub(super) lost: LossCounts,
    /// Batches that are closed and not settled, by the number of their first item.
    pub(super) outstanding: BTreeMap<u64, u32>,
    /// Every item below this number is settled or in a closed batch.
    pub(super) drained: u64,
    /// Pending items that lie on disk.
    pub(super) spooled: u64,
    /// The counters as the last flush reported them, so that each loss is reported once.
    pub(super) reported: Reported,
}

/// The counters that an outcome is relative to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Reported {
    delivered: u64,
    lost: LossCounts,
}

/// The end of a batch, or of a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchEnd {
    Delivered,
    Lost(LossReason),
}

impl Ledger {
    /// Returns how many items were accepted, `entered` of them through the door.
    ///
    /// `entered` must be loaded after the lock was taken: an item is settled after it has entered, so the difference is
    /// never negative.
    pub(super) const fn accepted(&self, entered: u64) -> u64 {
        self.adopted.saturating_add(entered)
    }

    pub(super) const fn pending(&self, entered: u64) -> u64 {
        self.accepted(entered).saturating_sub(self.settled)
    }

    /// Returns the low-water mark: every item below this number is settled.
    ///
    /// Batches are settled in any order (several are in flight, some wait for another attempt), so a flush cannot count
    /// settled items: later ones may be among them.
    pub(super) fn settled_below(&self) -> u64 {
        let first = self.outstanding.first_key_value().map(|(first, _)| *first);
        first.map_or(self.drained, |first| first.min(self.drained))
    }

    /// Returns how many of the pending items lie on disk.
    pub(super) fn spooled(&self, entered: u64) -> u64 {
        self.spooled.min(self.pending(entered))
    }

    pub(super) fn stop(&mut self, reason: LossReason, entered: u64) -> u64 {
        // What lies on disk is not lost: the next process sends it.
        let pending = self.pending(entered).saturating_sub(self.spooled);
        self.lost.lose(reason, pending);
        self.settled = self.settled.saturating_add(pending);
        self.outstanding.clear();
        self.drained = u64::MAX;
        pending
    }

    pub(super) const fn reported(&self) -> Reported {
        self.reported
    }

    /// Returns what happened since `since`, and the counters that this is up to.
    pub(super) fn report(&self, since: Reported, refused: &LossCounts, entered: u64) -> (FlushOutcome, Reported) {
        let now = Reported { delivered: self.delivered, lost: self.lost.and(refused) };
        let delivered = now.delivered.saturating_sub(since.delivered);
        let outcome = FlushOutcome::new(delivered, self.pending(entered), now.lost.since(&since.lost));
        (outcome.with_spooled(self.spooled(entered)), now)
    }

    /// Notes the counters that a caller has received.
    pub(super) const fn note_reported(&mut self, reported: Reported) {
        self.reported = reported;
    }
}
