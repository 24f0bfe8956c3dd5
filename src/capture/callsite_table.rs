//! A table of values by callsite that grows, and that is read without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing_core::Metadata;

/// Values by the address of a callsite's metadata, each made once and kept for ever.
///
/// Programs have thousands of callsites, and every span of every crate may ask here whether it is captured. So the table
/// is a few levels, each eight times as large as the one before and allocated when the one before is crowded: 1,024,
/// 8,192, 65,536 and 524,288 slots. A look-up reads one cache line or two a level.
#[derive(Debug)]
pub(super) struct CallsiteTable<T> {
    levels: [OnceLock<Box<[Bucket<T>]>>; LEVELS],
}

const LEVELS: usize = 4;
/// Base-two logarithm of the buckets of the first level.
const FIRST_BUCKET_BITS: u32 = 8;
const SLOTS: usize = 4;

/// Slots that share a hash.
#[derive(Debug)]
struct Bucket<T>([Slot<T>; SLOTS]);

#[derive(Debug)]
struct Slot<T> {
    /// The address of the metadata, or 0 while the slot is free. It never changes again.
    address: AtomicUsize,
    value: OnceLock<T>,
}

impl<T> Default for CallsiteTable<T> {
    fn default() -> Self {
        let levels = [const { OnceLock::new() }; LEVELS];
        let table = Self { levels };
        table.level(0);
        table
    }
}

impl<T> CallsiteTable<T> {
    /// Returns the value of a callsite.
    #[inline]
    pub(super) fn get(&self, metadata: &Metadata<'_>) -> Option<&T> {
        let address = address_of(metadata);
        let buckets = self.levels.first()?.get()?;
        let bucket = buckets.get(bucket_index(address, 0))?;
        // The first callsite of a bucket, which is nearly all of them in a small program.
        if let [first, ..] = &bucket.0
            && first.address.load(Ordering::Acquire) == address
        {
            // `None` while another thread still makes the value: the caller then decides without the table.
            return first.value.get();
        }
        self.get_beyond(address)
    }

    fn get_beyond(&self, address: usize) -> Option<&T> {
        for (number, level) in self.levels.iter().enumerate() {
            let bucket = level.get()?.get(bucket_index(address, number))?;
            // Slots are taken in order, here and over the levels: behind a free one there is nothing.
            let is_end = |found: usize| found == 0 || found == address;
            let end = bucket.0.iter().find(|slot| is_end(slot.address.load(Ordering::Acquire)));
            if let Some(slot) = end {
                return slot.value.get().filter(|_| slot.address.load(Ordering::Acquire) == address);
            }
        }
        None
    }

    /// Returns the value of a callsite, made by `make` if there is none yet; `None` when the table is full.
    ///
    /// Only for a callsite whose metadata lives for ever, so that the address stands for it.
    pub(super) fn get_or_insert(&self, metadata: &'static Metadata<'static>, make: impl FnOnce() -> T) -> Option<&T> {
        let address = address_of(metadata);
        for number in 0..LEVELS {
            let bucket = self.level(number)?.get(bucket_index(address, number))?;
            if let Some(slot) = bucket.0.iter().find(|slot| slot.claim(address)) {
                return Some(slot.value.get_or_init(make));
            }
        }
        None
    }

    fn level(&self, number: usize) -> Option<&[Bucket<T>]> {
        let buckets = || (0..1_usize << level_bits(number)).map(|_| Bucket::default()).collect();
        self.levels.get(number).map(|level| &**level.get_or_init(buckets))
    }
}

impl<T> Default for Bucket<T> {
    fn default() -> Self {
        Self([const { Slot { address: AtomicUsize::new(0), value: OnceLock::new() } }; SLOTS])
    }
}

impl<T> Slot<T> {
    /// Takes the slot for this address if it is free, and returns whether it belongs to the address.
    fn claim(&self, address: usize) -> bool {
        match self.address.load(Ordering::Acquire) {
            0 => match self.address.compare_exchange(0, address, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => true,
                Err(other) => other == address,
            },
            other => other == address,
        }
    }
}

fn address_of(metadata: &Metadata<'_>) -> usize {
    std::ptr::from_ref(metadata).addr()
}

const fn level_bits(number: usize) -> u32 {
    let mut bits = FIRST_BUCKET_BITS;
    let mut level = 0;
    while level < number {
        bits = bits.saturating_add(3);
        level = level.saturating_add(1);
    }
    bits
}

/// Returns the bucket of an address within a level.
///
/// The metadata of a crate are statics of one size behind one another, so that their addresses differ by a few multiples;
/// the product with the golden ratio spreads them over its upper bits.
#[inline]
fn bucket_index(address: usize, level: usize) -> usize {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let hash = u64::try_from(address).unwrap_or_default().wrapping_mul(GOLDEN);
    usize::try_from(hash.wrapping_shr(u64::BITS.saturating_sub(level_bits(level)))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tracing_core::callsite::Identifier;
    use tracing_core::field::FieldSet;
    use tracing_core::subscriber::Interest;
    use tracing_core::{Callsite, Kind, Level};

    use super::*;

    struct NoCallsite;

    impl Callsite for NoCallsite {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            METADATA
        }
    }

    static NO_CALLSITE: NoCallsite = NoCallsite;
    static METADATA: &Metadata<'static> = &Metadata::new(
        "name",
        "target",
        Level::INFO,
        None,
        None,
        None,
        FieldSet::new(&[], Identifier(&NO_CALLSITE)),
        Kind::SPAN,
    );

    #[test]
    fn twenty_thousand_callsites_keep_their_values() {
        let metadata = || Metadata::new("n", "t", Level::INFO, None, None, None, fields(), Kind::SPAN);
        let callsites: &'static [Metadata<'static>] = (0..20_000).map(|_| metadata()).collect::<Vec<_>>().leak();
        let table = CallsiteTable::default();
        for (number, metadata) in callsites.iter().enumerate() {
            assert_eq!(table.get(metadata), None);
            assert_eq!(table.get_or_insert(metadata, || number), Some(&number));
            assert_eq!(table.get_or_insert(metadata, || 0), Some(&number));
        }
        for (number, metadata) in callsites.iter().enumerate() {
            assert_eq!(table.get(metadata), Some(&number));
        }
        let allocated = table.levels.iter().filter(|level| level.get().is_some()).count();
        assert_eq!(allocated, 3, "the last level is for half a million");
    }

    fn fields() -> FieldSet {
        FieldSet::new(&[], Identifier(&NO_CALLSITE))
    }
}
