//! Bytes that open spans, and clients on their behalf, may hold.

use std::sync::Arc;

use crate::queue::Queue;

/// Bytes that one span may hold. [`Visitor`](super::visitor::Visitor) stops the formatter of a value in time.
pub(super) const MAX_SPAN_BYTES: usize = 16 * 1024 * 1024;

/// Bytes that an open span counts for before anything is recorded.
pub(super) const BASE_SPAN_BYTES: u64 = 512;

/// The bytes of all open spans of a layer, bounded by a setting.
#[derive(Debug)]
pub(crate) struct OpenBudget {
    queue: Arc<Queue>,
    max_bytes: u64,
}

impl OpenBudget {
    pub(super) fn new(queue: Arc<Queue>, max_bytes: usize) -> Self {
        Self { queue, max_bytes: u64::try_from(max_bytes).unwrap_or(u64::MAX) }
    }

    /// Counts a span that begins, unless there is no room for it.
    pub(super) fn begin(&self) -> bool {
        self.queue.open.begin(BASE_SPAN_BYTES, self.max_bytes)
    }

    /// Counts more bytes of an open span, unless there is no room for them.
    pub(super) fn grow(&self, bytes: u64) -> bool {
        self.queue.open.grow(bytes, self.max_bytes)
    }

    /// Stops counting a span that ended with all its bytes.
    pub(super) fn end(&self, bytes: u64) {
        self.queue.open.end(bytes);
    }

    /// Stops counting a span as open while its bytes still count: a non-LLM span, which no event belongs to.
    pub(super) fn exclude_from_count(&self) {
        self.queue.open.put_aside();
    }

    /// Counts such a span as open again, because it became an LLM span, or ends.
    pub(super) fn include_in_count(&self) {
        self.queue.open.take_up();
    }

    /// Returns the number of open LLM spans and spans that may become one.
    #[inline]
    pub(super) fn open_spans(&self) -> u64 {
        self.queue.open.spans()
    }

    /// Changes what a client retains from `before` to `now` bytes, unless open spans and clients would then hold more
    /// than `share` quarters of the bound.
    #[cfg(feature = "observe")]
    pub(super) fn resize(&self, before: u64, now: u64, share: u64) -> bool {
        let bound = self.max_bytes / 4;
        if now > before && !self.queue.open.grow(now.saturating_sub(before), bound.saturating_mul(share)) {
            return false;
        }
        self.queue.open.shrink(before.saturating_sub(now));
        true
    }
}
