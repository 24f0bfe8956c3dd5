//! What waits to be taken: chunks, and used ones for more.

use std::collections::VecDeque;

use super::Item;
use super::chunk::Chunk;
use crate::model::Log;

/// See the file's card.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    /// The last one is being filled.
    chunks: VecDeque<Chunk>,
    items: usize,
    bytes: usize,
    /// What has come since the last time something was taken, as far as it is a reason to wake the worker; see
    /// [`urgent`].
    urgent: usize,
    spare: Vec<Chunk>,
    spare_bytes: usize,
}

impl Backlog {
    /// What the queue holds by default: a burst finds what the one before has left, unless there was quiet between.
    const MOST_SPARE_BYTES: usize = 128 * 1024 * 1024;
    /// A chunk that has reserved more is not worth keeping.
    const MOST_CHUNK_BYTES: usize = 1024 * 1024;

    pub(super) const fn items(&self) -> usize {
        self.items
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) const fn urgent(&self) -> usize {
        self.urgent
    }

    /// Puts an item of so many bytes behind the others. Returns the log that is left of a recording, empty.
    pub(super) fn put(&mut self, item: Item, bytes: usize) -> Option<Log> {
        self.items = self.items.saturating_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.urgent = self.urgent.saturating_add(urgent(bytes));
        if let Some(chunk) = self.chunks.back_mut().filter(|chunk| !chunk.is_full()) {
            return chunk.put(item, bytes);
        }
        let mut chunk = self.spare.pop().unwrap_or_default();
        self.spare_bytes = self.spare_bytes.saturating_sub(chunk.capacity());
        let left = chunk.put(item, bytes);
        self.chunks.push_back(chunk);
        left
    }

    /// The first items.
    pub(super) fn take(&mut self) -> Option<Chunk> {
        let chunk = self.chunks.pop_front()?;
        self.items = self.items.saturating_sub(chunk.len());
        self.bytes = self.bytes.saturating_sub(chunk.bytes());
        // Who takes goes on until nothing is left.
        self.urgent = 0;
        Some(chunk)
    }

    /// Keeps an empty chunk, or gives it back where there is no room for it.
    pub(super) fn keep(&mut self, chunk: Chunk) -> Option<Chunk> {
        let total = self.spare_bytes.saturating_add(chunk.capacity());
        if total > Self::MOST_SPARE_BYTES || chunk.capacity() > Self::MOST_CHUNK_BYTES {
            return Some(chunk);
        }
        self.spare_bytes = total;
        self.spare.push(chunk);
        None
    }

    /// How many chunks are kept, and what they have reserved.
    #[cfg(test)]
    pub(super) const fn spare(&self) -> (usize, usize) {
        (self.spare.len(), self.spare_bytes)
    }

    /// Lets half of what is kept go, but for the last one.
    pub(super) fn shrink(&mut self) -> Vec<Chunk> {
        let gone = self.spare.split_off((self.spare.len() / 2).max(1).min(self.spare.len()));
        self.spare_bytes = self.spare.iter().fold(0, |total, chunk| total.saturating_add(chunk.capacity()));
        gone
    }
}

/// What an item counts for when it is asked whether the worker is to be woken. One that is very large, as a streamed answer
/// is, counts for less: it comes when a call ends, and reading it at once would take the processor that the application
/// needs just then.
fn urgent(bytes: usize) -> usize {
    const MOST: usize = 128 * 1024;
    bytes.min(MOST)
}
