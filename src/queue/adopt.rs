//! Items that come to light when another one is read, and those that never become one.

use super::{Item, Phase, Queue};
use crate::stats::LossReason;

impl Queue {
    /// Counts an item that never became one.
    pub(crate) fn refuse(&self, reason: LossReason) {
        let mut state = self.state.lock();
        state.ledger.offered = state.ledger.offered.saturating_add(1);
        state.ledger.lost.lose(reason, 1);
    }

    /// Takes in what was found in the reading of another item, and belongs to it: it is bounded by that one, and whoever
    /// waits for that one waits for this one too. After the end it is refused.
    pub(crate) fn adopt(&self, item: Item) {
        let bytes = item.bytes();
        let mut state = self.state.lock();
        state.ledger.offered = state.ledger.offered.saturating_add(1);
        if state.phase == Phase::Stopped {
            state.ledger.lost.lose(LossReason::Closed, 1);
            // Outside the lock.
            drop((state, item));
            return;
        }
        state.ledger.accepted = state.ledger.accepted.saturating_add(1);
        // The worker has no use for the log that is left.
        let left = state.waiting.put(item, bytes);
        for waiter in &mut state.waiters {
            waiter.target = waiter.target.saturating_add(1);
        }
        drop((state, left));
    }
}
