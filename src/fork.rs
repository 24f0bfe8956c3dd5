//! Detection of a process that was forked.
//!
//! A child of `fork` has the memory of its parent, but only one thread. A lock that another thread held is held for ever
//! there, so whoever cannot have a lock at once asks here first. Never: a question for each span; it is a system call.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// The process that something was made in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnProcess(u32);

impl Default for OwnProcess {
    fn default() -> Self {
        Self(std::process::id())
    }
}

impl OwnProcess {
    /// Returns true in a child that was forked from this process.
    pub(crate) fn is_forked(self) -> bool {
        std::process::id() != self.0
    }

    /// Locks, unless the lock is taken and this is a forked child. Poisoning is ignored: no foreign code runs under locks
    /// that are taken so.
    #[inline]
    pub(crate) fn lock<T>(self, mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
        match mutex.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => self.wait(mutex),
        }
    }

    #[cold]
    fn wait<T>(self, mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
        (!self.is_forked()).then(|| mutex.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_taken_is_waited_for_in_the_own_process_only() {
        let (own, other) = (OwnProcess::default(), OwnProcess(0));
        assert!(!own.is_forked() && other.is_forked());
        let mutex = Mutex::new(1);
        assert_eq!(other.lock(&mutex).map(|guard| *guard), Some(1));
        let held = mutex.lock().unwrap();
        assert!(other.lock(&mutex).is_none());
        drop(held);
        assert_eq!(own.wait(&mutex).map(|guard| *guard), Some(1));
    }
}
