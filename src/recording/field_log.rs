//! The values of a span in the order in which they were recorded, in one growing buffer.

use super::annotation::RecordedAnnotation;
use super::field_key::{FieldKey, FieldSlot};
use super::field_value::FieldValue;
use super::stored_value::{StoredValue, index, offset};

/// An entry of a log, borrowed for its readers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LogEntry<'a> {
    Field(FieldKey, FieldValue<'a>),
    Annotation(&'a RecordedAnnotation),
}

/// An entry that [`FieldLog::drain`] hands over.
#[derive(Debug)]
pub(crate) enum DrainedEntry<'a> {
    Field(FieldKey, FieldValue<'a>),
    Annotation(Box<RecordedAnnotation>),
}

/// The log of one span: a text that all values share, large texts beside it, and an index into both.
///
/// A value in a box of its own would cost an allocation, and a miss in the cache when the worker reads it.
#[derive(Debug, Default)]
pub(crate) struct FieldLog {
    pub(super) text: String,
    /// Texts that are moved instead of copied, each in a buffer of its own.
    pub(super) large: Vec<String>,
    pub(super) entries: Vec<Entry>,
    /// Bytes of `text` that no entry refers to any more.
    garbage: usize,
    /// Bytes that annotations retain: at least what they are, and at most an eighth more.
    pub(super) annotation_bytes: usize,
    /// The value of `annotation_bytes` above which they are counted anew.
    recount_at: usize,
    /// The bits of all keys that may have an entry, so that the first value of a key needs no search: most are.
    pub(super) seen: u64,
}

#[derive(Debug)]
pub(super) enum Entry {
    Field(FieldKey, StoredValue),
    Annotation(Box<RecordedAnnotation>),
}

impl FieldLog {
    /// Texts from here on are large: a buffer of their own costs less than a second copy.
    pub(crate) const LARGE: usize = 4 * 1024;

    /// Accumulating values beyond this number of entries are refused.
    pub(super) const MOST_ENTRIES: usize = 512;
    /// A sum of annotations that has grown by less is not counted anew.
    const RECOUNT_STEP: usize = 512;
    /// Less garbage is not worth copying the text.
    const SWEEP: usize = 16 * 1024;

    pub(crate) const fn new() -> Self {
        Self {
            text: String::new(),
            large: Vec::new(),
            entries: Vec::new(),
            garbage: 0,
            annotation_bytes: 0,
            recount_at: 0,
            seen: 0,
        }
    }

    /// Appends a value in place of an earlier one with the same key. Returns whether it was kept.
    pub(crate) fn push(&mut self, slot: impl Into<FieldSlot>, value: FieldValue<'_>) -> bool {
        let slot = slot.into();
        let has_room = self.make_room(slot);
        if has_room {
            let stored = self.store(value);
            self.entries.push(Entry::Field(slot.key, stored));
        }
        has_room
    }

    /// Appends a large text by taking over its buffer. Returns whether it was kept.
    pub(crate) fn push_large(&mut self, slot: impl Into<FieldSlot>, text: String) -> bool {
        let slot = slot.into();
        if !self.make_room(slot) {
            return false;
        }
        self.entries.push(Entry::Field(slot.key, StoredValue::Large(offset(self.large.len()))));
        self.large.push(text);
        true
    }

    /// Appends the values of another log and moves its large texts. Returns whether all were kept.
    pub(crate) fn append(&mut self, later: &mut Self) -> bool {
        let is_all_new = self.seen & later.seen == 0 && later.seen & FieldSlot::EVALUATION == 0;
        if is_all_new && self.entries.len().saturating_add(later.entries.len()) <= Self::MOST_ENTRIES {
            self.append_all(later);
            return true;
        }
        self.append_each(later)
    }

    /// Appends values that replace none, which is the rule: two copies and no search.
    fn append_all(&mut self, later: &mut Self) {
        let (text, large) = (offset(self.text.len()), offset(self.large.len()));
        self.text.push_str(&later.text);
        self.large.append(&mut later.large);
        self.garbage = self.garbage.saturating_add(later.garbage);
        self.annotation_bytes = self.annotation_bytes.saturating_add(later.annotation_bytes);
        self.seen |= later.seen;
        self.entries.extend(later.entries.drain(..).map(|entry| match entry {
            Entry::Field(key, stored) => Entry::Field(key, stored.shifted_by(text, large)),
            annotation @ Entry::Annotation(_) => annotation,
        }));
    }

    fn append_each(&mut self, later: &mut Self) -> bool {
        let mut is_kept = true;
        for entry in &later.entries {
            let Entry::Field(key, stored) = entry else { continue };
            // The evaluation of an event is submitted apart from the span.
            if matches!(key, FieldKey::Evaluation(_)) {
                continue;
            }
            is_kept &= if let StoredValue::Large(at) = *stored {
                let text = later.large.get_mut(index(at)).map(std::mem::take);
                self.push_large(*key, text.unwrap_or_default())
            } else {
                self.push(*key, later.value(*stored))
            };
        }
        is_kept
    }

    /// Appends an annotation, or merges it into the one just before.
    pub(crate) fn annotate(&mut self, later: RecordedAnnotation) {
        let is_full = self.entries.len() >= Self::MOST_ENTRIES;
        let last = self.entries.len().saturating_sub(1);
        // Only the last entry takes a merge, because fields win over earlier annotations and lose to later ones. A full
        // log merges anyway and loses their order. Deferred parts never merge: earlier eager values would beat them.
        let earlier = self.entries.iter_mut().enumerate().rev().find_map(|(at, entry)| match entry {
            Entry::Annotation(earlier)
                if (at == last || is_full) && earlier.precedence == later.precedence && later.deferred.is_none() =>
            {
                Some(earlier)
            }
            Entry::Annotation(_) | Entry::Field(..) => None,
        });
        let Some(earlier) = earlier else {
            self.remove_replaced_content(&later);
            self.annotation_bytes = self.annotation_bytes.saturating_add(later.retained_bytes());
            self.entries.push(Entry::Annotation(Box::new(later)));
            return;
        };
        let replaced = [
            earlier.input.as_ref().filter(|_| later.input.is_some()),
            earlier.output.as_ref().filter(|_| later.output.is_some()),
        ];
        let replaced = replaced.into_iter().flatten().fold(0_usize, |sum, gone| sum.saturating_add(gone.text_bytes()));
        self.annotation_bytes = self.annotation_bytes.saturating_add(later.text_bytes()).saturating_sub(replaced);
        earlier.merge(later);
        // The sum is too large where keys were replaced. Counting anew costs as much as the annotations hold, so it is
        // done when the sum has grown by an eighth: a loop with ever-new keys stays linear.
        if self.annotation_bytes > self.recount_at {
            self.recount();
        }
    }

    /// Counts anew what annotations retain.
    fn recount(&mut self) {
        let add = |sum: usize, entry: &Entry| match entry {
            Entry::Annotation(annotation) => sum.saturating_add(annotation.retained_bytes()),
            Entry::Field(..) => sum,
        };
        self.annotation_bytes = self.entries.iter().fold(0, add);
        self.recount_at = self.annotation_bytes.saturating_add((self.annotation_bytes / 8).max(Self::RECOUNT_STEP));
    }

    /// Removes the content of earlier annotations that a later one replaces: a loop that annotates and records in turn
    /// must not grow.
    fn remove_replaced_content(&mut self, later: &RecordedAnnotation) {
        // A context and a fallback only fill gaps, so that they replace nothing.
        if later.input.is_none() && later.output.is_none() || later.is_context() {
            return;
        }
        let mut freed = 0_usize;
        self.entries.retain_mut(|entry| {
            let Entry::Annotation(earlier) = entry else { return true };
            if earlier.precedence != later.precedence {
                return true;
            }
            let input = earlier.input.take_if(|_| later.input.is_some());
            let output = earlier.output.take_if(|_| later.output.is_some());
            if input.is_none() && output.is_none() {
                return true;
            }
            freed = [input, output].iter().flatten().fold(freed, |sum, gone| sum.saturating_add(gone.text_bytes()));
            let has_more = **earlier != RecordedAnnotation::default().with_precedence(earlier.precedence);
            if !has_more {
                freed = freed.saturating_add(earlier.retained_bytes());
            }
            has_more
        });
        self.annotation_bytes = self.annotation_bytes.saturating_sub(freed);
    }

    /// Returns all entries in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = LogEntry<'_>> {
        self.entries.iter().map(|entry| match entry {
            Entry::Field(key, stored) => LogEntry::Field(*key, self.value(*stored)),
            Entry::Annotation(annotation) => LogEntry::Annotation(annotation),
        })
    }

    /// Hands all entries over in order. Texts stay in the log, annotations leave it.
    pub(crate) fn drain<'a>(&'a mut self, mut each: impl FnMut(DrainedEntry<'a>)) {
        let Self { text, large, entries, .. } = self;
        let (text, large): (&'a str, &'a [String]) = (text, large);
        for entry in entries.drain(..) {
            match entry {
                Entry::Field(key, stored) => each(DrainedEntry::Field(key, stored.value(text, large))),
                Entry::Annotation(annotation) => each(DrainedEntry::Annotation(annotation)),
            }
        }
    }

    /// Returns the bytes of all values. Reserved memory is not counted; see [`held_bytes`](Self::held_bytes).
    pub(crate) fn bytes(&self) -> usize {
        let index = self.entries.len().saturating_mul(size_of::<Entry>());
        let large = self.large.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        self.text.len().saturating_add(index).saturating_add(large).saturating_add(self.annotation_bytes)
    }

    /// Returns the bytes that the shared text and the index have reserved.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity().saturating_add(self.entries.capacity().saturating_mul(size_of::<Entry>()))
    }

    /// Returns the bytes of memory behind this log, reserved or in use.
    #[inline]
    pub(crate) fn held_bytes(&self) -> usize {
        let index = self.large.capacity().saturating_mul(size_of::<String>());
        let large = self.large.iter().fold(index, |sum, text| sum.saturating_add(text.capacity()));
        self.capacity().saturating_add(large).saturating_add(self.annotation_bytes)
    }

    /// Empties the log for another span. The buffers of large texts go to `spare`, other memory stays reserved.
    pub(crate) fn clear(&mut self, mut spare: impl FnMut(String)) {
        if !self.large.is_empty() {
            for mut text in self.large.drain(..).filter(|text| text.capacity() > 0) {
                text.clear();
                spare(text);
            }
        }
        self.text.clear();
        self.entries.clear();
        self.garbage = 0;
        self.annotation_bytes = 0;
        self.recount_at = 0;
        self.seen = 0;
    }

    /// Returns the shared text, for a value that is formatted right there; [`keep_written`](Self::keep_written) keeps it.
    pub(crate) const fn scratch(&mut self) -> &mut String {
        &mut self.text
    }

    /// Keeps the text that was written into [`scratch`](Self::scratch) from `start` on. Returns whether it was kept.
    pub(crate) fn keep_written(&mut self, slot: impl Into<FieldSlot>, start: usize) -> bool {
        let slot = slot.into();
        let end = self.text.len();
        // Not `make_room`: its sweep would move the text that has just been written.
        self.forget(slot);
        if !self.is_open_to(slot) || !self.text.is_char_boundary(start) {
            self.text.truncate(start.min(end));
            return false;
        }
        self.entries.push(Entry::Field(slot.key, StoredValue::Formatted { start: offset(start), end: offset(end) }));
        true
    }

    /// Removes an earlier value of this key, and returns whether there is room for a new one.
    #[inline]
    fn make_room(&mut self, slot: FieldSlot) -> bool {
        if self.seen & slot.bit == 0 && self.entries.len() < Self::MOST_ENTRIES {
            self.seen |= slot.bit;
            return true;
        }
        self.make_room_again(slot)
    }

    #[cold]
    fn make_room_again(&mut self, slot: FieldSlot) -> bool {
        self.forget(slot);
        // Not before half of the text is garbage: each byte is then copied once on average, however often a field is
        // recorded again.
        if self.garbage > Self::SWEEP && self.garbage > self.text.len() / 2 {
            self.sweep();
        }
        self.is_open_to(slot)
    }

    #[inline]
    const fn is_open_to(&self, slot: FieldSlot) -> bool {
        // A value that replaces others always has room: there are no more of those than the program has fields.
        self.entries.len() < Self::MOST_ENTRIES || !slot.accumulates()
    }

    /// Removes an earlier value of this key, and notes that there will be one.
    #[inline]
    fn forget(&mut self, slot: FieldSlot) {
        if self.seen & slot.bit == 0 {
            self.seen |= slot.bit;
        } else if !slot.accumulates() {
            self.forget_entry(slot.key);
        }
    }

    #[cold]
    fn forget_entry(&mut self, key: FieldKey) {
        let is_same = |entry: &Entry| matches!(entry, Entry::Field(other, _) if *other == key);
        let Some(at) = self.entries.iter().position(is_same) else { return };
        self.remove(at);
    }

    /// Removes fields whose key is not wanted. Annotations stay.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(FieldKey) -> bool) {
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            match entry {
                Entry::Field(key, _) if !is_wanted(*key) => self.remove(at),
                Entry::Field(..) | Entry::Annotation(_) => at = at.saturating_add(1),
            }
        }
    }

    fn remove(&mut self, at: usize) {
        match self.entries.remove(at) {
            Entry::Field(_, StoredValue::Text { start, end } | StoredValue::Formatted { start, end }) => {
                self.garbage = self.garbage.saturating_add(index(end.saturating_sub(start)));
            }
            Entry::Field(_, StoredValue::Large(at)) => self.drop_large(index(at)),
            Entry::Field(..) | Entry::Annotation(_) => {}
        }
    }

    /// Removes a large text. The last one moves into its place, so that its entry is rewritten.
    fn drop_large(&mut self, gone: usize) {
        if gone >= self.large.len() {
            return;
        }
        self.large.swap_remove(gone);
        let (gone, moved) = (offset(gone), offset(self.large.len()));
        for entry in &mut self.entries {
            match entry {
                Entry::Field(_, StoredValue::Large(at)) if *at == moved => *at = gone,
                Entry::Field(..) | Entry::Annotation(_) => {}
            }
        }
    }

    /// Copies the texts that entries refer to into a new buffer.
    #[cold]
    fn sweep(&mut self) {
        let old = std::mem::take(&mut self.text);
        self.garbage = 0;
        for entry in &mut self.entries {
            if let Entry::Field(_, StoredValue::Text { start, end } | StoredValue::Formatted { start, end }) = entry {
                let from = self.text.len();
                self.text.push_str(old.get(index(*start)..index(*end)).unwrap_or_default());
                (*start, *end) = (offset(from), offset(self.text.len()));
            }
        }
    }

    #[inline]
    fn store(&mut self, value: FieldValue<'_>) -> StoredValue {
        let start = offset(self.text.len());
        match value {
            FieldValue::Text(text) => {
                self.text.push_str(text);
                StoredValue::Text { start, end: offset(self.text.len()) }
            }
            FieldValue::Formatted(text) => {
                self.text.push_str(text);
                StoredValue::Formatted { start, end: offset(self.text.len()) }
            }
            FieldValue::Signed(number) => StoredValue::Signed(number),
            FieldValue::Unsigned(number) => StoredValue::Unsigned(number),
            FieldValue::Float(number) => StoredValue::Float(number),
            FieldValue::Bool(flag) => StoredValue::Bool(flag),
            FieldValue::Oversize => StoredValue::Oversize,
        }
    }

    pub(super) fn value(&self, stored: StoredValue) -> FieldValue<'_> {
        stored.value(&self.text, &self.large)
    }
}

#[cfg(test)]
mod tests;
