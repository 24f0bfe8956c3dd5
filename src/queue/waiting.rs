//! How much waits, and which number the next item has.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Limits;
use super::gauge::{Amount, Gauge};
use crate::stats::LossReason;

/// What all threads that push share, beside the locks of their shards.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Waiting {
    gauge: Gauge,
    /// How many have come in, and so the number of the next one.
    entered: AtomicU64,
    /// Of the bytes those that are no reason to wake the worker; see [`patient`].
    patient: AtomicU64,
    /// The worker has been told and has not come yet.
    woken: AtomicBool,
    closed: AtomicBool,
}

impl Waiting {
    /// Counts an item of so many bytes and says its number, without gaps: whoever asks is to hold the lock of the shard
    /// that he puts it into.
    #[inline]
    pub(super) fn enter(&self, bytes: u64, limits: &Limits) -> Result<u64, LossReason> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(LossReason::Closed);
        }
        let more = Amount { count: 1, bytes };
        let most = Amount { count: limits.max_items, bytes: limits.max_bytes };
        if let Err(there) = self.gauge.add(more, most) {
            return Err(if there.count >= limits.max_items { LossReason::QueueItems } else { LossReason::QueueBytes });
        }
        if patient(bytes) > 0 {
            self.patient.fetch_add(patient(bytes), Ordering::Relaxed);
        }
        Ok(self.entered.fetch_add(1, Ordering::AcqRel))
    }

    /// Counts items that wait no more.
    pub(super) fn leave(&self, items: Amount, patient: u64) {
        // In this order: whoever looks between the two wakes the worker without need, and not too late.
        if patient > 0 {
            self.patient.fetch_sub(patient, Ordering::Relaxed);
        }
        self.gauge.remove(items);
    }

    /// How many have come in. Each of them is in its shard as soon as that one's lock is free.
    pub(super) fn entered(&self) -> u64 {
        self.entered.load(Ordering::Acquire)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.gauge.amount().bytes
    }

    /// Whether the worker is to be woken, and by the one who asks; after what is a reason for it has been put in.
    #[inline]
    pub(super) fn is_to_wake(&self, limits: &Limits) -> bool {
        let there = self.gauge.amount();
        let urgent = there.bytes.saturating_sub(self.patient.load(Ordering::Relaxed));
        let enough = urgent >= limits.wake_bytes || there.count >= limits.wake_items;
        // Both sides write: so either the worker comes after what was put in, or it is told.
        enough && !self.woken.swap(true, Ordering::AcqRel)
    }

    /// The worker comes; before it looks.
    pub(super) fn awake(&self) {
        self.woken.swap(false, Ordering::AcqRel);
    }

    /// Nothing enters any more; who has entered is behind the lock of his shard.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }
}

/// How many bytes of an item are no reason to wake the worker. One that is very large, as a streamed answer is, counts for
/// less: it comes when a call ends, and reading it at once would take the processor that the application needs just then.
pub(super) const fn patient(bytes: u64) -> u64 {
    const MOST_URGENT: u64 = 128 * 1024;
    bytes.saturating_sub(MOST_URGENT)
}
