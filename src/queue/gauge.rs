//! Two numbers in one word, so that an item or a span costs one step on memory that all threads share.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many, in the upper 24 bits, and of how many bytes together, in the lower 40.
#[derive(Debug, Default)]
pub(super) struct Gauge(AtomicU64);

/// What a gauge shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) count: u64,
    pub(super) bytes: u64,
}

impl Gauge {
    const BYTES: u64 = (1 << 40) - 1;
    /// What has more bytes may be in the way of others while it is counted in vain.
    const LARGE: u64 = 16 * 1024;
    /// More than this cannot be counted.
    pub(super) const MOST: Amount = Amount { count: (1 << 24) - 1, bytes: Self::BYTES };

    /// Adds, unless there would be more than `most` then; without room it says what was there.
    ///
    /// Looks afterwards, because to look before would fetch the word from another processor twice; for what is large, before
    /// that as well.
    #[inline]
    pub(super) fn add(&self, more: Amount, most: Amount) -> Result<Amount, Amount> {
        let word = word(more);
        let most = Amount { count: most.count.min(Self::MOST.count), bytes: most.bytes.min(Self::MOST.bytes) };
        if more.bytes > Self::LARGE {
            let there = self.amount();
            if there.bytes.saturating_add(more.bytes) > most.bytes {
                return Err(there);
            }
        }
        let before = amount(self.0.fetch_add(word, Ordering::Relaxed));
        let after =
            Amount { count: before.count.saturating_add(more.count), bytes: before.bytes.saturating_add(more.bytes) };
        if after.bytes <= most.bytes && after.count <= most.count {
            return Ok(after);
        }
        self.0.fetch_sub(word, Ordering::Relaxed);
        Err(before)
    }

    /// Counts what is not there any more.
    #[inline]
    pub(super) fn remove(&self, less: Amount) {
        self.0.fetch_sub(word(less), Ordering::Relaxed);
    }

    pub(super) fn amount(&self) -> Amount {
        amount(self.0.load(Ordering::Relaxed))
    }
}

const fn word(amount: Amount) -> u64 {
    amount.count << 40 | amount.bytes & Gauge::BYTES
}

const fn amount(word: u64) -> Amount {
    Amount { count: word >> 40, bytes: word & Gauge::BYTES }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_can_be_counted_is_refused_whatever_is_allowed() {
        let (gauge, all) = (Gauge::default(), Amount { count: u64::MAX, bytes: u64::MAX });
        let one = Amount { count: 1, bytes: 0 };
        assert_eq!(gauge.add(Gauge::MOST, all), Ok(Gauge::MOST));
        for more in [one, Amount { count: 0, bytes: 1 }] {
            assert_eq!((gauge.add(more, all), gauge.amount()), (Err(Gauge::MOST), Gauge::MOST));
        }
        gauge.remove(one);
        assert_eq!(gauge.add(one, all), Ok(Gauge::MOST));
    }
}
