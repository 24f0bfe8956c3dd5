//! Finished items of one shard behind one another, in buffers that are used again when all have been read.

use super::Item;
use super::gauge::Amount;
use super::waiting::patient;
use crate::recording::{Extent, FieldLog, Head, Pack, Recording};
use llmobs_model::Submission;

/// See the file's card.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    slots: Vec<Slot>,
    /// So many of them have been read.
    read: usize,
    logs: Pack,
    /// All that was put in, taken out or not.
    amount: Amount,
    patient: u64,
}

#[derive(Debug)]
struct Slot {
    number: u64,
    kept: Kept,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the rare one is the small one")]
enum Kept {
    /// With how much of the logs is its own.
    Span(Head, Extent),
    Evaluation(Box<Submission>),
}

/// What is read from a chunk, where it lies.
#[derive(Debug)]
pub(crate) enum Next<'a> {
    /// What it says is in the log that was given.
    Span(&'a mut Head),
    Evaluation(&'a mut Submission),
}

impl Chunk {
    const MOST_ITEMS: usize = 128;
    /// Items are counted with large texts, which lie beside; so there may be many bytes in few items.
    const MOST_BYTES: u64 = 1024 * 1024;
    /// The text of all logs; what is larger is one of them alone.
    const MOST_TEXT: usize = 64 * 1024;

    /// Whether nothing more is to be put in.
    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= Self::MOST_ITEMS
            || self.amount.bytes >= Self::MOST_BYTES
            || self.logs.text_bytes() >= Self::MOST_TEXT
    }

    /// Puts an item of so many bytes behind the others. Returns a recording that is one of nothing now.
    #[inline]
    pub(super) fn put(&mut self, number: u64, item: Item, bytes: u64) -> Option<Box<Recording>> {
        self.amount.count = self.amount.count.saturating_add(1);
        self.amount.bytes = self.amount.bytes.saturating_add(bytes);
        self.patient = self.patient.saturating_add(patient(bytes));
        match item {
            Item::Span(mut recording) => {
                let extent = self.logs.put(&mut recording.log);
                self.slots.push(Slot { number, kept: Kept::Span(recording.take_head(), extent) });
                Some(recording)
            }
            Item::Evaluation(submission) => {
                self.slots.push(Slot { number, kept: Kept::Evaluation(submission) });
                None
            }
        }
    }

    /// The next item; what a span says goes into the log that is given, which must be empty.
    #[inline]
    pub(super) fn next(&mut self, log: &mut FieldLog) -> Option<Next<'_>> {
        let slot = self.slots.get_mut(self.read)?;
        self.read = self.read.saturating_add(1);
        Some(match &mut slot.kept {
            Kept::Span(head, extent) => {
                self.logs.take(extent, log);
                Next::Span(head)
            }
            Kept::Evaluation(submission) => Next::Evaluation(submission),
        })
    }

    /// The number of the next item.
    #[inline]
    pub(super) fn first(&self) -> Option<u64> {
        self.slots.get(self.read).map(|slot| slot.number)
    }

    /// The number of the one behind it.
    #[inline]
    pub(super) fn second(&self) -> Option<u64> {
        self.slots.get(self.read.saturating_add(1)).map(|slot| slot.number)
    }

    /// All that was put in, and what of its bytes is [`patient`].
    pub(super) const fn amount(&self) -> (Amount, u64) {
        (self.amount, self.patient)
    }

    /// Bytes that are reserved.
    pub(super) fn capacity(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<Slot>()).saturating_add(self.logs.capacity())
    }

    /// Empties it; what is reserved stays.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.read = 0;
        self.logs.clear();
        (self.amount, self.patient) = (Amount::default(), 0);
    }
}
