//! Items to payloads that are no larger than the intake takes. Pure.
//!
//! The encoder appends straight to the open payload; only an item that turns out not to fit is copied, to
//! the beginning of the next one.

use bytes::Bytes;

use super::encode::Frame;

/// Collects items into batches.
#[derive(Debug)]
pub(crate) struct Batcher {
    frame: Frame,
    max_payload_bytes: usize,
    /// How large payloads are for now; see [`Batcher::aim`].
    target_bytes: usize,
    open: Payload,
    /// An empty buffer that a batch came back with.
    spare: Payload,
}

impl Batcher {
    /// A batcher whose payloads, frame and commas counted, are at most this large. An item that is larger
    /// on its own becomes a batch on its own.
    pub(crate) fn new(frame: Frame, max_payload_bytes: usize) -> Self {
        let (open, spare) = (Payload::default(), Payload::default());
        Self { frame, max_payload_bytes, target_bytes: max_payload_bytes, open, spare }
    }

    /// Appends the item that `encode` writes, and gives the batch that had to be closed because this item
    /// would not fit any more.
    ///
    /// # Errors
    ///
    /// What `encode` returns; nothing is appended then.
    pub(crate) fn push<T, E>(
        &mut self,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<T, E>,
    ) -> Result<(T, Option<Batch>), E> {
        let before = self.open.body.len();
        let separator = if self.open.ends.is_empty() { self.frame.prefix } else { COMMA };
        self.open.body.extend_from_slice(separator.as_bytes());
        let start = self.open.body.len();
        let written = encode(&mut self.open.body);
        let is_alone = self.open.ends.is_empty();
        let fits = self.bytes() <= self.target_bytes;
        match written {
            Err(error) => {
                self.open.body.truncate(before);
                self.give_back_excess();
                Err(error)
            }
            Ok(written) if fits || is_alone => {
                self.open.ends.push(self.open.body.len());
                self.give_back_excess();
                Ok((written, None))
            }
            Ok(written) => Ok((written, Some(self.close_before(before, start)))),
        }
    }

    /// Closes the open batch, if anything is in it.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.is_empty() {
            return None;
        }
        let next = std::mem::take(&mut self.spare);
        Some(std::mem::replace(&mut self.open, next).close(self.frame))
    }

    /// Takes the buffer of a batch that is done with, unless something still reads it.
    pub(crate) fn recycle(&mut self, batch: Batch) {
        let used = batch.body.len();
        let Ok(body) = batch.body.try_into_mut() else { return };
        let (mut body, mut ends) = (body, batch.ends);
        body.clear();
        ends.clear();
        let body = Vec::from(body);
        let is_worth_it = body.capacity() > self.spare.body.capacity();
        // A quiet process must not hold on to the buffer of its busiest second.
        let is_fair = body.capacity() / 4 <= used && body.capacity() <= self.most_capacity();
        if is_worth_it && is_fair {
            self.spare = Payload { body, ends };
        }
    }

    /// Learns how long a request took. Where the way is short, smaller payloads are faster for both ends, because they
    /// are still in the processor's cache when they are copied; where it is long, only their number counts.
    pub(crate) fn aim(&mut self, bytes: usize, took_ns: u64) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let is_short = bytes.saturating_mul(1_000) >= took_ns.saturating_mul(SHORT_WAY_BYTES_PER_US);
        self.target_bytes = if is_short { self.max_payload_bytes.min(SHORT_WAY_BYTES) } else { self.max_payload_bytes };
    }

    /// Whether the open batch has no items.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.ends.is_empty()
    }

    /// Bytes the open batch would have as a payload.
    pub(crate) fn bytes(&self) -> usize {
        self.open.body.len().saturating_add(self.frame.suffix.len())
    }

    /// Closes the open batch without its last item, which stood behind a comma and begins the next one.
    fn close_before(&mut self, comma: usize, start: usize) -> Batch {
        let mut next = std::mem::take(&mut self.spare);
        next.body.extend_from_slice(self.frame.prefix.as_bytes());
        next.body.extend_from_slice(self.open.body.get(start..).unwrap_or_default());
        next.ends.push(next.body.len());
        self.open.body.truncate(comma);
        std::mem::replace(&mut self.open, next).close(self.frame)
    }

    /// An event that was far too large has grown the buffer before it was shrunk.
    fn give_back_excess(&mut self) {
        if self.open.body.capacity() > self.most_capacity() {
            self.open.body.shrink_to(self.max_payload_bytes);
        }
    }

    /// A buffer grows by doubling, so it may be twice as large as a payload, and once more for an item that
    /// did not fit.
    const fn most_capacity(&self) -> usize {
        self.max_payload_bytes.saturating_mul(4)
    }
}

/// Items as one payload, ready to be sent, again with the same bytes if need be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    frame: Frame,
    body: Bytes,
    /// Where each item ends in the body; between them is a comma.
    ends: Vec<usize>,
}

impl Batch {
    /// The payload; cloning it copies nothing.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Bytes of the payload.
    pub(crate) const fn bytes(&self) -> usize {
        self.body.len()
    }

    /// How many items are in it, at least one.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The first and the second half of its items, not encoded again; `None` for a single item.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        let (first, second) = self.ends.split_at_checked(self.ends.len() / 2)?;
        let middle = *first.last()?;
        let start = self.frame.prefix.len();
        Some((self.part(start, first)?, self.part(middle.saturating_add(COMMA.len()), second)?))
    }

    /// The items that lie from `start` to the last of these ends.
    fn part(&self, start: usize, ends: &[usize]) -> Option<Self> {
        let items = self.body.get(start..*ends.last()?)?;
        let mut part = Payload::default();
        part.body.reserve_exact(items.len().saturating_add(self.frame.bytes()));
        part.body.extend_from_slice(self.frame.prefix.as_bytes());
        part.body.extend_from_slice(items);
        let prefix = self.frame.prefix.len();
        part.ends = ends.iter().map(|end| end.saturating_sub(start).saturating_add(prefix)).collect();
        Some(part.close(self.frame))
    }
}

/// A payload that lacks its end.
#[derive(Debug, Default)]
struct Payload {
    body: Vec<u8>,
    ends: Vec<usize>,
}

impl Payload {
    fn close(mut self, frame: Frame) -> Batch {
        self.body.extend_from_slice(frame.suffix.as_bytes());
        Batch { frame, body: Bytes::from(self.body), ends: self.ends }
    }
}

const COMMA: &str = ",";

/// A payload of five million bytes that is answered within 50 ms.
const SHORT_WAY_BYTES_PER_US: u64 = 100;
const SHORT_WAY_BYTES: usize = 1_000_000;

#[cfg(test)]
mod tests;
