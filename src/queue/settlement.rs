//! The queue's entries into its ledger: refusals, batches, deliveries, losses, and the snapshot of all counters.

use super::bounded_queue::{Queue, State};
use super::item::Phase;
use super::ledger::{BatchEnd, Ledger};
use super::waiter::Waiter;
use crate::stats::{LossReason, Stats};

impl Queue {
    /// Counts an item that is refused at the door, or never became one.
    pub(crate) fn refuse(&self, reason: LossReason) {
        self.refusals.count(reason);
    }

    /// Counts an item that was found while another one was read, such as a tool call inside a response. It has the
    /// number of that item, so a flush that waits for the one waits for both. After the end it is refused.
    #[expect(clippy::significant_drop_tightening, reason = "phase and count are one decision")]
    pub(crate) fn adopt(&self) -> Result<(), LossReason> {
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            self.refuse(LossReason::Closed);
            return Err(LossReason::Closed);
        }
        state.ledger.adopted = state.ledger.adopted.saturating_add(1);
        Ok(())
    }

    /// Counts the bytes of an open batch, which has grown or was closed. The queue's bound holds with them.
    pub(crate) fn recount_open(&self, before: usize, after: usize) {
        match after.checked_sub(before) {
            Some(more) => self.admission.retain(wide(more)),
            None => self.admission.release(wide(before.saturating_sub(after))),
        }
    }

    /// Counts a batch that waits to be sent; its first item has the number `first`. `counted` of its bytes are counted
    /// already. In one step: between two, the encoder may lose the processor to the dispatcher.
    #[expect(clippy::significant_drop_tightening, reason = "the entry borrows from the guard")]
    pub(crate) fn open_batch(&self, first: u64, bytes: usize, counted: usize) {
        self.recount_open(counted, bytes);
        let mut state = self.state.lock();
        let batches = state.ledger.outstanding.entry(first).or_default();
        *batches = batches.saturating_add(1);
    }

    /// Counts the end of a batch that was counted by [`open_batch`](Self::open_batch).
    pub(crate) fn end_batch(&self, first: u64, bytes: usize, items: u64, end: BatchEnd) {
        self.admission.release(wide(bytes));
        self.settle(items, |ledger| {
            match end {
                BatchEnd::Delivered => ledger.delivered = ledger.delivered.saturating_add(items),
                BatchEnd::Lost(reason) => ledger.lost.lose(reason, items),
            }
            let left = ledger.outstanding.get_mut(&first).map(|batches| {
                *batches = batches.saturating_sub(1);
                *batches
            });
            if left == Some(0) {
                ledger.outstanding.remove(&first);
            }
        });
    }

    /// Counts pending items that lie on disk now.
    #[cfg_attr(not(feature = "spool"), allow(dead_code, reason = "there is no spool in this build"))]
    pub(crate) fn count_spooled(&self, items: u64) {
        let mut state = self.state.lock();
        if state.phase != Phase::Stopped {
            state.ledger.spooled = state.ledger.spooled.saturating_add(items);
        }
    }

    /// Counts items that do not lie on disk any more, or are not pending.
    #[cfg_attr(not(feature = "spool"), allow(dead_code, reason = "there is no spool in this build"))]
    pub(crate) fn count_unspooled(&self, items: u64) {
        let mut state = self.state.lock();
        if state.phase != Phase::Stopped {
            state.ledger.spooled = state.ledger.spooled.saturating_sub(items);
        }
    }

    /// Returns the number of the next item.
    #[cfg(feature = "spool")]
    pub(crate) fn entered(&self) -> u64 {
        self.admission.entered()
    }

    /// Counts items that reached their destination without a batch.
    pub(crate) fn deliver(&self, items: u64) {
        self.settle(items, |ledger| ledger.delivered = ledger.delivered.saturating_add(items));
    }

    /// Counts accepted items that are lost before they are in a batch.
    pub(crate) fn lose(&self, reason: LossReason, items: u64) {
        self.settle(items, |ledger| ledger.lost.lose(reason, items));
    }

    /// Notes that every item below `number` is settled or in a batch that was counted.
    pub(crate) fn drained_below(&self, number: u64) {
        self.settle(0, |ledger| ledger.drained = ledger.drained.max(number));
    }

    /// Counts a request, and whether it repeats one that failed.
    pub(crate) fn count_request(&self, is_retry: bool) {
        let mut state = self.state.lock();
        state.ledger.requests = state.ledger.requests.saturating_add(1);
        state.ledger.retries = state.ledger.retries.saturating_add(u64::from(is_retry));
    }

    /// Counts a restart of an exporter thread after a panic.
    pub(crate) fn count_restart(&self) {
        let mut state = self.state.lock();
        state.ledger.restarts = state.ledger.restarts.saturating_add(1);
    }

    fn settle(&self, items: u64, count: impl FnOnce(&mut Ledger)) {
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            return;
        }
        count(&mut state.ledger);
        state.ledger.settled = state.ledger.settled.saturating_add(items);
        if state.waiters.is_empty() && state.phase == Phase::Running {
            return;
        }
        let settled_below = state.ledger.settled_below();
        let done: Vec<Waiter> = state.waiters.extract_if(.., |waiter| waiter.goal.is_settled(settled_below)).collect();
        // Items that are still pending were accepted after these waiters came.
        let mut answers = self.outcomes(&state, done);
        answers.iter_mut().for_each(Waiter::settle);
        drop(state);
        self.answer_all(answers);
        // While draining, the dispatcher ends as soon as nothing is pending. Not on every call: the dispatcher encodes too, and
        // would wake itself for ever.
        if items > 0 {
            self.call_attention();
        }
    }

    /// Gives each waiter its outcome, to be sent once the lock is free.
    pub(super) fn outcomes(&self, state: &State, waiters: Vec<Waiter>) -> Vec<Waiter> {
        if waiters.is_empty() {
            return waiters;
        }
        let (refused, entered) = (self.refusals.snapshot(), self.admission.entered());
        let with_outcome = |mut waiter: Waiter| {
            (waiter.outcome, waiter.until) = state.ledger.report(waiter.since, &refused, entered);
            waiter
        };
        waiters.into_iter().map(with_outcome).collect()
    }

    /// Returns the ledger at this instant.
    pub(crate) fn stats(&self) -> Stats {
        let problems = self.problems.snapshot();
        let refused = self.refusals.snapshot();
        // In a forked child the counters may be locked for ever.
        let Some(state) = self.state.acquire() else { return Stats { lost: refused, problems, ..Stats::default() } };
        let ledger = &state.ledger;
        let entered = self.admission.entered();
        let accepted = ledger.accepted(entered);
        Stats {
            offered: accepted.saturating_add(refused.total()),
            accepted,
            delivered: ledger.delivered,
            pending: ledger.pending(entered),
            spooled: ledger.spooled(entered),
            // At the end everything is lost, wherever it still is.
            queued_bytes: if state.phase == Phase::Stopped { 0 } else { self.admission.bytes() },
            open_spans: self.open.spans(),
            requests: ledger.requests,
            retries: ledger.retries,
            restarts: ledger.restarts,
            lost: ledger.lost.and(&refused),
            problems,
        }
    }
}

fn wide(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
