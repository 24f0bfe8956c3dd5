//! Chunks of a response, copied into pooled blocks.
//!
//! Keeping the client's own buffers instead would force the client to allocate new ones for each read; fresh pages cost ten
//! times what the copy does.

use std::mem;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use llmobs_providers::ResponseReader;

/// A buffer of pooled blocks. Full blocks go to [`ResponseReader`], the last one waits here.
#[derive(Debug, Default)]
pub(super) struct BlockBuffer {
    block: Vec<u8>,
    /// Ends of chunks within the block, each with its arrival time in seconds after the request.
    chunk_ends: Vec<(usize, f64)>,
    timed: usize,
    flushed_bytes: usize,
}

impl BlockBuffer {
    /// The first blocks are small: most responses are short, and many may be open.
    const SMALL_BYTES: usize = 16 * 1024;
    const LARGE_BYTES: usize = 64 * 1024;
    /// The number of chunks with an arrival time of their own, for the time to the first token. Later chunks get one only
    /// within the first block, and only if they arrive so much later that it matters: providers send comments while a
    /// model thinks.
    const MAX_TIMED: usize = 64;

    /// Copies a chunk. Returns whether this took another block; `now` returns the seconds since the request.
    pub(super) fn push(&mut self, reader: &mut ResponseReader, mut chunk: &[u8], now: impl Fn() -> f64) -> bool {
        let mut has_grown = false;
        while !chunk.is_empty() {
            if self.block.capacity() == 0 {
                self.block = take_block(self.next_size());
                has_grown = true;
            }
            let room = self.block.capacity().saturating_sub(self.block.len());
            let (fits, rest) = chunk.split_at_checked(room).unwrap_or((chunk, &[]));
            self.block.extend_from_slice(fits);
            chunk = rest;
            if self.timed < Self::MAX_TIMED || self.flushed_bytes == 0 {
                self.note_arrival(now());
            }
            if self.block.len() >= self.block.capacity() {
                self.flush_into(reader, &now);
            }
        }
        has_grown
    }

    fn note_arrival(&mut self, at: f64) {
        self.timed = self.timed.saturating_add(1);
        let is_much_later = |before: f64| at - before > before / 32.0;
        match self.chunk_ends.last_mut() {
            // Merged with the chunk before it, whose time is near enough.
            Some((end, before)) if self.timed > Self::MAX_TIMED && !is_much_later(*before) => *end = self.block.len(),
            _ => self.chunk_ends.push((self.block.len(), at)),
        }
    }

    /// Returns the bytes that the waiting block takes.
    pub(super) const fn retained_bytes(&self) -> usize {
        self.block.capacity()
    }

    /// Moves the waiting block to `reader`, cut where chunks with different times meet.
    pub(super) fn flush_into(&mut self, reader: &mut ResponseReader, now: impl Fn() -> f64) {
        if self.block.is_empty() {
            return;
        }
        self.flushed_bytes = self.flushed_bytes.saturating_add(self.block.len());
        let mut block = Bytes::from_owner(PooledBlock(mem::take(&mut self.block)));
        let mut done = 0_usize;
        for (end, at) in self.chunk_ends.drain(..) {
            reader.push(block.split_to(end.saturating_sub(done).min(block.len())), Some(at));
            done = end;
        }
        if !block.is_empty() {
            reader.push(block, Some(now()));
        }
    }

    const fn next_size(&self) -> usize {
        if self.flushed_bytes < Self::LARGE_BYTES { Self::SMALL_BYTES } else { Self::LARGE_BYTES }
    }
}

/// A block that returns to its pool when the last reference is dropped.
#[derive(Debug)]
struct PooledBlock(Vec<u8>);

impl AsRef<[u8]> for PooledBlock {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for PooledBlock {
    fn drop(&mut self) {
        let mut block = mem::take(&mut self.0);
        block.clear();
        let BlockPool { spare, max_blocks } = pool(block.capacity());
        let mut spare = spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < *max_blocks {
            spare.push(block);
        }
    }
}

/// Spare blocks of one size for the next responses; blocks beyond the maximum are freed.
struct BlockPool {
    spare: Mutex<Vec<Vec<u8>>>,
    max_blocks: usize,
}

fn take_block(size: usize) -> Vec<u8> {
    let spare = pool(size).spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
    spare.unwrap_or_else(|| Vec::with_capacity(size))
}

fn pool(size: usize) -> &'static BlockPool {
    if size < BlockBuffer::LARGE_BYTES { &SMALL_BLOCKS } else { &LARGE_BLOCKS }
}

/// 2 MiB.
static SMALL_BLOCKS: BlockPool = BlockPool { spare: Mutex::new(Vec::new()), max_blocks: 128 };
/// 6 MiB.
static LARGE_BLOCKS: BlockPool = BlockPool { spare: Mutex::new(Vec::new()), max_blocks: 96 };

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs_providers::{Api, Call, Ending, Endpoint, ResponseHead};

    #[test]
    fn a_response_reads_the_same_for_every_split_into_chunks() {
        let text = "word ".repeat(60_000);
        let body = format!(r#"{{"choices": [{{"message": {{"role": "assistant", "content": "{text}"}}}}]}}"#);
        let read = |size: usize| {
            let call = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..]);
            let (mut reader, mut blocks) = (call.begin_response(ResponseHead::new(200)), BlockBuffer::default());
            for chunk in body.as_bytes().chunks(size) {
                blocks.push(&mut reader, chunk, || 1.0);
            }
            blocks.flush_into(&mut reader, || 1.0);
            reader.finish(Ending::Complete)
        };
        let whole = read(body.len());
        assert!(whole.output.is_some());
        for size in [
            1,
            7,
            1000,
            BlockBuffer::SMALL_BYTES - 1,
            BlockBuffer::SMALL_BYTES,
            BlockBuffer::SMALL_BYTES + 1,
            BlockBuffer::LARGE_BYTES + 1,
        ] {
            assert_eq!(read(size), whole, "in chunks of {size}");
        }
    }

    #[test]
    fn the_first_token_keeps_its_time_behind_any_number_of_comments() {
        let call = Call::new(Endpoint::new(Api::OpenAiChat, "openai"), &b"{}"[..]);
        let mut reader = call.begin_response(ResponseHead::new(200).content_type("text/event-stream"));
        let (mut blocks, clock) = (BlockBuffer::default(), std::cell::Cell::new(0.0));
        let mut arrive = |chunk: &str| {
            clock.set(clock.get() + 1.0);
            blocks.push(&mut reader, chunk.as_bytes(), || clock.get());
            assert!(blocks.chunk_ends.len() < 500);
        };
        (0..200).for_each(|_| arrive(": thinking\n\n"));
        (0..200).for_each(|_| arrive("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n"));
        blocks.flush_into(&mut reader, || 400.0);
        let annotation = reader.finish(Ending::Complete);
        let first =
            annotation.metrics.get(llmobs_model::metric::TIME_TO_FIRST_TOKEN).and_then(serde_json::Number::as_f64);
        assert!(first.is_some_and(|first| (194.0..=201.0).contains(&first)), "{first:?}");
    }
}
