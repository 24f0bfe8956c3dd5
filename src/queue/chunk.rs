//! Finished items behind one another, as many as the worker takes in one go.

use std::collections::VecDeque;

use super::Item;
use crate::model::{Extent, Head, Log, Pack, Recording, Submission};

/// See the file's card.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    slots: VecDeque<Slot>,
    logs: Pack,
    bytes: usize,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the rare one is the small one")]
enum Slot {
    /// With how much of the logs is its own.
    Span(Head, Extent),
    Evaluation(Box<Submission>),
}

/// What comes out of a chunk.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "the rare one is the small one")]
pub(crate) enum Next {
    Span(Recording),
    Evaluation(Box<Submission>),
}

impl Chunk {
    const MOST_ITEMS: usize = 128;
    /// Items are counted with large texts, which lie beside; so there may be many bytes in few items.
    const MOST_BYTES: usize = 1024 * 1024;
    /// The text of all logs; what is larger is one of them alone.
    const MOST_TEXT: usize = 64 * 1024;

    /// Whether nothing more is to be put in.
    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= Self::MOST_ITEMS
            || self.bytes >= Self::MOST_BYTES
            || self.logs.text_bytes() >= Self::MOST_TEXT
    }

    /// Puts an item of so many bytes behind the others. Returns the log that is left of a recording, empty.
    pub(super) fn put(&mut self, item: Item, bytes: usize) -> Option<Log> {
        self.bytes = self.bytes.saturating_add(bytes);
        match item {
            Item::Span(recording) => {
                let (head, mut log) = recording.split();
                let extent = self.logs.put(&mut log);
                self.slots.push_back(Slot::Span(head, extent));
                Some(log)
            }
            Item::Evaluation(submission) => {
                self.slots.push_back(Slot::Evaluation(submission));
                None
            }
        }
    }

    /// The next item; a recording says it in the log that is given, which must be empty.
    pub(crate) fn next(&mut self, log: &mut Log) -> Option<Next> {
        Some(match self.slots.pop_front()? {
            Slot::Span(head, extent) => {
                self.logs.take(&extent, log);
                Next::Span(head.with(std::mem::take(log)))
            }
            Slot::Evaluation(submission) => Next::Evaluation(submission),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What its items are counted for.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that are reserved.
    pub(super) fn capacity(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<Slot>()).saturating_add(self.logs.capacity())
    }

    /// Empties it; what is reserved stays.
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.logs.clear();
        self.bytes = 0;
    }
}
