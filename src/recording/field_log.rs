//! What was said about a span, step by step, in one growing buffer.

use super::annotation::RecordedAnnotation;
use super::field_key::{FieldKey, FieldSlot};
use super::field_value::FieldValue;

mod identity;
mod pack;
mod stored;

pub(crate) use identity::Identity;
pub(crate) use pack::{Extent, Pack};
use stored::{Stored, index, offset};

/// An entry of a log, as its readers see it.
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

/// The buffer of a recording: one text, a few large ones beside it, and an index into them.
#[derive(Debug, Default)]
pub(crate) struct FieldLog {
    text: String,
    /// Texts that are moved instead of copied, each in a buffer of its own.
    large: Vec<String>,
    entries: Vec<Entry>,
    /// Bytes of `text` that no entry refers to any more.
    garbage: usize,
    /// Bytes of annotations, at most twice of what they are.
    annotation_bytes: usize,
    /// The value of `annotation_bytes` from which on they are counted anew.
    recount_at: usize,
    /// Which meanings may have an entry, by [`FieldKey::bit`]: most values are the first of theirs.
    seen: u64,
}

#[derive(Debug)]
enum Entry {
    Field(FieldKey, Stored),
    Annotation(Box<RecordedAnnotation>),
}

impl FieldLog {
    /// Texts from here on are large: a buffer of their own costs less than a second copy.
    pub(crate) const LARGE: usize = 4 * 1024;

    /// More steps than this are not kept one by one. A value that replaces others always finds its place: there
    /// cannot be more of those than the program has fields.
    const MOST_ENTRIES: usize = 512;
    /// Garbage below this is not worth a sweep.
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

    /// Appends a value; one of the same meaning that came before goes.
    pub(crate) fn push(&mut self, meaning: impl Into<FieldSlot>, value: FieldValue<'_>) -> bool {
        let sense = meaning.into();
        if !self.make_room(sense) {
            return false;
        }
        let stored = self.store(value);
        self.entries.push(Entry::Field(sense.meaning, stored));
        true
    }

    /// Appends a large text by taking its buffer over.
    pub(crate) fn push_large(&mut self, meaning: impl Into<FieldSlot>, text: String) -> bool {
        let sense = meaning.into();
        if !self.make_room(sense) {
            return false;
        }
        self.entries.push(Entry::Field(sense.meaning, Stored::Large(offset(self.large.len()))));
        self.large.push(text);
        true
    }

    /// Appends what another log says; large texts are moved out of it.
    pub(crate) fn append(&mut self, later: &mut Self) -> bool {
        let is_all_new = self.seen & later.seen == 0 && later.seen & FieldSlot::EVALUATION == 0;
        if is_all_new && self.entries.len().saturating_add(later.entries.len()) <= Self::MOST_ENTRIES {
            self.append_all(later);
            return true;
        }
        self.append_each(later)
    }

    /// The same where nothing is replaced and nothing left out, which is the rule.
    fn append_all(&mut self, later: &mut Self) {
        let (text, large) = (offset(self.text.len()), offset(self.large.len()));
        self.text.push_str(&later.text);
        self.large.append(&mut later.large);
        self.garbage = self.garbage.saturating_add(later.garbage);
        self.annotation_bytes = self.annotation_bytes.saturating_add(later.annotation_bytes);
        self.seen |= later.seen;
        self.entries.extend(later.entries.drain(..).map(|entry| match entry {
            Entry::Field(meaning, stored) => Entry::Field(meaning, stored.behind(text, large)),
            annotation @ Entry::Annotation(_) => annotation,
        }));
    }

    fn append_each(&mut self, later: &mut Self) -> bool {
        let mut kept = true;
        for entry in &later.entries {
            let Entry::Field(meaning, stored) = entry else { continue };
            if matches!(meaning, FieldKey::Evaluation(_)) {
                continue;
            }
            kept &= if let Stored::Large(at) = *stored {
                let text = later.large.get_mut(index(at)).map(std::mem::take);
                self.push_large(*meaning, text.unwrap_or_default())
            } else {
                self.push(*meaning, later.value(*stored))
            };
        }
        kept
    }

    /// Appends an annotation; one that came just before is merged with it.
    pub(crate) fn annotate(&mut self, later: RecordedAnnotation) {
        let full = self.entries.len() >= Self::MOST_ENTRIES;
        let last = self.entries.len().saturating_sub(1);
        let earlier = self.entries.iter_mut().enumerate().rev().find_map(|(at, entry)| match entry {
            Entry::Annotation(earlier)
                if (at == last || full) && is_alike(earlier, &later) && later.deferred.is_none() =>
            {
                Some(earlier)
            }
            Entry::Annotation(_) | Entry::Field(..) => None,
        });
        if let Some(earlier) = earlier {
            // Adding up is enough while nothing is replaced, and too much otherwise. Counting anew costs as much as the
            // annotation holds, so that it is done only when the sum has doubled: a loop with ever-new keys stays linear.
            let replaced = [
                earlier.input.as_ref().filter(|_| later.input.is_some()),
                earlier.output.as_ref().filter(|_| later.output.is_some()),
            ];
            let replaced =
                replaced.into_iter().flatten().fold(0_usize, |sum, gone| sum.saturating_add(gone.text_bytes()));
            self.annotation_bytes = self.annotation_bytes.saturating_add(later.text_bytes()).saturating_sub(replaced);
            earlier.merge(later);
            if self.annotation_bytes > self.recount_at {
                let all = |sum: usize, entry: &Entry| match entry {
                    Entry::Annotation(annotation) => sum.saturating_add(annotation.text_bytes()),
                    Entry::Field(..) => sum,
                };
                self.annotation_bytes = self.entries.iter().fold(0, all);
                self.recount_at = self.annotation_bytes.saturating_mul(2).max(Self::LARGE);
            }
        } else {
            self.make_way(&later);
            self.annotation_bytes = self.annotation_bytes.saturating_add(later.text_bytes());
            self.entries.push(Entry::Annotation(Box::new(later)));
        }
    }

    /// Takes the content out of earlier annotations that a later one says anew: a loop that annotates and records in
    /// turn must not grow.
    fn make_way(&mut self, later: &RecordedAnnotation) {
        let mut freed = 0_usize;
        self.entries.retain_mut(|entry| {
            let Entry::Annotation(earlier) = entry else { return true };
            // A context only fills gaps, and so does a fallback.
            if earlier.is_context() || later.is_context() || !is_alike(earlier, later) {
                return true;
            }
            let input = earlier.input.take_if(|_| later.input.is_some());
            let output = earlier.output.take_if(|_| later.output.is_some());
            freed = [input, output].iter().flatten().fold(freed, |sum, gone| sum.saturating_add(gone.text_bytes()));
            **earlier != RecordedAnnotation::default().with_precedence(earlier.precedence)
        });
        self.annotation_bytes = self.annotation_bytes.saturating_sub(freed);
    }

    /// Everything that was said, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = LogEntry<'_>> {
        self.entries.iter().map(|entry| match entry {
            Entry::Field(meaning, stored) => LogEntry::Field(*meaning, self.value(*stored)),
            Entry::Annotation(annotation) => LogEntry::Annotation(annotation),
        })
    }

    /// The same for the one who ends the recording: annotations are handed over.
    pub(crate) fn drain<'a>(&'a mut self, mut each: impl FnMut(DrainedEntry<'a>)) {
        let Self { text, large, entries, .. } = self;
        let (text, large): (&'a str, &'a [String]) = (text, large);
        for entry in entries.drain(..) {
            match entry {
                Entry::Field(meaning, stored) => each(DrainedEntry::Field(meaning, stored.value(text, large))),
                Entry::Annotation(annotation) => each(DrainedEntry::Annotation(annotation)),
            }
        }
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        let index = self.entries.len().saturating_mul(size_of::<Entry>());
        let large = self.large.iter().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        self.text.len().saturating_add(index).saturating_add(large).saturating_add(self.annotation_bytes)
    }

    /// Bytes that are reserved, for the one who keeps spare logs.
    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity().saturating_add(self.entries.capacity().saturating_mul(size_of::<Entry>()))
    }

    /// Empties it for another span; what is reserved stays, and large buffers go to `spare`.
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

    /// Where text can be written before it is known to be kept; see [`FieldLog::keep_written`].
    pub(crate) const fn scratch(&mut self) -> &mut String {
        &mut self.text
    }

    /// Keeps what was written into [`FieldLog::scratch`] since it was `start` bytes long.
    pub(crate) fn keep_written(&mut self, meaning: impl Into<FieldSlot>, start: usize) -> bool {
        let sense = meaning.into();
        let end = self.text.len();
        self.forget(sense);
        if !self.is_open_to(sense) || !self.text.is_char_boundary(start) {
            self.text.truncate(start.min(end));
            return false;
        }
        self.entries.push(Entry::Field(sense.meaning, Stored::Formatted { start: offset(start), end: offset(end) }));
        true
    }

    /// Forgets an earlier value of this meaning and says whether there is room for one.
    #[inline]
    fn make_room(&mut self, sense: FieldSlot) -> bool {
        if self.seen & sense.bit == 0 && self.entries.len() < Self::MOST_ENTRIES {
            self.seen |= sense.bit;
            return true;
        }
        self.make_room_again(sense)
    }

    #[cold]
    fn make_room_again(&mut self, sense: FieldSlot) -> bool {
        self.forget(sense);
        if self.garbage > Self::SWEEP && self.garbage > self.text.len() / 2 {
            self.sweep();
        }
        self.is_open_to(sense)
    }

    #[inline]
    const fn is_open_to(&self, sense: FieldSlot) -> bool {
        self.entries.len() < Self::MOST_ENTRIES || !sense.accumulates()
    }

    /// Forgets an earlier value of this meaning, and remembers that there will be one.
    #[inline]
    fn forget(&mut self, sense: FieldSlot) {
        if self.seen & sense.bit == 0 {
            self.seen |= sense.bit;
        } else if !sense.accumulates() {
            self.forget_entry(sense.meaning);
        }
    }

    #[cold]
    fn forget_entry(&mut self, meaning: FieldKey) {
        let same = |entry: &Entry| matches!(entry, Entry::Field(other, _) if *other == meaning);
        let Some(at) = self.entries.iter().position(same) else { return };
        self.remove(at);
    }

    /// Forgets what is not wanted; annotations stay.
    pub(crate) fn retain(&mut self, wanted: impl Fn(FieldKey) -> bool) {
        let mut at = 0;
        while let Some(entry) = self.entries.get(at) {
            match entry {
                Entry::Field(meaning, _) if !wanted(*meaning) => self.remove(at),
                Entry::Field(..) | Entry::Annotation(_) => at = at.saturating_add(1),
            }
        }
    }

    fn remove(&mut self, at: usize) {
        match self.entries.remove(at) {
            Entry::Field(_, Stored::Text { start, end } | Stored::Formatted { start, end }) => {
                self.garbage = self.garbage.saturating_add(index(end.saturating_sub(start)));
            }
            Entry::Field(_, Stored::Large(at)) => self.drop_large(index(at)),
            Entry::Field(..) | Entry::Annotation(_) => {}
        }
    }

    /// Takes a large text out; the last one moves into its place.
    fn drop_large(&mut self, gone: usize) {
        if gone >= self.large.len() {
            return;
        }
        self.large.swap_remove(gone);
        let (gone, moved) = (offset(gone), offset(self.large.len()));
        for entry in &mut self.entries {
            match entry {
                Entry::Field(_, Stored::Large(at)) if *at == moved => *at = gone,
                Entry::Field(..) | Entry::Annotation(_) => {}
            }
        }
    }

    /// Copies what is still referred to into a new buffer.
    #[cold]
    fn sweep(&mut self) {
        let old = std::mem::take(&mut self.text);
        self.garbage = 0;
        for entry in &mut self.entries {
            if let Entry::Field(_, Stored::Text { start, end } | Stored::Formatted { start, end }) = entry {
                let from = self.text.len();
                self.text.push_str(old.get(index(*start)..index(*end)).unwrap_or_default());
                (*start, *end) = (offset(from), offset(self.text.len()));
            }
        }
    }

    #[inline]
    fn store(&mut self, value: FieldValue<'_>) -> Stored {
        let start = offset(self.text.len());
        match value {
            FieldValue::Text(text) => {
                self.text.push_str(text);
                Stored::Text { start, end: offset(self.text.len()) }
            }
            FieldValue::Formatted(text) => {
                self.text.push_str(text);
                Stored::Formatted { start, end: offset(self.text.len()) }
            }
            FieldValue::Signed(number) => Stored::Signed(number),
            FieldValue::Unsigned(number) => Stored::Unsigned(number),
            FieldValue::Float(number) => Stored::Float(number),
            FieldValue::Bool(flag) => Stored::Bool(flag),
            FieldValue::Oversize => Stored::Oversize,
        }
    }

    fn value(&self, stored: Stored) -> FieldValue<'_> {
        stored.value(&self.text, &self.large)
    }
}

/// Whether two annotations go into the same slots.
fn is_alike(one: &RecordedAnnotation, other: &RecordedAnnotation) -> bool {
    one.precedence == other.precedence
}

#[cfg(test)]
mod tests;
