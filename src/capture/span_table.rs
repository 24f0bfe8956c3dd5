//! The open spans of one layer, by the id that the registry gave them.
//!
//! They are not in the registry's extensions, whose lock belongs to all layers: one that panics under it poisons it for
//! everybody. Nothing but our own code runs under the locks here. See `docs/decisions/0009`.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard};

use tracing_core::span::Id;

use super::evaluable::EvaluableSpan;
use super::record::SpanRecord;
use super::trace::TraceState;
use crate::fork::OwnProcess;

/// Open spans in shards, so that threads seldom meet at one lock. Two are never locked at once.
#[derive(Debug)]
pub(super) struct SpanTable {
    shards: Box<[Shard]>,
    process: OwnProcess,
}

/// An entry of the table.
#[derive(Debug)]
pub(super) enum TableEntry {
    Open(Box<SpanRecord>),
    /// The application has finished the span, which the registry still keeps: it can be evaluated.
    Finished(Option<Box<EvaluableSpan>>),
    /// The span is not recorded.
    Skipped(Box<SkippedSpan>),
}

/// A span that is not recorded, as seen from spans below it.
///
/// Without such a note each span below would search all skipped spans above it for one that is recorded, and a deep nest
/// would cost the square of its depth.
#[derive(Debug)]
pub(super) struct SkippedSpan {
    /// The trace, if it is switched off.
    pub(super) off: Option<Arc<TraceState>>,
    /// The nearest span above that has an entry, if there is one.
    pub(super) above: Option<Id>,
}

impl TableEntry {
    /// Bytes that an entry takes in a map that is half full.
    pub(super) const BYTES: u64 = 64;

    /// Returns the bytes that an entry without a record counts for; a record counts for itself.
    pub(super) const fn bytes(&self) -> u64 {
        match self {
            Self::Open(_) => 0,
            Self::Finished(_) => Self::FINISHED_BYTES,
            Self::Skipped(_) => Self::SKIPPED_BYTES,
        }
    }

    pub(super) const FINISHED_BYTES: u64 = Self::BYTES + 320;
    pub(super) const SKIPPED_BYTES: u64 = Self::BYTES + 32;
}

/// A shard, on cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard(Mutex<SpanMap>);

type SpanMap = HashMap<u64, TableEntry, BuildHasherDefault<IdHasher>>;

const SHARD_BITS: u32 = 6;
/// A map that is empty gives back what it has reserved beyond this.
const MAX_SPARE_ENTRIES: usize = 1024;

impl Default for SpanTable {
    fn default() -> Self {
        Self { shards: (0..1_usize << SHARD_BITS).map(|_| Shard::default()).collect(), process: OwnProcess::default() }
    }
}

impl SpanTable {
    /// Puts a span in and returns what was there under its id: a span whose close the layer was not told of.
    pub(super) fn insert(&self, id: &Id, entry: TableEntry) -> Option<TableEntry> {
        self.lock(id)?.insert(id.into_u64(), entry)
    }

    /// Calls `then` with the record of a span, which `make` makes if the span has none.
    pub(super) fn with_or_insert<T>(
        &self,
        id: &Id,
        record: Box<SpanRecord>,
        then: impl FnOnce(&mut SpanRecord) -> T,
    ) -> (Option<T>, Option<Box<SpanRecord>>) {
        let Some(mut shard) = self.lock(id) else { return (None, Some(record)) };
        match shard.entry(id.into_u64()) {
            MapEntry::Occupied(mut entry) => match entry.get_mut() {
                TableEntry::Open(own) => (Some(then(own)), Some(record)),
                TableEntry::Finished(_) | TableEntry::Skipped(_) => (None, Some(record)),
            },
            MapEntry::Vacant(entry) => match entry.insert(TableEntry::Open(record)) {
                TableEntry::Open(own) => (Some(then(own)), None),
                TableEntry::Finished(_) | TableEntry::Skipped(_) => (None, None),
            },
        }
    }

    /// Calls `then` with an open span.
    #[inline]
    pub(super) fn with<T>(&self, id: &Id, then: impl FnOnce(&mut SpanRecord) -> T) -> Option<T> {
        self.with_entry(id, |entry| match entry {
            TableEntry::Open(record) => Some(then(record)),
            TableEntry::Finished(_) | TableEntry::Skipped(_) => None,
        })?
    }

    /// Calls `then` with an open or finished span.
    #[inline]
    pub(super) fn with_entry<T>(&self, id: &Id, then: impl FnOnce(&mut TableEntry) -> T) -> Option<T> {
        self.lock(id)?.get_mut(&id.into_u64()).map(then)
    }

    /// Takes an open span out and leaves what `evaluable` returns, so that the span can be evaluated until it closes.
    pub(super) fn finish(
        &self,
        id: &Id,
        evaluable: impl FnOnce(&SpanRecord) -> Option<EvaluableSpan>,
    ) -> Option<Box<SpanRecord>> {
        self.with_entry(id, |entry| {
            let TableEntry::Open(record) = entry else { return None };
            let finished = TableEntry::Finished(evaluable(record).map(Box::new));
            match std::mem::replace(entry, finished) {
                TableEntry::Open(record) => Some(record),
                TableEntry::Finished(_) | TableEntry::Skipped(_) => None,
            }
        })?
    }

    /// Takes a span out.
    #[inline]
    pub(super) fn remove(&self, id: &Id) -> Option<TableEntry> {
        let mut shard = self.lock(id)?;
        let entry = shard.remove(&id.into_u64());
        // Only when it is empty: to move entries would hold up the other threads of the shard.
        if shard.is_empty() && shard.capacity() > MAX_SPARE_ENTRIES {
            shard.shrink_to(MAX_SPARE_ENTRIES);
        }
        entry
    }

    /// Takes a span out if `is_wanted`.
    pub(super) fn remove_if(&self, id: &Id, is_wanted: impl FnOnce(&TableEntry) -> bool) -> Option<TableEntry> {
        let mut shard = self.lock(id)?;
        let is_wanted = shard.get(&id.into_u64()).is_some_and(is_wanted);
        if is_wanted { shard.remove(&id.into_u64()) } else { None }
    }

    /// Calls `each` with every span. One shard is locked at a time.
    pub(super) fn for_each(&self, mut each: impl FnMut(Id, &TableEntry)) {
        for shard in self.shards.iter().filter_map(|shard| self.process.lock(&shard.0)) {
            for (id, entry) in &*shard {
                each(Id::from_u64(*id), entry);
            }
        }
    }

    /// Takes all spans out.
    pub(super) fn drain(&self) -> impl Iterator<Item = TableEntry> {
        let shards = self.shards.iter().filter_map(|shard| self.process.lock(&shard.0));
        shards.flat_map(|mut shard| std::mem::take(&mut *shard).into_values())
    }

    #[inline]
    fn lock(&self, id: &Id) -> Option<MutexGuard<'_, SpanMap>> {
        let shard = hash(id.into_u64()).wrapping_shr(u64::BITS.saturating_sub(SHARD_BITS));
        // Our own code cannot panic; if it did, a record that is half changed is better than no records at all.
        self.process.lock(&self.shards.get(usize::try_from(shard).ok()?)?.0)
    }
}

/// Ids of the registry count slots of each thread from 0, with the thread in bits above: the product with the golden
/// ratio mixes both into the upper bits.
#[inline]
const fn hash(id: u64) -> u64 {
    id.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The hash of an id within its shard.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = hash(self.0.wrapping_shl(8) ^ u64::from(*byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, id: u64) {
        // The uppermost bits chose the shard, and are the same for all in it.
        self.0 = hash(id).rotate_left(SHARD_BITS);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
