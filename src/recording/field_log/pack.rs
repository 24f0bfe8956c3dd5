//! Many logs behind one another, in a few large buffers.
//!
//! A log that waits is far from every processor when its turn comes. Here it is written and read in one go, and the
//! buffers that spans are recorded into stay with the thread that records.

use super::{Entry, FieldKey, FieldLog, Stored, index, offset};

/// Logs that wait, in order.
#[derive(Debug, Default)]
pub(crate) struct Pack {
    text: String,
    large: Vec<String>,
    entries: Vec<Entry>,
    /// What has been taken out again.
    taken: DrainedEntry,
}

/// How much of each part.
#[derive(Debug, Default)]
struct DrainedEntry {
    text: usize,
    large: usize,
    entries: usize,
}

/// How much of a pack is one log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    text: u32,
    large: u32,
    entries: u32,
    annotation_bytes: usize,
    seen: u64,
}

impl Pack {
    /// Moves what a log says behind all others; the log is empty then, and keeps what it has reserved.
    pub(crate) fn put(&mut self, log: &mut FieldLog) -> Extent {
        let extent = Extent {
            text: offset(log.text.len()),
            large: offset(log.large.len()),
            entries: offset(log.entries.len()),
            annotation_bytes: log.annotation_bytes,
            seen: log.seen,
        };
        self.text.push_str(&log.text);
        self.large.append(&mut log.large);
        self.entries.append(&mut log.entries);
        log.clear(drop);
        extent
    }

    /// Moves the first of the logs into an empty one.
    pub(crate) fn take(&mut self, extent: &Extent, into: &mut FieldLog) {
        let Self { text, large, entries, taken } = self;
        let text = text.get(taken.text..).and_then(|rest| rest.get(..index(extent.text)));
        into.text.push_str(text.unwrap_or_default());
        let large = large.iter_mut().skip(taken.large).take(index(extent.large));
        into.large.extend(large.map(std::mem::take));
        let entries = entries.iter_mut().skip(taken.entries).take(index(extent.entries));
        into.entries.extend(entries.map(|entry| std::mem::replace(entry, Self::GONE)));
        (into.annotation_bytes, into.seen) = (extent.annotation_bytes, extent.seen);
        taken.text = taken.text.saturating_add(index(extent.text));
        taken.large = taken.large.saturating_add(index(extent.large));
        taken.entries = taken.entries.saturating_add(index(extent.entries));
    }

    /// Stands where an entry was.
    const GONE: Entry = Entry::Field(FieldKey::Kind, Stored::Oversize);

    /// Bytes of text, taken out or not.
    pub(crate) const fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Bytes that are reserved.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity().saturating_add(self.entries.capacity().saturating_mul(size_of::<Entry>()))
    }

    /// Empties it; what is reserved stays.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.large.clear();
        self.entries.clear();
        self.taken = DrainedEntry::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{FieldKey, FieldValue, LogEntry};

    #[test]
    fn logs_come_out_as_they_went_in() {
        let log = |number: usize| {
            let mut log = FieldLog::new();
            log.push(FieldKey::Name, FieldValue::Text(&"n".repeat(number)));
            log.push(FieldKey::Metric("input_tokens"), FieldValue::Unsigned(7));
            log.annotate(llmobs_model::Annotation::new().output(format!("{number}")).into());
            log.push_large(FieldKey::Input, "i".repeat(FieldLog::LARGE + number));
            log
        };
        let said = |log: &FieldLog| log.iter().map(|said: LogEntry<'_>| format!("{said:?}")).collect::<Vec<_>>();
        let mut pack = Pack::default();
        for _ in 0..2 {
            let extents: Vec<_> = (0..5).map(|number| pack.put(&mut log(number))).collect();
            for (number, extent) in extents.iter().enumerate() {
                let (mut taken, put) = (FieldLog::new(), log(number));
                pack.take(extent, &mut taken);
                assert_eq!(said(&taken), said(&put));
                assert_eq!((taken.bytes(), taken.has_identity()), (put.bytes(), put.has_identity()));
            }
            pack.clear();
        }
    }
}
