//! What was said about a span, step by step, in one growing buffer.

use super::annotation::Annotation;
use super::recording::{FieldValue, Meaning, Said, Taken};

/// The buffer of a recording: one text, a few large ones beside it, and an index into them.
#[derive(Debug, Default)]
pub(crate) struct Log {
    text: String,
    /// Texts that are moved instead of copied, each in a buffer of its own.
    large: Vec<String>,
    entries: Vec<Entry>,
    /// Bytes of `text` that no entry refers to any more.
    garbage: usize,
    annotation_bytes: usize,
    /// Which meanings may have an entry, by [`Meaning::bit`]: most values are the first of theirs.
    seen: u64,
}

#[derive(Debug)]
enum Entry {
    Field(Meaning, Stored),
    Annotation(Box<Annotation>),
}

#[derive(Debug, Clone, Copy)]
enum Stored {
    Text { start: usize, end: usize },
    Formatted { start: usize, end: usize },
    Large(usize),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    Oversize,
}

impl Log {
    /// Texts from here on are large: a buffer of their own costs less than a second copy.
    pub(crate) const LARGE: usize = 4 * 1024;

    /// More steps than this are not kept one by one.
    const MOST_ENTRIES: usize = 512;
    /// Garbage below this is not worth a sweep.
    const SWEEP: usize = 16 * 1024;

    pub(crate) const fn new() -> Self {
        Self { text: String::new(), large: Vec::new(), entries: Vec::new(), garbage: 0, annotation_bytes: 0, seen: 0 }
    }

    /// Appends a value; one of the same meaning that came before goes.
    pub(crate) fn push(&mut self, meaning: Meaning, value: FieldValue<'_>) -> bool {
        if !self.make_room(meaning) {
            return false;
        }
        let stored = self.store(value);
        self.entries.push(Entry::Field(meaning, stored));
        true
    }

    /// Appends a large text by taking its buffer over.
    pub(crate) fn push_large(&mut self, meaning: Meaning, text: String) -> bool {
        if !self.make_room(meaning) {
            return false;
        }
        self.entries.push(Entry::Field(meaning, Stored::Large(self.large.len())));
        self.large.push(text);
        true
    }

    /// Appends what another log says; large texts are moved out of it.
    pub(crate) fn append(&mut self, later: &mut Self) -> bool {
        let mut kept = true;
        for entry in &later.entries {
            let Entry::Field(meaning, stored) = entry else { continue };
            if matches!(meaning, Meaning::Evaluation(_)) {
                continue;
            }
            kept &= if let Stored::Large(at) = *stored {
                let text = later.large.get_mut(at).map(std::mem::take);
                self.push_large(*meaning, text.unwrap_or_default())
            } else {
                self.push(*meaning, later.value(*stored))
            };
        }
        kept
    }

    /// Appends an annotation; one that came just before is merged with it.
    pub(crate) fn annotate(&mut self, later: Annotation) {
        let full = self.entries.len() >= Self::MOST_ENTRIES;
        let last = self.entries.len().saturating_sub(1);
        let earlier = self.entries.iter_mut().enumerate().rev().find_map(|(at, entry)| match entry {
            Entry::Annotation(earlier) if (at == last || full) && earlier.is_context == later.is_context => {
                Some(earlier)
            }
            Entry::Annotation(_) | Entry::Field(..) => None,
        });
        if let Some(earlier) = earlier {
            self.annotation_bytes = self.annotation_bytes.saturating_sub(earlier.text_bytes());
            earlier.merge(later);
            self.annotation_bytes = self.annotation_bytes.saturating_add(earlier.text_bytes());
        } else {
            self.annotation_bytes = self.annotation_bytes.saturating_add(later.text_bytes());
            self.entries.push(Entry::Annotation(Box::new(later)));
        }
    }

    /// Everything that was said, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Said<'_>> {
        self.entries.iter().map(|entry| match entry {
            Entry::Field(meaning, stored) => Said::Field(*meaning, self.value(*stored)),
            Entry::Annotation(annotation) => Said::Annotation(annotation),
        })
    }

    /// The same for the one who ends the recording: annotations are handed over.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(Taken<'_>)) {
        let mut entries = std::mem::take(&mut self.entries);
        for entry in entries.drain(..) {
            match entry {
                Entry::Field(meaning, stored) => each(Taken::Field(meaning, self.value(stored))),
                Entry::Annotation(annotation) => each(Taken::Annotation(annotation)),
            }
        }
        // For the next span.
        self.entries = entries;
    }

    /// The last value with this meaning.
    pub(crate) fn last(&self, wanted: Meaning) -> Option<FieldValue<'_>> {
        if self.seen & wanted.bit() == 0 {
            return None;
        }
        self.entries.iter().rev().find_map(|entry| match entry {
            Entry::Field(meaning, stored) if *meaning == wanted => Some(self.value(*stored)),
            Entry::Field(..) | Entry::Annotation(_) => None,
        })
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
        for mut text in self.large.drain(..) {
            text.clear();
            spare(text);
        }
        self.text.clear();
        self.entries.clear();
        self.garbage = 0;
        self.annotation_bytes = 0;
        self.seen = 0;
    }

    /// Where text can be written before it is known to be kept; see [`Log::keep_written`].
    pub(crate) const fn scratch(&mut self) -> &mut String {
        &mut self.text
    }

    /// Keeps what was written into [`Log::scratch`] since it was `start` bytes long.
    pub(crate) fn keep_written(&mut self, meaning: Meaning, start: usize) -> bool {
        let end = self.text.len();
        self.forget_entry(meaning);
        if self.entries.len() >= Self::MOST_ENTRIES || !self.text.is_char_boundary(start) {
            self.text.truncate(start.min(end));
            return false;
        }
        self.seen |= meaning.bit();
        self.entries.push(Entry::Field(meaning, Stored::Formatted { start, end }));
        true
    }

    /// Forgets an earlier value of this meaning and says whether there is room for one.
    fn make_room(&mut self, meaning: Meaning) -> bool {
        self.forget_entry(meaning);
        if self.garbage > Self::SWEEP && self.garbage > self.text.len() / 2 {
            self.sweep();
        }
        self.seen |= meaning.bit();
        self.entries.len() < Self::MOST_ENTRIES
    }

    fn forget_entry(&mut self, meaning: Meaning) {
        if self.seen & meaning.bit() == 0 || meaning.accumulates() {
            return;
        }
        let same = |entry: &Entry| matches!(entry, Entry::Field(other, _) if *other == meaning);
        let Some(at) = self.entries.iter().position(same) else { return };
        match self.entries.remove(at) {
            Entry::Field(_, Stored::Text { start, end } | Stored::Formatted { start, end }) => {
                self.garbage = self.garbage.saturating_add(end.saturating_sub(start));
            }
            Entry::Field(_, Stored::Large(at)) => self.drop_large(at),
            Entry::Field(..) | Entry::Annotation(_) => {}
        }
    }

    /// Takes a large text out; the last one moves into its place.
    fn drop_large(&mut self, gone: usize) {
        if gone >= self.large.len() {
            return;
        }
        self.large.swap_remove(gone);
        let moved = self.large.len();
        for entry in &mut self.entries {
            match entry {
                Entry::Field(_, Stored::Large(at)) if *at == moved => *at = gone,
                Entry::Field(..) | Entry::Annotation(_) => {}
            }
        }
    }

    /// Copies what is still referred to into a new buffer.
    fn sweep(&mut self) {
        let old = std::mem::take(&mut self.text);
        self.garbage = 0;
        for entry in &mut self.entries {
            if let Entry::Field(_, Stored::Text { start, end } | Stored::Formatted { start, end }) = entry {
                let from = self.text.len();
                self.text.push_str(old.get(*start..*end).unwrap_or_default());
                (*start, *end) = (from, self.text.len());
            }
        }
    }

    fn store(&mut self, value: FieldValue<'_>) -> Stored {
        let start = self.text.len();
        match value {
            FieldValue::Text(text) => {
                self.text.push_str(text);
                Stored::Text { start, end: self.text.len() }
            }
            FieldValue::Formatted(text) => {
                self.text.push_str(text);
                Stored::Formatted { start, end: self.text.len() }
            }
            FieldValue::Signed(number) => Stored::Signed(number),
            FieldValue::Unsigned(number) => Stored::Unsigned(number),
            FieldValue::Float(number) => Stored::Float(number),
            FieldValue::Bool(flag) => Stored::Bool(flag),
            FieldValue::Oversize => Stored::Oversize,
        }
    }

    fn value(&self, stored: Stored) -> FieldValue<'_> {
        let text = |start, end| self.text.get(start..end).unwrap_or_default();
        match stored {
            Stored::Text { start, end } => FieldValue::Text(text(start, end)),
            Stored::Formatted { start, end } => FieldValue::Formatted(text(start, end)),
            Stored::Large(at) => FieldValue::Text(self.large.get(at).map_or("", String::as_str)),
            Stored::Signed(number) => FieldValue::Signed(number),
            Stored::Unsigned(number) => FieldValue::Unsigned(number),
            Stored::Float(number) => FieldValue::Float(number),
            Stored::Bool(flag) => FieldValue::Bool(flag),
            Stored::Oversize => FieldValue::Oversize,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &Log) -> Vec<(Meaning, String)> {
        log.iter()
            .filter_map(|said| match said {
                Said::Field(meaning, FieldValue::Text(text)) => Some((meaning, text.to_owned())),
                Said::Field(..) | Said::Annotation(_) => None,
            })
            .collect()
    }

    #[test]
    fn a_later_value_replaces_an_earlier_one_and_maps_add_up() {
        let mut log = Log::default();
        log.push(Meaning::Input, FieldValue::Text("a"));
        log.push(Meaning::Metadata, FieldValue::Text("{\"x\":1}"));
        log.push(Meaning::Input, FieldValue::Text("b"));
        log.push(Meaning::Metadata, FieldValue::Text("{\"y\":1}"));
        let kept = texts(&log);
        assert_eq!(kept[0], (Meaning::Metadata, "{\"x\":1}".to_owned()));
        assert_eq!(kept[1], (Meaning::Input, "b".to_owned()));
        assert_eq!(kept.len(), 3);
    }

    #[test]
    fn recording_the_same_field_for_ever_does_not_grow() {
        let mut log = Log::default();
        for i in 0..100_000 {
            log.push(Meaning::Output, FieldValue::Text(&format!("value number {i:08}")));
        }
        assert!(log.bytes() < 64 * 1024, "{}", log.bytes());
        assert_eq!(texts(&log), [(Meaning::Output, "value number 00099999".to_owned())]);
    }

    #[test]
    fn large_texts_are_moved_and_replaced() {
        let big = |c: char| c.to_string().repeat(Log::LARGE);
        let mut log = Log::default();
        log.push_large(Meaning::Input, big('a'));
        log.push_large(Meaning::Output, big('b'));
        let mut later = Log::default();
        later.push_large(Meaning::Input, big('c'));
        later.push(Meaning::Name, FieldValue::Text("n"));
        assert!(log.append(&mut later));
        let said = [(Meaning::Output, big('b')), (Meaning::Input, big('c')), (Meaning::Name, "n".to_owned())];
        assert_eq!(texts(&log), said);
        assert_eq!(log.large.len(), 2);
        let mut spares = Vec::new();
        log.clear(|text| spares.push(text));
        assert!(spares.len() == 2 && spares.iter().all(|text| text.is_empty() && text.capacity() >= Log::LARGE));
    }

    #[test]
    fn annotations_in_a_row_are_one() {
        let mut log = Log::default();
        for i in 0..10_000 {
            log.annotate(Annotation::new().output(format!("{i}")));
        }
        assert_eq!(log.iter().count(), 1);
        for i in 0..10_000 {
            log.annotate(Annotation::new().output(format!("{i}")));
            log.push(Meaning::Metadata, FieldValue::Text("{}"));
        }
        assert!(log.iter().count() <= Log::MOST_ENTRIES);
    }
}
