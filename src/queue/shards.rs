//! Shards of the queue: each thread has its own, so that threads rarely wait for one another.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::chunk::Chunk;
use super::lock::Lock;

/// The number of shards. More threads than this share some; two threads of one shard wait for as long as a copy takes.
pub(super) const SHARDS: usize = 16;

/// The chunks of the threads that put items here, in order; the last one is being filled.
pub(super) type Shard = VecDeque<Chunk>;

/// The shards of all threads.
#[derive(Debug, Default)]
pub(super) struct Shards([CacheLine; SHARDS]);

/// A shard on a cache line of its own (and the neighbour that processors fetch with it), so that threads of different
/// shards do not slow each other down.
#[derive(Debug, Default)]
#[repr(align(128))]
struct CacheLine(Lock<Shard>);

impl Shards {
    /// Locks the shard of the calling thread; `None` in a forked child in which it is locked for ever.
    #[inline]
    pub(super) fn own(&self) -> Option<MutexGuard<'_, Shard>> {
        let Self([first, ..]) = self;
        self.0.get(own_number()).unwrap_or(first).0.acquire()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Lock<Shard>> {
        self.0.iter().map(|line| &line.0)
    }
}

/// Returns the shard number of this thread: threads are numbered in the order of their first item.
#[inline]
fn own_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    // In turn, and not by a hash of the thread's id: the first threads, as many as there are shards, share with nobody.
    let given = || NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    OWN.with(|own| {
        if own.get() == usize::MAX {
            own.set(given());
        }
        own.get()
    })
}
