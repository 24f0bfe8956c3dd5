//! Whether somebody waits for what is pending.

use std::time::Instant;

use super::{Phase, Queue, Unsettled, Waiter};

impl Queue {
    /// Whether somebody waits for everything accepted so far, or for the end.
    ///
    /// Asked after [`Queue::take`]: whoever waits for less than what was taken is seen here.
    pub(crate) fn is_awaited(&self) -> bool {
        let state = self.state.lock();
        !state.waiters.is_empty() || state.phase != Phase::Running
    }
    /// Answers those tasks whose deadline has passed and says when the next one comes.
    pub(crate) fn expire_waiters(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        let pending = state.ledger.pending();
        let late = |waiter: &mut Waiter| waiter.deadline.is_some_and(|deadline| deadline <= now);
        let expired: Vec<Waiter> = state.waiters.extract_if(.., late).collect();
        let next = state.waiters.iter().filter_map(|waiter| waiter.deadline).min();
        drop(state);
        for waiter in expired {
            waiter.done.answer(Unsettled(pending));
        }
        next
    }
}
