//! Chunks that the encoder has taken out of the shards, read in the order in which their items were accepted.

use std::collections::VecDeque;

use super::chunk::{Chunk, Next};
use super::shards::SHARDS;
use crate::recording::FieldLog;

/// A merge of all shards by sequence number.
///
/// Numbers have no gaps, so the next item is known without comparing: it has the number `next`, and it is nearly always
/// in the shard of the item before.
#[derive(Debug, Default)]
pub(crate) struct Drained {
    rows: [Row; SHARDS],
    /// The row of the last item; a thread mostly pushes several items behind one another.
    last: usize,
    /// The number of the item to be read next.
    next: u64,
    /// Every item below this number is in a row. Some above may be, too, and some of those may still be missing.
    end: u64,
    /// Items that were not there when their turn came. A thread would have to get a number and never put its item in,
    /// for which no way is known; such items are counted as lost.
    missing: u64,
}

/// The chunks of one shard.
#[derive(Debug, Default)]
pub(super) struct Row {
    chunks: VecDeque<Chunk>,
    /// The number of its first unread item.
    first: Option<u64>,
}

impl Drained {
    /// Notes that every number below `end` is here now.
    pub(super) fn extend_to(&mut self, end: u64) {
        self.end = end;
    }

    /// Returns how many items were missing since the last call.
    pub(super) const fn take_missing(&mut self) -> u64 {
        std::mem::replace(&mut self.missing, 0)
    }

    /// Returns the rows, in the order of the shards.
    pub(super) fn rows(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// Returns the number of the item that is read next; every item below it has been read.
    pub(crate) const fn next_number(&self) -> u64 {
        self.next
    }

    /// Reads the next item; the log of a span is moved into `log`, which must be empty.
    #[inline]
    pub(super) fn next(&mut self, log: &mut FieldLog) -> Option<Next<'_>> {
        if self.rows.get(self.last).is_none_or(|row| row.first != Some(self.next)) {
            self.seek();
        }
        if self.is_empty() {
            return None;
        }
        self.next = self.next.saturating_add(1);
        self.rows.get_mut(self.last)?.next(log)
    }

    /// Goes to the row with the smallest number, which is `next` unless an item is missing.
    fn seek(&mut self) {
        let rows = self.rows.iter().enumerate();
        let first = rows.filter_map(|(at, row)| Some((row.first?, at))).min();
        // Where no row has an item below `end`, all numbers up to there are missing.
        let (number, at) = first.filter(|(number, _)| *number < self.end).unwrap_or((self.end, self.last));
        self.missing = self.missing.saturating_add(number.saturating_sub(self.next));
        (self.next, self.last) = (number, at);
    }

    /// Takes the chunk out whose last item was read last.
    #[inline]
    pub(super) fn take_read_chunk(&mut self) -> Option<Chunk> {
        self.rows.get_mut(self.last)?.take_read_chunk()
    }
}

impl Row {
    /// Appends the chunks of a shard.
    pub(super) fn append(&mut self, chunks: &mut VecDeque<Chunk>) {
        if self.chunks.is_empty() {
            // The shard gets the row's empty list, which keeps its memory, so that neither side allocates.
            std::mem::swap(&mut self.chunks, chunks);
        } else {
            self.chunks.append(chunks);
        }
        self.update_first();
    }

    fn next(&mut self, log: &mut FieldLog) -> Option<Next<'_>> {
        let chunk = self.chunks.front_mut()?;
        // `None` behind the last item of a chunk: `seek` passes this row over until `take_read_chunk` has gone on to
        // the next chunk, so that must come before each `next`.
        self.first = chunk.second();
        chunk.next(log)
    }

    fn take_read_chunk(&mut self) -> Option<Chunk> {
        if self.first.is_some() {
            return None;
        }
        let chunk = self.chunks.pop_front();
        self.update_first();
        chunk
    }

    fn update_first(&mut self) {
        self.first = self.chunks.front().and_then(Chunk::first);
    }
}
