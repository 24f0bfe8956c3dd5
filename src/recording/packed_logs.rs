//! Many logs behind one another, in a few large buffers.

use super::field_key::FieldKey;
use super::field_log::{Entry, FieldLog};
use super::stored_value::{StoredValue, index, offset};

/// Logs that wait, first in, first out.
///
/// A log that waits is cold in every cache by the time it is read. Packed, logs are written and read in one sweep, and
/// the buffers that spans are recorded into stay with the recording thread.
#[derive(Debug, Default)]
pub(crate) struct PackedLogs {
    text: String,
    large: Vec<String>,
    entries: Vec<Entry>,
    /// The position up to which each buffer has been read.
    read: ReadPosition,
}

#[derive(Debug, Default)]
struct ReadPosition {
    text: usize,
    large: usize,
    entries: usize,
}

/// The sizes of one packed log: lengths only, because logs are read in the order in which they were packed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogExtent {
    text: u32,
    large: u32,
    entries: u32,
    annotation_bytes: usize,
    seen: u64,
}

impl PackedLogs {
    /// Appends the content of a log, which is empty afterwards and keeps its reserved memory.
    pub(crate) fn put(&mut self, log: &mut FieldLog) -> LogExtent {
        let extent = LogExtent {
            text: offset(log.text.len()),
            large: offset(log.large.len()),
            entries: offset(log.entries.len()),
            annotation_bytes: log.annotation_bytes,
            seen: log.seen,
        };
        // Offsets stay relative to the log's own text, so that entries are moved without being looked at.
        self.text.push_str(&log.text);
        self.large.append(&mut log.large);
        self.entries.append(&mut log.entries);
        // The large texts have been moved already, so that nothing is dropped.
        log.clear(drop);
        extent
    }

    /// Moves the first unread log into an empty one.
    pub(crate) fn take(&mut self, extent: &LogExtent, into: &mut FieldLog) {
        let Self { text, large, entries, read } = self;
        let text = text.get(read.text..).and_then(|rest| rest.get(..index(extent.text)));
        into.text.push_str(text.unwrap_or_default());
        let large = large.iter_mut().skip(read.large).take(index(extent.large));
        into.large.extend(large.map(std::mem::take));
        let entries = entries.iter_mut().skip(read.entries).take(index(extent.entries));
        into.entries.extend(entries.map(|entry| std::mem::replace(entry, Self::TAKEN)));
        (into.annotation_bytes, into.seen) = (extent.annotation_bytes, extent.seen);
        // Extents hold no offsets, so each log must be taken, in order: one that is skipped would shift all behind it.
        read.text = read.text.saturating_add(index(extent.text));
        read.large = read.large.saturating_add(index(extent.large));
        read.entries = read.entries.saturating_add(index(extent.entries));
    }

    /// Stands in place of an entry that was taken: moving the rest forward each time would be quadratic.
    const TAKEN: Entry = Entry::Field(FieldKey::Kind, StoredValue::Oversize);

    /// Returns the bytes of text, read or not.
    pub(crate) const fn text_bytes(&self) -> usize {
        self.text.len()
    }

    /// Returns the bytes that are reserved.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity().saturating_add(self.entries.capacity().saturating_mul(size_of::<Entry>()))
    }

    /// Empties the buffers, which keep their reserved memory.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.large.clear();
        self.entries.clear();
        self.read = ReadPosition::default();
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
        let shown = |log: &FieldLog| log.iter().map(|entry: LogEntry<'_>| format!("{entry:?}")).collect::<Vec<_>>();
        let mut packed = PackedLogs::default();
        for _ in 0..2 {
            let extents: Vec<_> = (0..5).map(|number| packed.put(&mut log(number))).collect();
            for (number, extent) in extents.iter().enumerate() {
                let (mut taken, put) = (FieldLog::new(), log(number));
                packed.take(extent, &mut taken);
                assert_eq!(shown(&taken), shown(&put));
                assert_eq!((taken.bytes(), taken.has_identity()), (put.bytes(), put.has_identity()));
            }
            packed.clear();
        }
    }
}
