//! How many spans are open and how many bytes they hold.

use std::sync::atomic::{AtomicU64, Ordering};

/// A gauge of two numbers in one word, so that a span costs one step at its begin and one at its end:
/// spans in the upper 24 bits, bytes in the lower 40.
#[derive(Debug, Default)]
pub(crate) struct OpenSpans(AtomicU64);

impl OpenSpans {
    const ONE: u64 = 1 << 40;
    const BYTES: u64 = Self::ONE - 1;

    /// Counts a span that begins with so many bytes, unless all would then hold more than `max_bytes`.
    pub(crate) fn begin(&self, bytes: u64, max_bytes: u64) -> bool {
        self.add(Self::ONE | bytes & Self::BYTES, max_bytes)
    }

    /// Counts bytes that a span holds in addition, unless all would then hold more than `max_bytes`.
    pub(crate) fn grow(&self, bytes: u64, max_bytes: u64) -> bool {
        self.add(bytes & Self::BYTES, max_bytes)
    }

    /// Counts bytes that are not held any more.
    #[cfg(feature = "_clients")]
    pub(crate) fn shrink(&self, bytes: u64) {
        self.0.fetch_sub(bytes & Self::BYTES, Ordering::Relaxed);
    }

    /// Counts a span that ended, with all the bytes that were counted for it.
    pub(crate) fn end(&self, bytes: u64) {
        self.0.fetch_sub(Self::ONE | bytes & Self::BYTES, Ordering::Relaxed);
    }

    /// Counts a span no more, but what it holds; see [`OpenSpans::take_up`].
    pub(crate) fn put_aside(&self) {
        self.0.fetch_sub(Self::ONE, Ordering::Relaxed);
    }

    /// Counts a span again that was put aside.
    pub(crate) fn take_up(&self) {
        self.0.fetch_add(Self::ONE, Ordering::Relaxed);
    }

    /// Spans that are open.
    pub(crate) fn spans(&self) -> u64 {
        self.0.load(Ordering::Relaxed) >> 40
    }

    /// Looks afterwards, because to look before would fetch the word from another processor twice.
    fn add(&self, more: u64, max_bytes: u64) -> bool {
        let before = self.0.fetch_add(more, Ordering::Relaxed) & Self::BYTES;
        let has_room = before.saturating_add(more & Self::BYTES) <= max_bytes;
        if !has_room {
            self.0.fetch_sub(more, Ordering::Relaxed);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begin_and_end_cancel_out_and_the_bound_holds() {
        let open = OpenSpans::default();
        assert!(open.begin(600, 1_000) && !open.begin(600, 1_000) && open.grow(400, 1_000) && !open.grow(1, 1_000));
        assert_eq!(open.spans(), 1);
        open.put_aside();
        assert!(open.spans() == 0 && !open.grow(1, 1_000), "what it holds is still counted");
        open.take_up();
        open.end(1_000);
        assert_eq!((open.spans(), open.0.load(Ordering::Relaxed)), (0, 0));
    }
}
