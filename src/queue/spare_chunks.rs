//! Used chunks for more items, shared by all threads.

use super::chunk::Chunk;
use super::lock::Lock;

/// See the file's card.
#[derive(Debug, Default)]
pub(super) struct SpareChunks(Lock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    chunks: Vec<Chunk>,
    bytes: usize,
}

impl SpareChunks {
    /// What the queue holds by default: a burst finds what the one before has left, unless there was quiet between.
    const MOST_BYTES: usize = 128 * 1024 * 1024;
    /// A chunk that has reserved more is not worth keeping.
    const MOST_CHUNK_BYTES: usize = 1024 * 1024;

    /// An empty chunk, a used one if there is one.
    pub(super) fn chunk(&self) -> Chunk {
        // Whoever asks holds the lock of a shard: he does not wait for the worker, which gives way to all others.
        let Some(mut kept) = self.0.try_lock() else { return Chunk::default() };
        let chunk = kept.chunks.pop().unwrap_or_default();
        kept.bytes = kept.bytes.saturating_sub(chunk.capacity());
        chunk
    }

    /// Empties a chunk and keeps it, if there is room for it.
    pub(super) fn keep(&self, mut chunk: Chunk) {
        chunk.clear();
        let mut kept = self.0.lock();
        let total = kept.bytes.saturating_add(chunk.capacity());
        if total <= Self::MOST_BYTES && chunk.capacity() <= Self::MOST_CHUNK_BYTES {
            kept.bytes = total;
            kept.chunks.push(chunk);
            return;
        }
        // Outside the lock.
        drop((kept, chunk));
    }

    /// Lets half of what is kept go, but for the last one.
    pub(super) fn shrink(&self) {
        let mut kept = self.0.lock();
        let half = (kept.chunks.len() / 2).max(1).min(kept.chunks.len());
        let gone = kept.chunks.split_off(half);
        kept.bytes = kept.chunks.iter().fold(0, |total, chunk| total.saturating_add(chunk.capacity()));
        drop((kept, gone));
    }

    /// How many chunks are kept, and what they have reserved.
    #[cfg(test)]
    pub(super) fn kept(&self) -> (usize, usize) {
        let kept = self.0.lock();
        (kept.chunks.len(), kept.bytes)
    }
}
