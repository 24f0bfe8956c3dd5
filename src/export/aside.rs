//! Ends of items that are known before those of the items that came earlier.

use crate::queue::Queue;
use crate::stats::LossReason;

/// Items whose end is known, to be counted after those that came before them: a flush is over when as many items are
/// settled as had been accepted.
#[derive(Debug, Default)]
pub(crate) struct Aside(Vec<(Result<(), LossReason>, u64)>);

impl Aside {
    pub(super) fn add(&mut self, end: Result<(), LossReason>, items: u64) {
        match self.0.last_mut() {
            Some((last, sum)) if *last == end => *sum = sum.saturating_add(items),
            Some(_) | None => self.0.push((end, items)),
        }
    }

    pub(super) fn settle(&mut self, queue: &Queue) {
        for (end, items) in self.0.drain(..) {
            match end {
                Ok(()) => queue.deliver(items),
                Err(reason) => queue.lose(reason, items),
            }
        }
    }
}
