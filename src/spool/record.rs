//! The bytes of a record.
//!
//! **Shape**, numbers in little endian: magic (4), checksum (4) of all that follows, route (1), items (4), body bytes (4),
//! milliseconds since 1970 (8), the end of each item in the body (4 each), the body.

use super::checksum::checksum;

/// A batch as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// The position of the route.
    pub(crate) route: u8,
    /// The time at which the batch was spooled, in milliseconds since 1970.
    pub(crate) wall_ms: u64,
    pub(crate) ends: Vec<usize>,
    pub(crate) body: Vec<u8>,
}

/// The bytes before the body, or `None` when a number does not fit.
pub(super) fn header(salt: u64, route: u8, wall_ms: u64, ends: &[usize], body: &[u8]) -> Option<Vec<u8>> {
    let mut rest = vec![route];
    rest.extend_from_slice(&u32::try_from(ends.len()).ok()?.to_le_bytes());
    rest.extend_from_slice(&u32::try_from(body.len()).ok().filter(|bytes| *bytes <= MAX_BODY)?.to_le_bytes());
    rest.extend_from_slice(&wall_ms.to_le_bytes());
    for end in ends {
        rest.extend_from_slice(&u32::try_from(*end).ok()?.to_le_bytes());
    }
    let sum = checksum(salt, &[&rest, body]);
    Some([&MAGIC[..], &sum.to_le_bytes(), &rest].concat())
}

/// Reads the record at the begin of `bytes`, and returns it with its length. `None` when there is no whole one.
fn parse(salt: u64, bytes: &[u8]) -> Option<(Record, usize)> {
    let rest = bytes.strip_prefix(&MAGIC)?;
    let (sum, rest) = rest.split_first_chunk::<4>()?;
    let (route, after) = rest.split_first()?;
    let (items, after) = after.split_first_chunk::<4>()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let (wall_ms, after) = after.split_first_chunk::<8>()?;
    let (items, length) = (usize::try_from(u32::from_le_bytes(*items)).ok()?, u32::from_le_bytes(*length));
    let length = usize::try_from(length).ok().filter(|_| length <= MAX_BODY)?;
    let (ends, after) = after.split_at_checked(items.checked_mul(4)?)?;
    let body = after.get(..length)?;
    let whole = bytes.len().checked_sub(after.len())?.checked_add(length)?;
    let checked = bytes.get(MAGIC.len().checked_add(4)?..whole)?;
    if checksum(salt, &[checked]) != u32::from_le_bytes(*sum) {
        return None;
    }
    let (ends, _) = ends.as_chunks::<4>();
    let ends = ends.iter().filter_map(|end| usize::try_from(u32::from_le_bytes(*end)).ok()).collect();
    let record = Record { route: *route, wall_ms: u64::from_le_bytes(*wall_ms), ends, body: body.to_vec() };
    Some((record, whole))
}

/// Reads all whole records with their offsets. What lies between them, because a byte has changed or a write was cut, is
/// skipped; `true` if there was something.
pub(super) fn parse_all(salt: u64, bytes: &[u8]) -> (Vec<(u64, Record)>, bool) {
    let (mut records, mut at, mut is_damaged) = (Vec::new(), 0_usize, false);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some((record, length)) = parse(salt, rest) {
            records.push((u64::try_from(at).unwrap_or(u64::MAX), record));
            at = at.saturating_add(length);
            continue;
        }
        is_damaged = true;
        let next = rest.windows(MAGIC.len()).skip(1).position(|window| window == MAGIC);
        at = next.map_or(bytes.len(), |next| at.saturating_add(next).saturating_add(1));
    }
    (records, is_damaged)
}

/// An entry of the list of settled records: the offset and its checksum.
pub(super) fn settled_entry(salt: u64, offset: u64) -> [u8; 12] {
    let mut entry = [0; 12];
    let (number, sum) = entry.split_at_mut(8);
    number.copy_from_slice(&offset.to_le_bytes());
    sum.copy_from_slice(&checksum(salt, &[number]).to_le_bytes());
    entry
}

/// Reads the offsets of settled records; entries that are damaged or cut are skipped.
pub(super) fn parse_settled(salt: u64, bytes: &[u8]) -> Vec<u64> {
    let (entries, _) = bytes.as_chunks::<12>();
    let offset = |entry: &[u8; 12]| {
        let number = entry.first_chunk::<8>().map(|number| u64::from_le_bytes(*number))?;
        (settled_entry(salt, number) == *entry).then_some(number)
    };
    entries.iter().filter_map(offset).collect()
}

const MAGIC: [u8; 4] = [0xd0, 0x06, 0x5b, 0x01];
/// No payload is larger.
const MAX_BODY: u32 = 64 << 20;
