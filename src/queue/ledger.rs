//! What became of every item: the counters that must move together, and who moves them.

use super::{Phase, Queue, Unsettled, Waiter};
use crate::stats::{Counts, LossReason, Stats};

/// The counters that must move together.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Accepted without having entered; see [`Queue::adopt`].
    pub(super) adopted: u64,
    pub(super) delivered: u64,
    pub(super) settled: u64,
    pub(super) requests: u64,
    pub(super) retries: u64,
    pub(super) lost: Counts<{ LossReason::ALL.len() }>,
}

impl Ledger {
    /// How many were accepted, of whom so many have entered. Those are to be counted after the lock was taken: an item is
    /// settled after it has entered.
    pub(super) const fn accepted(&self, entered: u64) -> u64 {
        self.adopted.saturating_add(entered)
    }

    pub(super) const fn pending(&self, entered: u64) -> u64 {
        self.accepted(entered).saturating_sub(self.settled)
    }
}

impl Queue {
    /// Counts an item that never became one.
    pub(crate) fn refuse(&self, reason: LossReason) {
        self.refusals.count(reason);
    }

    /// Counts an item that was found in the reading of another one and belongs to it, so that it does not wait here: whoever
    /// waits for that one waits for this one too, which is to come directly behind it. After the end it is refused.
    pub(crate) fn adopt(&self) -> Result<(), LossReason> {
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            self.refuse(LossReason::Closed);
            return Err(LossReason::Closed);
        }
        state.ledger.adopted = state.ledger.adopted.saturating_add(1);
        for waiter in &mut state.waiters {
            waiter.target = waiter.target.saturating_add(1);
        }
        drop(state);
        Ok(())
    }

    /// Counts items that the intake acknowledged.
    pub(crate) fn deliver(&self, items: u64) {
        self.settle(items, |ledger| ledger.delivered = ledger.delivered.saturating_add(items));
    }

    /// Counts items that were accepted and will not arrive.
    pub(crate) fn lose(&self, reason: LossReason, items: u64) {
        self.settle(items, |ledger| ledger.lost.lose(reason, items));
    }

    /// Counts a request, and whether it repeats one that failed.
    pub(crate) fn count_request(&self, is_retry: bool) {
        let mut state = self.state.lock();
        state.ledger.requests = state.ledger.requests.saturating_add(1);
        state.ledger.retries = state.ledger.retries.saturating_add(u64::from(is_retry));
    }

    fn settle(&self, items: u64, count: impl FnOnce(&mut Ledger)) {
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            return;
        }
        count(&mut state.ledger);
        state.ledger.settled = state.ledger.settled.saturating_add(items);
        let settled = state.ledger.settled;
        let done: Vec<Waiter> = state.waiters.extract_if(.., |waiter| waiter.target <= settled).collect();
        drop(state);
        for waiter in done {
            waiter.done.answer(Unsettled(0));
        }
    }

    /// The ledger at this instant.
    pub(crate) fn stats(&self) -> Stats {
        let problems = self.problems.snapshot();
        let refused = self.refusals.snapshot();
        let state = self.state.lock();
        let ledger = &state.ledger;
        let entered = self.waiting.entered();
        let accepted = ledger.accepted(entered);
        Stats {
            offered: accepted.saturating_add(refused.total()),
            accepted,
            delivered: ledger.delivered,
            pending: ledger.pending(entered),
            // At the end all is lost, wherever it still is.
            queued_bytes: if state.phase == Phase::Stopped { 0 } else { self.waiting.bytes() },
            open_spans: self.open.spans(),
            requests: ledger.requests,
            retries: ledger.retries,
            lost: ledger.lost.and(&refused),
            problems,
        }
    }
}
