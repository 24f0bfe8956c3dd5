//! How many spans are open and how many bytes they hold.

use super::gauge::{Amount, Gauge};

/// One step at the begin of a span and one at its end.
#[derive(Debug, Default)]
pub(crate) struct OpenSpans(Gauge);

impl OpenSpans {
    /// Counts a span that begins with so many bytes, unless all would then hold more than `max_bytes`.
    pub(crate) fn begin(&self, bytes: u64, max_bytes: u64) -> bool {
        self.add(1, bytes, max_bytes)
    }

    /// Counts bytes that a span holds in addition, unless all would then hold more than `max_bytes`.
    pub(crate) fn grow(&self, bytes: u64, max_bytes: u64) -> bool {
        self.add(0, bytes, max_bytes)
    }

    /// Counts bytes that are not held any more.
    #[cfg(feature = "observe")]
    pub(crate) fn shrink(&self, bytes: u64) {
        self.0.remove(Amount { count: 0, bytes });
    }

    /// Counts a span that ended, with all the bytes that were counted for it.
    pub(crate) fn end(&self, bytes: u64) {
        self.0.remove(Amount { count: 1, bytes });
    }

    /// Counts a span no more, but what it holds; see [`OpenSpans::take_up`].
    pub(crate) fn put_aside(&self) {
        self.0.remove(Amount { count: 1, bytes: 0 });
    }

    /// Counts a span again that was put aside.
    pub(crate) fn take_up(&self) {
        self.add(1, 0, Gauge::MOST.bytes);
    }

    /// Spans that are open.
    pub(crate) fn spans(&self) -> u64 {
        self.0.amount().count
    }

    fn add(&self, count: u64, bytes: u64, max_bytes: u64) -> bool {
        self.0.add(Amount { count, bytes }, Amount { bytes: max_bytes, ..Gauge::MOST }).is_ok()
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
        assert!(!open.grow(1 << 40, 1_000) && !open.begin((1 << 40) + 1, 1_000), "more than can be counted");
        open.put_aside();
        assert!(open.spans() == 0 && !open.grow(1, 1_000), "what it holds is still counted");
        open.take_up();
        open.end(1_000);
        assert_eq!(open.0.amount(), Amount { count: 0, bytes: 0 });
    }
}
