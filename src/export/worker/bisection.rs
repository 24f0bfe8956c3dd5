//! The search for the invalid items of a batch that the intake refused with 400 or 422.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The budget of one search, shared by all parts of the batch.
///
/// Isolating one item of `n` takes log2(n) splits of two requests each. A batch that is invalid throughout looks the same at
/// first, so the search begins with that budget, and each part that the intake accepts earns more: it proves that the
/// intake refuses single items and not everything.
#[derive(Debug)]
pub(super) struct Bisection {
    splits_left: AtomicUsize,
    /// Splits that may still be earned. With very many invalid items the search would ask about each item.
    earnings_left: AtomicUsize,
    /// Searching: one part is on its way. The search goes down before it goes across: several parts at once would use the budget
    /// up in the upper levels, before the first part can be accepted.
    is_in_flight: AtomicBool,
}

impl Bisection {
    /// Begins a search in a batch of `items` items.
    pub(super) fn new(items: usize) -> Self {
        let splits = usize::try_from(items.max(1).ilog2()).unwrap_or(0).saturating_add(1);
        Self {
            splits_left: AtomicUsize::new(splits),
            earnings_left: AtomicUsize::new(splits.saturating_mul(MAX_INVALID)),
            is_in_flight: AtomicBool::new(false),
        }
    }

    /// Takes one split from the budget. Returns false when there is none.
    pub(super) fn take_split(&self) -> bool {
        take(&self.splits_left, 1)
    }

    /// Notes that a part was accepted. Two splits: going down beside an accepted part costs one, and its neighbour on the
    /// way back needs another.
    pub(super) fn earn(&self) {
        if take(&self.earnings_left, EARNED_SPLITS) {
            self.splits_left.fetch_add(EARNED_SPLITS, Ordering::Relaxed);
        }
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.is_in_flight.load(Ordering::Relaxed)
    }

    pub(super) fn set_in_flight(&self, is_in_flight: bool) {
        self.is_in_flight.store(is_in_flight, Ordering::Relaxed);
    }
}

fn take(counter: &AtomicUsize, count: usize) -> bool {
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count)).is_ok()
}

const EARNED_SPLITS: usize = 2;
/// The search isolates at least this many invalid items of one batch, wherever they are.
const MAX_INVALID: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_parts_earn_splits_up_to_a_bound() {
        let search = Bisection::new(64);
        let left = |search: &Bisection| std::iter::from_fn(|| search.take_split().then_some(())).count();
        assert_eq!(left(&search), 7, "log2(64) + 1");
        (0..1_000).for_each(|_| search.earn());
        assert_eq!(left(&search), 56, "eight times as much, and no more");
        assert_eq!((left(&Bisection::new(1)), left(&Bisection::new(0))), (1, 1));
    }
}
