//! Finished items of one shard, packed into buffers that are used again once all items have been read.

use super::admission::{Amount, non_urgent_bytes};
use super::item::Item;
use super::pool::Buffer;
use crate::recording::{FieldLog, Head, LogExtent, PackedLogs, Recording};
use llmobs_model::Submission;

/// Items in the order in which they were put in. Logs of spans lie behind one another in one [`PackedLogs`]: a log of its own
/// per span would be far from every cache by the time the encoder reads it.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    slots: Vec<Slot>,
    /// The number of slots that have been read.
    read: usize,
    logs: PackedLogs,
    /// The items and bytes that were put in, read or not.
    amount: Amount,
    non_urgent: u64,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    packed: Packed,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the rare one is the small one")]
enum Packed {
    /// A span, with the extent of its log in the chunk's pack.
    Span(Head, LogExtent),
    Evaluation(Box<Submission>),
}

/// An item that is being read, in its place in the chunk.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    /// A span; what was recorded is in the log that the caller passed.
    Span(&'a mut Head),
    Evaluation(&'a mut Submission),
}

impl Chunk {
    const MAX_ITEMS: usize = 128;
    /// Bounds the counted bytes: large texts lie beside the pack, so few items may hold many bytes.
    const MAX_BYTES: u64 = 1024 * 1024;
    /// Bounds the text in the pack. A longer log has a chunk of its own.
    const MAX_TEXT: usize = 64 * 1024;

    /// Returns true when the next item belongs into another chunk.
    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= Self::MAX_ITEMS
            || self.amount.bytes >= Self::MAX_BYTES
            || self.logs.text_bytes() >= Self::MAX_TEXT
    }

    /// Appends an item of `bytes` bytes. Returns the emptied recording of a span, to be used again.
    #[inline]
    pub(super) fn put(&mut self, number: u64, item: Item, bytes: u64) -> Option<Box<Recording>> {
        self.amount.count = self.amount.count.saturating_add(1);
        self.amount.bytes = self.amount.bytes.saturating_add(bytes);
        self.non_urgent = self.non_urgent.saturating_add(non_urgent_bytes(bytes));
        match item {
            Item::Span(mut recording) => {
                let extent = self.logs.put(&mut recording.log);
                self.slots.push(Slot { number, packed: Packed::Span(recording.take_head(), extent) });
                Some(recording)
            }
            Item::Evaluation(submission) => {
                self.slots.push(Slot { number, packed: Packed::Evaluation(submission) });
                None
            }
        }
    }

    /// Reads the next item; the log of a span is moved into `log`, which must be empty.
    #[inline]
    pub(super) fn next(&mut self, log: &mut FieldLog) -> Option<Next<'_>> {
        let slot = self.slots.get_mut(self.read)?;
        self.read = self.read.saturating_add(1);
        Some(match &mut slot.packed {
            Packed::Span(head, extent) => {
                self.logs.take(extent, log);
                Next::Span(head)
            }
            Packed::Evaluation(submission) => Next::Evaluation(submission),
        })
    }

    /// Returns the number of the next item.
    #[inline]
    pub(super) fn first(&self) -> Option<u64> {
        self.slots.get(self.read).map(|slot| slot.number)
    }

    /// Returns the number of the item after the next one.
    #[inline]
    pub(super) fn second(&self) -> Option<u64> {
        self.slots.get(self.read.saturating_add(1)).map(|slot| slot.number)
    }

    /// Returns all that was put in, and how many of its bytes are [`non_urgent_bytes`].
    pub(super) const fn amount(&self) -> (Amount, u64) {
        (self.amount, self.non_urgent)
    }

    /// Empties the chunk; reserved memory stays.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.read = 0;
        self.logs.clear();
        (self.amount, self.non_urgent) = (Amount::default(), 0);
    }
}

impl Buffer for Chunk {
    fn reserved_bytes(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<Slot>()).saturating_add(self.logs.capacity())
    }
}
