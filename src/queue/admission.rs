//! Admission control: the bounds on what waits, the sequence number of each accepted item, and when the encoder is woken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::item::{Item, Limits};
use crate::recording::{FieldKey, LogEntry, Recording};
use crate::stats::LossReason;

/// The state that all pushing threads share, beside the locks of their shards.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Admission {
    gauge: Gauge,
    /// The number of accepted items, and so the number of the next one.
    entered: AtomicU64,
    /// Waiting bytes that are no reason to wake the encoder; see [`non_urgent_bytes`].
    non_urgent: AtomicU64,
    /// The encoder has been woken and has not looked yet.
    is_woken: AtomicBool,
    is_closed: AtomicBool,
    /// This is a forked child.
    is_forked: AtomicBool,
}

impl Admission {
    /// Accepts an item of `bytes` bytes and returns its number, or refuses it.
    ///
    /// Numbers are handed out under the lock of the caller's shard, and the item is put into that shard before the lock
    /// is released. So once the encoder has locked a shard, every number below [`entered`](Self::entered) that belongs
    /// to the shard is in it.
    #[inline]
    pub(super) fn enter(&self, item: &Item, bytes: u64, limits: &Limits) -> Result<u64, LossReason> {
        // Relaxed is enough: `Queue::shut` closes the door, then takes each shard's lock, and the caller holds its own.
        if self.is_closed.load(Ordering::Relaxed) {
            let is_forked = self.is_forked.load(Ordering::Relaxed);
            return Err(if is_forked { LossReason::Forked } else { LossReason::Closed });
        }
        let more = Amount { count: 1, bytes };
        let most = Amount { count: limits.max_items, bytes: limits.max_bytes };
        let after = match self.gauge.add(more, most) {
            Ok(after) => after,
            Err(there) if there.count >= limits.max_items => return Err(LossReason::QueueItems),
            Err(_) => return Err(LossReason::QueueBytes),
        };
        // Nearly always there is room, and nothing about the item is looked at.
        let (by_items, by_bytes) = (crowding(after.count, most.count), crowding(after.bytes, most.bytes));
        if by_items.max(by_bytes) > 0 && gives_way(item, by_items.max(by_bytes)) {
            self.gauge.remove(more);
            return Err(if by_items > by_bytes { LossReason::QueueItems } else { LossReason::QueueBytes });
        }
        if non_urgent_bytes(bytes) > 0 {
            self.non_urgent.fetch_add(non_urgent_bytes(bytes), Ordering::Relaxed);
        }
        // Last, when nothing can refuse the item any more: a number without an item would be counted as a lost one.
        Ok(self.entered.fetch_add(1, Ordering::AcqRel))
    }

    /// Counts items that the encoder has read.
    pub(super) fn leave(&self, items: Amount, non_urgent: u64) {
        // In this order: a thread that looks between the two steps wakes the encoder too early, and never too late.
        if non_urgent > 0 {
            self.non_urgent.fetch_sub(non_urgent, Ordering::Relaxed);
        }
        self.gauge.remove(items);
    }

    /// Counts the bytes of a batch that waits to be sent. It takes the place of items that have left, so it is counted
    /// whatever the bound: new items are refused instead.
    pub(super) fn retain(&self, bytes: u64) {
        self.gauge.add_unbounded(Amount { count: 0, bytes });
    }

    /// Stops counting the bytes of a batch.
    pub(super) fn release(&self, bytes: u64) {
        self.gauge.remove(Amount { count: 0, bytes });
    }

    /// Returns how many items were accepted. Each of them is in its shard as soon as the shard's lock is free.
    pub(super) fn entered(&self) -> u64 {
        self.entered.load(Ordering::Acquire)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.gauge.amount().bytes
    }

    /// Returns true when more than half of a bound is used up.
    pub(super) fn is_half_full(&self, limits: &Limits) -> bool {
        let there = self.gauge.amount();
        there.count > limits.max_items / 2 || there.bytes > limits.max_bytes / 2
    }

    /// Returns true to exactly one caller when enough waits to wake the encoder. To be asked after an item was put in.
    #[inline]
    pub(super) fn is_to_wake(&self, limits: &Limits) -> bool {
        let there = self.gauge.amount();
        let urgent = there.bytes.saturating_sub(self.non_urgent.load(Ordering::Relaxed));
        let is_enough = urgent >= limits.wake_bytes || there.count >= limits.wake_items;
        // Both sides swap this flag. So either the encoder looks after the item was put in, or it is woken.
        is_enough && !self.is_woken.swap(true, Ordering::AcqRel)
    }

    /// Notes that the encoder is awake; to be called before it looks.
    pub(super) fn awake(&self) {
        // A swap, although the old value is of no use: a store would not synchronize with the thread that set the flag.
        self.is_woken.swap(false, Ordering::AcqRel);
    }

    /// Refuses every item from now on, because this is a forked child.
    pub(super) fn close_forked(&self) {
        self.is_forked.store(true, Ordering::Relaxed);
        self.close();
    }

    /// Refuses every item from now on. An item that has a number already is behind the lock of its shard.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

/// Returns how far `amount` is between 15/16 of a bound (0) and the bound ([`FULLY_CROWDED`]).
#[inline]
const fn crowding(amount: u64, bound: u64) -> u64 {
    let free_until = bound.saturating_sub(bound / 16);
    if amount <= free_until {
        return 0;
    }
    let (above, range) = (amount.saturating_sub(free_until), bound.saturating_sub(free_until));
    match above.saturating_mul(FULLY_CROWDED).checked_div(range) {
        Some(crowding) if crowding < FULLY_CROWDED => crowding,
        _ => FULLY_CROWDED,
    }
}

const FULLY_CROWDED: u64 = 1 << 16;

/// Decides whether an item is refused although there is still a little room, so that whole traces give way rather than
/// parts of many.
///
/// Each trace has a fixed place between 0 and [`FULLY_CROWDED`], computed from its id; as room runs out, the traces with
/// the lowest places are refused first, and all spans of a trace meet the same answer unless the fill level changes
/// while the trace runs. Errors and the first span of a trace use only half of the scale, so they go last. Neither a
/// table of traces nor a lock is needed; see `docs/decisions/0011-what-an-outage-costs.md`.
#[cold]
fn gives_way(item: &Item, crowding: u64) -> bool {
    let Item::Span(recording) = item else { return false };
    let crowding =
        if goes_last(recording) { crowding.saturating_mul(2).saturating_sub(FULLY_CROWDED) } else { crowding };
    place(recording) < crowding
}

fn place(recording: &Recording) -> u64 {
    use std::hash::{Hash, Hasher};
    let mut hasher = std::hash::DefaultHasher::new();
    recording.head.origin.trace_id.hash(&mut hasher);
    hasher.finish() % FULLY_CROWDED
}

fn goes_last(recording: &Recording) -> bool {
    let is_error = |entry: LogEntry<'_>| match entry {
        LogEntry::Field(key, _) => {
            matches!(key, FieldKey::Error | FieldKey::ErrorType | FieldKey::ErrorMessage | FieldKey::Failed)
        }
        LogEntry::Annotation(recorded) => recorded.annotation.error.is_some(),
    };
    recording.head.origin.is_entry || recording.head.panicked || recording.log().iter().any(is_error)
}

/// Returns how many bytes of an item are no reason to wake the encoder.
///
/// A very large item, such as a streamed response, counts for less: it comes when a call ends, and encoding it at once
/// would take the processor that the application needs just then.
pub(super) const fn non_urgent_bytes(bytes: u64) -> u64 {
    const MOST_URGENT: u64 = 128 * 1024;
    bytes.saturating_sub(MOST_URGENT)
}

/// The number of open spans and the bytes they hold.
#[derive(Debug, Default)]
pub(crate) struct OpenSpans(Gauge);

impl OpenSpans {
    /// Counts a span that begins with `bytes`, unless all open spans would then hold more than `max_bytes`.
    pub(crate) fn begin(&self, bytes: u64, max_bytes: u64) -> bool {
        self.add(1, bytes, max_bytes)
    }

    /// Counts bytes that a span holds in addition, unless all open spans would then hold more than `max_bytes`.
    pub(crate) fn grow(&self, bytes: u64, max_bytes: u64) -> bool {
        self.add(0, bytes, max_bytes)
    }

    /// Counts bytes that a span holds already, whatever the bound.
    pub(crate) fn grow_unbounded(&self, bytes: u64) {
        self.0.add_unbounded(Amount { count: 0, bytes });
    }

    /// Stops counting bytes of a span that goes on.
    pub(crate) fn shrink(&self, bytes: u64) {
        self.0.remove(Amount { count: 0, bytes });
    }

    /// Stops counting a span that ended, and the bytes that were counted for it.
    pub(crate) fn end(&self, bytes: u64) {
        self.0.remove(Amount { count: 1, bytes });
    }

    /// Stops counting a span, but not its bytes; [`take_up`](Self::take_up) is the opposite.
    pub(crate) fn put_aside(&self) {
        self.0.remove(Amount { count: 1, bytes: 0 });
    }

    /// Counts a span again.
    pub(crate) fn take_up(&self) {
        self.add(1, 0, Gauge::MOST.bytes);
    }

    /// Returns the number of open spans.
    pub(crate) fn spans(&self) -> u64 {
        self.0.amount().count
    }

    /// Returns the bytes that open spans hold.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.amount().bytes
    }

    fn add(&self, count: u64, bytes: u64, max_bytes: u64) -> bool {
        self.0.add(Amount { count, bytes }, Amount { bytes: max_bytes, ..Gauge::MOST }).is_ok()
    }
}

/// A count (upper 24 bits) and its bytes (lower 40 bits) in one word, so that an item costs one atomic step on memory
/// that all threads share.
#[derive(Debug, Default)]
struct Gauge(AtomicU64);

/// The reading of a gauge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) count: u64,
    pub(super) bytes: u64,
}

impl Gauge {
    const BYTES: u64 = (1 << 40) - 1;
    /// An item above this size is checked before it is added: added in vain, it would refuse others for a moment.
    const LARGE: u64 = 16 * 1024;
    /// The largest amount that the word can hold.
    const MOST: Amount = Amount { count: (1 << 24) - 1, bytes: Self::BYTES };

    /// Adds, unless the sum would be above `most`. Returns the sum, or what was there when there is no room.
    ///
    /// The bound is checked after the addition: to load first would fetch the cache line from another processor twice.
    #[inline]
    fn add(&self, more: Amount, most: Amount) -> Result<Amount, Amount> {
        let word = word(more);
        let most = Amount { count: most.count.min(Self::MOST.count), bytes: most.bytes.min(Self::MOST.bytes) };
        if more.bytes > Self::LARGE {
            let there = self.amount();
            if there.bytes.saturating_add(more.bytes) > most.bytes {
                return Err(there);
            }
        }
        // Relaxed: the word is only a bound. What orders items is the lock of a shard, and their numbers.
        let before = amount(self.0.fetch_add(word, Ordering::Relaxed));
        let after =
            Amount { count: before.count.saturating_add(more.count), bytes: before.bytes.saturating_add(more.bytes) };
        if after.bytes <= most.bytes && after.count <= most.count {
            return Ok(after);
        }
        self.0.fetch_sub(word, Ordering::Relaxed);
        Err(before)
    }

    /// Adds whatever the sum. Only for bytes that are held already.
    fn add_unbounded(&self, more: Amount) {
        self.0.fetch_add(word(more), Ordering::Relaxed);
    }

    /// Subtracts what was added before.
    #[inline]
    fn remove(&self, less: Amount) {
        self.0.fetch_sub(word(less), Ordering::Relaxed);
    }

    fn amount(&self) -> Amount {
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
    fn more_than_a_gauge_can_hold_is_refused_whatever_the_bound() {
        let gauge = Gauge::default();
        let all = Amount { count: u64::MAX, bytes: u64::MAX };
        assert_eq!(gauge.add(Gauge::MOST, all), Ok(Gauge::MOST));
        let one = Amount { count: 1, bytes: 1 };
        for more in [one, Amount { count: 0, bytes: 1 }] {
            assert_eq!((gauge.add(more, all), gauge.amount()), (Err(Gauge::MOST), Gauge::MOST));
        }
        gauge.remove(one);
        assert_eq!(gauge.add(one, all), Ok(Gauge::MOST));
    }

    #[test]
    fn begin_and_end_of_a_span_cancel_out_and_the_bound_holds() {
        let open = OpenSpans::default();
        assert!(open.begin(600, 1_000) && !open.begin(600, 1_000) && open.grow(400, 1_000) && !open.grow(1, 1_000));
        assert_eq!(open.spans(), 1);
        assert!(!open.grow(1 << 40, 1_000) && !open.begin((1 << 40) + 1, 1_000), "more than a gauge can hold");
        open.put_aside();
        assert!(open.spans() == 0 && !open.grow(1, 1_000), "its bytes are still counted");
        open.take_up();
        open.end(1_000);
        assert_eq!(open.0.amount(), Amount { count: 0, bytes: 0 });
    }

    #[test]
    fn crowding_begins_near_the_bound_and_grows_to_its_end() {
        let table = [(0, 0), (15_000, 0), (15_500, 1 << 15), (16_000, 1 << 16), (99_999, 1 << 16)];
        for (amount, expected) in table {
            assert_eq!(crowding(amount, 16_000), expected, "{amount}");
        }
        assert_eq!((crowding(1, 1), crowding(0, 0)), (0, 0), "a bound of one item is used up to its end");
    }
}
