//! What the worker has taken out of the shards: read in the order in which it came in.

use std::collections::VecDeque;

use super::chunk::{Chunk, Next};
use super::shards::SHARDS;
use crate::recording::FieldLog;

/// See the file's card.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    rows: [Row; SHARDS],
    /// The row that the last item was in; threads mostly push several behind one another.
    last: usize,
    /// The number of the item whose turn it is.
    next: u64,
    /// All before this number are here; of those behind it some may be missing.
    end: u64,
    /// How many were not there when their turn came: none, unless a thread got a number and never put its item in, for which
    /// no way is known.
    missing: u64,
}

/// What is from one shard.
#[derive(Debug, Default)]
pub(super) struct Row {
    chunks: VecDeque<Chunk>,
    /// The number of its first item.
    first: Option<u64>,
}

impl Taken {
    /// All numbers before this one are here now.
    pub(super) fn extend_to(&mut self, end: u64) {
        self.end = end;
    }

    /// How many were not there since this was asked last.
    pub(super) const fn take_missing(&mut self) -> u64 {
        std::mem::replace(&mut self.missing, 0)
    }

    /// What there is of each shard, for more of it to be put behind.
    pub(super) fn rows(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// The next item; what a span says goes into the log that is given, which must be empty.
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

    /// Goes to the row where the next item is: the smallest number, which is the next one where none is missing.
    fn seek(&mut self) {
        let rows = self.rows.iter().enumerate();
        let first = rows.filter_map(|(at, row)| Some((row.first?, at))).min();
        let (number, at) = first.filter(|(number, _)| *number < self.end).unwrap_or((self.end, self.last));
        self.missing = self.missing.saturating_add(number.saturating_sub(self.next));
        (self.next, self.last) = (number, at);
    }

    /// The chunk that the last item was the last one of.
    #[inline]
    pub(super) fn used_up(&mut self) -> Option<Chunk> {
        self.rows.get_mut(self.last)?.used_up()
    }
}

impl Row {
    pub(super) fn append(&mut self, chunks: &mut VecDeque<Chunk>) {
        if self.chunks.is_empty() {
            std::mem::swap(&mut self.chunks, chunks);
        } else {
            self.chunks.append(chunks);
        }
        self.look();
    }

    fn next(&mut self, log: &mut FieldLog) -> Option<Next<'_>> {
        let chunk = self.chunks.front_mut()?;
        self.first = chunk.second();
        chunk.next(log)
    }

    fn used_up(&mut self) -> Option<Chunk> {
        if self.first.is_some() {
            return None;
        }
        let chunk = self.chunks.pop_front();
        self.look();
        chunk
    }

    fn look(&mut self) {
        self.first = self.chunks.front().and_then(Chunk::first);
    }
}
