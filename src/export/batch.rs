//! Collects items into payloads that are no larger than the intake takes. Pure.
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
    /// The current size of payloads; see [`Batcher::aim`].
    target_bytes: usize,
    open: Payload,
    /// An empty buffer that a batch came back with.
    spare: Payload,
    /// Closed batches give back the memory that they do not need.
    is_compact: bool,
}

impl Batcher {
    /// Creates a batcher whose payloads, frame and commas included, are at most `max_payload_bytes`. A larger item
    /// becomes a batch on its own.
    pub(crate) fn new(frame: Frame, max_payload_bytes: usize) -> Self {
        let (open, spare) = (Payload::default(), Payload::default());
        Self { frame, max_payload_bytes, target_bytes: max_payload_bytes, open, spare, is_compact: false }
    }

    /// Appends the item that `encode` writes. Returns the batch that had to be closed because this item did not fit any
    /// more.
    ///
    /// # Errors
    ///
    /// The error of `encode`; nothing is appended then.
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

    /// Makes closed batches give back unused memory, which costs a copy: for batches that will wait.
    pub(crate) const fn compact(&mut self, is_compact: bool) {
        self.is_compact = is_compact;
    }

    /// Closes the open batch, if anything is in it.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.is_empty() {
            return None;
        }
        let next = std::mem::take(&mut self.spare);
        Some(std::mem::replace(&mut self.open, next).close(self.frame, self.is_compact))
    }

    /// Keeps the buffer of a delivered batch, unless something still reads it.
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

    /// Learns from the duration of a request. With a near receiver, smaller payloads are faster for both ends, because they
    /// are still in the processor's cache when they are copied; with a distant one, only their number counts.
    pub(crate) fn aim(&mut self, bytes: usize, took_ns: u64) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let is_short = bytes.saturating_mul(1_000) >= took_ns.saturating_mul(SHORT_WAY_BYTES_PER_US);
        self.target_bytes = if is_short { self.max_payload_bytes.min(SHORT_WAY_BYTES) } else { self.max_payload_bytes };
    }

    /// Returns true when the open batch has no items.
    pub(crate) fn is_empty(&self) -> bool {
        self.open.ends.is_empty()
    }

    /// Returns the bytes that the open batch would have as a payload.
    pub(crate) fn bytes(&self) -> usize {
        self.open.body.len().saturating_add(self.frame.suffix.len())
    }

    /// Closes the open batch without its last item, which begins the next one.
    fn close_before(&mut self, comma: usize, start: usize) -> Batch {
        let mut next = std::mem::take(&mut self.spare);
        next.body.extend_from_slice(self.frame.prefix.as_bytes());
        next.body.extend_from_slice(self.open.body.get(start..).unwrap_or_default());
        next.ends.push(next.body.len());
        self.open.body.truncate(comma);
        std::mem::replace(&mut self.open, next).close(self.frame, self.is_compact)
    }

    /// Gives memory back after an event that was far too large had grown the buffer.
    fn give_back_excess(&mut self) {
        if self.open.body.capacity() > self.most_capacity() {
            self.open.body.shrink_to(self.max_payload_bytes);
        }
    }

    /// Returns the largest useful capacity. A buffer grows by doubling, so it may be twice as large as a payload, and once
    /// more for an item that did not fit.
    const fn most_capacity(&self) -> usize {
        self.max_payload_bytes.saturating_mul(4)
    }
}

/// A payload of several items. It can be sent again with the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    frame: Frame,
    body: Bytes,
    /// The end of each item in the body; items are separated by commas.
    ends: Vec<usize>,
}

impl Batch {
    /// Returns the payload; this copies nothing.
    pub(crate) fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Restores a batch from its payload; `None` when that is not one of this frame.
    #[cfg(feature = "spool")]
    pub(crate) fn restore(frame: Frame, body: Vec<u8>, ends: Vec<usize>) -> Option<Self> {
        let is_framed = body.starts_with(frame.prefix.as_bytes()) && body.ends_with(frame.suffix.as_bytes());
        let is_ascending = ends.is_sorted_by(|one, next| one < next) && ends.first()? > &frame.prefix.len();
        let is_whole = ends.last()?.checked_add(frame.suffix.len()) == Some(body.len());
        (is_framed && is_ascending && is_whole).then(|| Self { frame, body: Bytes::from(body), ends })
    }

    /// Returns the end of each item in the payload.
    pub(crate) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// Returns the bytes of the payload.
    pub(crate) const fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Returns the number of items, at least one.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns the first and the second half of the items, without encoding them again; `None` for a single item.
    pub(crate) fn halves(&self) -> Option<(Self, Self)> {
        let (first, second) = self.ends.split_at_checked(self.ends.len() / 2)?;
        let middle = *first.last()?;
        let start = self.frame.prefix.len();
        Some((self.part(start, first)?, self.part(middle.saturating_add(COMMA.len()), second)?))
    }

    /// Returns the items from `start` to the last of these ends.
    fn part(&self, start: usize, ends: &[usize]) -> Option<Self> {
        let items = self.body.get(start..*ends.last()?)?;
        let mut part = Payload::default();
        part.body.reserve_exact(items.len().saturating_add(self.frame.bytes()));
        part.body.extend_from_slice(self.frame.prefix.as_bytes());
        part.body.extend_from_slice(items);
        let prefix = self.frame.prefix.len();
        part.ends = ends.iter().map(|end| end.saturating_sub(start).saturating_add(prefix)).collect();
        Some(part.close(self.frame, false))
    }
}

/// A payload without its suffix.
#[derive(Debug, Default)]
struct Payload {
    body: Vec<u8>,
    ends: Vec<usize>,
}

impl Payload {
    fn close(mut self, frame: Frame, is_compact: bool) -> Batch {
        self.body.extend_from_slice(frame.suffix.as_bytes());
        if is_compact {
            self.body.shrink_to_fit();
        }
        Batch { frame, body: Bytes::from(self.body), ends: self.ends }
    }
}

const COMMA: &str = ",";

/// A payload of five million bytes that is answered within 50 ms.
const SHORT_WAY_BYTES_PER_US: u64 = 100;
const SHORT_WAY_BYTES: usize = 1_000_000;

#[cfg(test)]
mod tests;
