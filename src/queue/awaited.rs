//! Whether somebody waits for what is pending.

use super::{Phase, Queue};

impl Queue {
    /// Whether somebody waits for everything accepted so far, or for the end.
    ///
    /// Asked after [`Queue::take`]: whoever waits for less than what was taken is seen here.
    pub(crate) fn is_awaited(&self) -> bool {
        let state = self.state.lock();
        !state.waiters.is_empty() || state.phase != Phase::Running
    }
}
