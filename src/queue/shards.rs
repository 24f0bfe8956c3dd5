//! Where each thread puts its items, so that threads do not wait for one another.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::MutexGuard;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::chunk::Chunk;
use super::lock::Lock;

/// More threads than this share some of them; with the same one they wait for as long as a copy takes.
pub(super) const SHARDS: usize = 16;

/// The chunks of the threads that put items here, in order; the last one is being filled.
pub(super) type Shard = VecDeque<Chunk>;

/// See the file's card.
#[derive(Debug, Default)]
pub(super) struct Shards([Apart; SHARDS]);

/// A line of the processors' caches for each, and the one that is fetched with it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Apart(Lock<Shard>);

impl Shards {
    /// That of this thread, locked.
    #[inline]
    pub(super) fn own(&self) -> MutexGuard<'_, Shard> {
        let Self([first, ..]) = self;
        self.0.get(own_number()).unwrap_or(first).0.lock()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Lock<Shard>> {
        self.0.iter().map(|apart| &apart.0)
    }
}

/// Threads are numbered as they come.
#[inline]
fn own_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: Cell<usize> = const { Cell::new(usize::MAX) };
    }
    let given = || NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
    OWN.with(|own| {
        if own.get() == usize::MAX {
            own.set(given());
        }
        own.get()
    })
}
