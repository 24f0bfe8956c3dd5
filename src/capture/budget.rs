//! Bytes that open spans, and clients on their behalf, may hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::queue::Queue;

/// Bytes that one span may hold. [`Visitor`](super::visitor::Visitor) stops the formatter of a value in time.
pub(super) const MAX_SPAN_BYTES: usize = 16 * 1024 * 1024;

/// Bytes of an open span beside its recording: its record, its entry in the table, what it shares with its trace, and what
/// the allocator adds.
pub(super) const BASE_SPAN_BYTES: u64 = 432;

/// The bytes of all open spans of a layer, bounded by a setting.
///
/// Counted is what is held: reserved memory, not the length of what is in it. A span counts itself when it begins and
/// corrects its count when its buffers have grown, so that a span whose buffers have been used before touches the counter,
/// which all threads share, at its begin and its end only.
#[derive(Debug)]
pub(crate) struct OpenBudget {
    queue: Arc<Queue>,
    max_bytes: u64,
    /// The number of spans that have begun: the clock by which spans are idle.
    begun: AtomicU64,
}

impl OpenBudget {
    pub(super) fn new(queue: Arc<Queue>, max_bytes: usize) -> Self {
        let max_bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
        Self { queue, max_bytes, begun: AtomicU64::new(0) }
    }

    /// Counts a span that begins with `bytes`, unless there is no room for it.
    #[inline]
    pub(super) fn begin(&self, bytes: u64) -> bool {
        let has_room = self.queue.open.begin(bytes, self.max_bytes);
        if has_room {
            // Not one atomic step: when two threads write the same number, two spans are equally idle.
            self.begun.store(self.now().wrapping_add(1), Ordering::Relaxed);
        }
        has_room
    }

    /// Returns the time by which spans are idle.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Counts more bytes of an open span, unless there is no room for them.
    pub(super) fn grow(&self, bytes: u64) -> bool {
        self.queue.open.grow(bytes, self.max_bytes)
    }

    /// Changes what a span counts for from `before` to `now`, which it holds already, and returns `now`.
    pub(super) fn correct(&self, before: u64, now: u64) -> u64 {
        if now > before {
            self.queue.open.grow_unbounded(now.saturating_sub(before));
        } else {
            self.queue.open.shrink(before.saturating_sub(now));
        }
        now
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

    /// Returns whether a span of `bytes` bytes may begin, with some room left for its content.
    pub(super) fn has_room_for(&self, bytes: u64) -> bool {
        // A 64th of the bound, so that spans which never close do not starve the content of others, and the search for
        // the next ones that give way is not made for each span.
        let wanted = bytes.max(self.max_bytes / 64);
        self.queue.open.bytes().saturating_add(wanted) <= self.max_bytes
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
