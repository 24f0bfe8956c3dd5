//! Pools of empty buffers that are used again.
//!
//! A buffer that comes from the allocator each time brings fresh pages, and touching those costs more than filling the
//! buffer; see `benches/README.md`.

use std::cell::RefCell;

use super::lock::Lock;
use crate::recording::{FieldLog, Recording};

/// A value that holds reserved memory and can be emptied without giving it back.
pub(crate) trait Buffer {
    /// Returns the bytes that the buffer has reserved.
    fn reserved_bytes(&self) -> usize;
}

impl Buffer for String {
    fn reserved_bytes(&self) -> usize {
        self.capacity()
    }
}

impl Buffer for Box<Recording> {
    fn reserved_bytes(&self) -> usize {
        self.log().capacity()
    }
}

/// The bounds of a pool.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "bounds of three things")]
pub(crate) struct PoolLimits {
    pub(crate) max_buffers: usize,
    /// Reserved bytes of all buffers together.
    pub(crate) max_bytes: usize,
    /// A larger buffer is not kept: it was made for an exception.
    pub(crate) max_buffer_bytes: usize,
}

/// Empty buffers, the last one that was returned first: it is the likeliest to be in a processor's cache.
#[derive(Debug)]
pub(crate) struct BufferPool<T> {
    buffers: Vec<T>,
    bytes: usize,
    limits: PoolLimits,
}

impl<T: Buffer> BufferPool<T> {
    pub(crate) const fn new(limits: PoolLimits) -> Self {
        Self { buffers: Vec::new(), bytes: 0, limits }
    }

    /// Takes a buffer out, if one is there.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        let buffer = self.buffers.pop()?;
        self.bytes = self.bytes.saturating_sub(buffer.reserved_bytes());
        Some(buffer)
    }

    /// Keeps an empty buffer. Returns it when the pool has no room, so that the caller frees it outside a lock.
    #[inline]
    pub(crate) fn keep(&mut self, buffer: T) -> Option<T> {
        let bytes = buffer.reserved_bytes();
        let total = self.bytes.saturating_add(bytes);
        let PoolLimits { max_buffers, max_bytes, max_buffer_bytes } = self.limits;
        if bytes > max_buffer_bytes || total > max_bytes || self.buffers.len() >= max_buffers {
            return Some(buffer);
        }
        self.bytes = total;
        self.buffers.push(buffer);
        None
    }

    /// Takes half of the buffers out, but leaves `least`. Called when nothing happens, so that a burst does not keep its
    /// memory for ever.
    pub(crate) fn halve(&mut self, least: usize) -> Vec<T> {
        let kept = (self.buffers.len() / 2).max(least).min(self.buffers.len());
        let gone = self.buffers.split_off(kept);
        self.bytes = self.buffers.iter().fold(0, |total, buffer| total.saturating_add(buffer.reserved_bytes()));
        gone
    }

    /// Returns the number of buffers and their reserved bytes.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> (usize, usize) {
        (self.buffers.len(), self.bytes)
    }
}

/// Buffers for large texts, shared by all threads: the encoder returns them, new spans take them.
#[derive(Debug)]
pub(crate) struct TextPool(Lock<BufferPool<String>>);

impl Default for TextPool {
    fn default() -> Self {
        Self(Lock::new(BufferPool::new(Self::LIMITS)))
    }
}

impl TextPool {
    const LIMITS: PoolLimits =
        PoolLimits { max_buffers: usize::MAX, max_bytes: 16 * 1024 * 1024, max_buffer_bytes: 2 * 1024 * 1024 };

    /// Returns an owned copy of a large text.
    pub(crate) fn copy(&self, content: &str) -> String {
        let mut text = self.0.acquire().and_then(|mut pool| pool.take()).unwrap_or_default();
        // The pool's lock is free by now: all threads share it, and copying a large text takes long.
        text.push_str(content);
        text
    }

    /// Keeps the buffer of a text that is not needed any more, if it was a large one.
    pub(crate) fn give_back(&self, mut text: String) {
        if text.capacity() >= FieldLog::LARGE {
            text.clear();
            let surplus = self.0.acquire().map(|mut pool| pool.keep(text));
            drop(surplus);
        }
    }

    /// Empties a log that its owner keeps, and keeps the buffers of its large texts.
    pub(crate) fn empty(&self, log: &mut FieldLog) {
        log.clear(|text| drop(self.0.acquire().map(|mut pool| pool.keep(text))));
    }

    /// Frees half of the buffers.
    pub(crate) fn shrink(&self) {
        let gone = self.0.lock().halve(0);
        drop(gone);
    }
}

thread_local! {
    /// Recordings of ended spans, for the next spans of the same thread: they are still in its processor's cache.
    static RECORDINGS: RefCell<BufferPool<Box<Recording>>> = const { RefCell::new(BufferPool::new(RECORDING_LIMITS)) };
}

/// About as many as the spans that one thread has open inside one another.
const RECORDING_LIMITS: PoolLimits =
    PoolLimits { max_buffers: 8, max_bytes: 8 * 32 * 1024, max_buffer_bytes: 32 * 1024 };

/// Returns an empty recording, a used one if there is one.
#[inline]
pub(crate) fn spare_recording() -> Box<Recording> {
    // While a thread ends, its pool may be gone.
    let used = RECORDINGS.try_with(|pool| pool.try_borrow_mut().ok()?.take());
    used.ok().flatten().unwrap_or_default()
}

/// Keeps an emptied recording for the next span of this thread.
#[inline]
pub(crate) fn keep_recording(recording: Box<Recording>) {
    let _ = RECORDINGS.try_with(|pool| {
        let Ok(mut pool) = pool.try_borrow_mut() else { return };
        drop(pool.keep(recording));
    });
}
