//! Items that come to light when another one is read, and those that never become one.

use super::{Phase, Queue};
use crate::stats::LossReason;

impl Queue {
    /// Counts an item that never became one.
    pub(crate) fn refuse(&self, reason: LossReason) {
        let mut state = self.state.lock();
        state.ledger.offered = state.ledger.offered.saturating_add(1);
        state.ledger.lost.lose(reason, 1);
    }

    /// Counts an item that was found in the reading of another one and belongs to it, so that it does not wait here: whoever
    /// waits for that one waits for this one too, which is to come directly behind it. After the end it is refused.
    pub(crate) fn adopt(&self) -> Result<(), LossReason> {
        let mut state = self.state.lock();
        state.ledger.offered = state.ledger.offered.saturating_add(1);
        if state.phase == Phase::Stopped {
            state.ledger.lost.lose(LossReason::Closed, 1);
            return Err(LossReason::Closed);
        }
        state.ledger.accepted = state.ledger.accepted.saturating_add(1);
        for waiter in &mut state.waiters {
            waiter.target = waiter.target.saturating_add(1);
        }
        drop(state);
        Ok(())
    }
}
