//! The lock of what all threads share: the standard library's, which goes to whoever is running.
//!
//! `parking_lot`'s is handed to the one who has waited longest, every half millisecond; with more threads than processors
//! nobody gets on until that one runs again.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

/// See the file's card.
#[derive(Debug, Default)]
pub(super) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Nothing foreign runs inside, so that who panicked there has left nothing half done.
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, if nobody has it just now.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(error)) => Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
