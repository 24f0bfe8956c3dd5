//! Counters by position: as numbers, and for many threads at once.

use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts<const N: usize>([u64; N]);

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Counts<N> {
    pub(super) fn at(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, index: usize, count: u64) {
        if let Some(counter) = self.0.get_mut(index) {
            *counter = counter.saturating_add(count);
        }
    }

    /// All together.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// With those that others have counted.
    pub(crate) fn and(mut self, others: &Self) -> Self {
        others.0.iter().enumerate().for_each(|(index, count)| self.add(index, *count));
        self
    }
}

/// Counters that any thread counts up, without a lock.
#[derive(Debug)]
pub(super) struct SharedCounts<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for SharedCounts<N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl<const N: usize> SharedCounts<N> {
    /// Counts one, and says how many there were before.
    pub(super) fn count(&self, index: usize) -> Option<u64> {
        self.0.get(index).map(|counter| counter.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn snapshot(&self) -> Counts<N> {
        let mut counts = Counts::default();
        for (index, counter) in self.0.iter().enumerate() {
            counts.add(index, counter.load(Ordering::Relaxed));
        }
        counts
    }
}
