//! The locks and the signal of this room.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use crate::fork::OwnProcess;

/// A mutex that goes to whichever thread is running.
///
/// `parking_lot`'s hands itself every half millisecond to the thread that has waited longest. With more threads than
/// processors everybody then waits until that thread is scheduled again.
#[derive(Debug, Default)]
pub(super) struct Lock<T>(Mutex<T>, OwnProcess);

impl<T> Lock<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Mutex::new(value), OwnProcess::default())
    }

    /// Locks for a thread of the application: `None` in a forked child in which the lock is held for ever.
    #[inline]
    pub(super) fn acquire(&self) -> Option<MutexGuard<'_, T>> {
        self.1.lock(&self.0)
    }

    /// Locks. Poisoning is ignored: no foreign code runs under these locks, so a panic leaves nothing half done.
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks unless another thread holds the lock.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A flag that a thread waits for.
#[derive(Debug, Default)]
pub(super) struct Signal {
    is_set: Lock<bool>,
    changed: Condvar,
}

impl Signal {
    pub(super) fn send(&self) {
        if let Some(mut is_set) = self.is_set.acquire() {
            *is_set = true;
            drop(is_set);
            self.changed.notify_one();
        }
    }

    /// Waits until the flag is set, and clears it. Returns false when the timeout passed first.
    #[expect(clippy::significant_drop_tightening, reason = "the flag is cleared under the lock it was seen under")]
    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let flag = self.is_set.lock();
        let waited = self.changed.wait_timeout_while(flag, timeout, |is_set| !*is_set);
        let (mut flag, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *flag)
    }
}
