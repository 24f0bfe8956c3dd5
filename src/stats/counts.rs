//! Counters by position: as plain numbers, and shared by threads.

use std::sync::atomic::{AtomicU64, Ordering};

use super::loss_reason::LossReason;

/// `N` numbers that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts<const N: usize>([u64; N]);

/// The number of items that were lost or refused for each reason.
pub(crate) type LossCounts = Counts<{ LossReason::ALL.len() }>;

impl<const N: usize> Default for Counts<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Counts<N> {
    pub(super) fn at(&self, index: usize) -> u64 {
        self.0.get(index).copied().unwrap_or_default()
    }

    fn add(&mut self, index: usize, count: u64) {
        if let Some(counter) = self.0.get_mut(index) {
            *counter = counter.saturating_add(count);
        }
    }

    /// Returns the sum of all counters.
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// Returns these counts with `others` added.
    pub(crate) fn and(mut self, others: &Self) -> Self {
        others.0.iter().enumerate().for_each(|(index, count)| self.add(index, *count));
        self
    }

    /// Returns what was counted after `earlier`.
    pub(crate) fn since(mut self, earlier: &Self) -> Self {
        self.0.iter_mut().zip(earlier.0).for_each(|(count, earlier)| *count = count.saturating_sub(earlier));
        self
    }
}

impl LossCounts {
    pub(crate) fn of(&self, reason: LossReason) -> u64 {
        self.at(reason.index())
    }

    pub(crate) fn lose(&mut self, reason: LossReason, count: u64) {
        self.add(reason.index(), count);
    }
}

/// Items that were refused at the door. When the queue is full every thread counts here, so there is no lock.
#[derive(Debug, Default)]
pub(crate) struct Refusals(SharedCounts<{ LossReason::ALL.len() }>);

impl Refusals {
    pub(crate) fn count(&self, reason: LossReason) {
        self.0.count(reason.index());
    }

    pub(crate) fn snapshot(&self) -> LossCounts {
        self.0.snapshot()
    }
}

/// Counters that any thread increments without a lock.
#[derive(Debug)]
pub(super) struct SharedCounts<const N: usize>([AtomicU64; N]);

impl<const N: usize> Default for SharedCounts<N> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl<const N: usize> SharedCounts<N> {
    /// Increments a counter and returns its value before.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_counter() {
        let mut lost = LossCounts::default();
        for (count, reason) in (1..).zip(LossReason::ALL) {
            lost.lose(*reason, count);
        }
        let counted: Vec<u64> = LossReason::ALL.iter().map(|reason| lost.of(*reason)).collect();
        let expected: Vec<u64> = (1..).take(LossReason::ALL.len()).collect();
        assert_eq!(counted, expected);
        assert_eq!(lost.since(&lost).total(), 0);
    }
}
