//! Used buffers for new spans.
//!
//! A buffer that comes from the allocator again and again means fresh pages, which costs more than
//! filling it; see `benches/README.md`.

use parking_lot::Mutex;

use crate::model::{Log, Origin, Recording};

/// Recordings and large texts that the worker is done with.
#[derive(Debug, Default)]
pub(crate) struct Spares {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// By the name of the span that had it; see [`shelf_of`].
    shelves: [Shelf; SHELVES],
    texts: Vec<String>,
    recording_bytes: usize,
    text_bytes: usize,
}

type Shelf = Vec<Spare>;

/// What a recording was made of. All that must be read to make another is here, side by side with that of its neighbours:
/// the box itself, which nobody has seen for long, is only written to, and nobody waits until it comes from memory.
#[derive(Debug)]
struct Spare {
    blank: Box<Recording>,
    log: Log,
    /// That the log has reserved, and the box.
    bytes: usize,
}

impl Spares {
    /// What the queue holds by default: a burst finds what the one before has left, unless there was quiet between.
    const MAX_RECORDING_BYTES: usize = 128 * 1024 * 1024;
    const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
    /// Buffers above this are not worth keeping.
    const MAX_RECORDING: usize = 64 * 1024;
    const MAX_TEXT: usize = 2 * 1024 * 1024;

    /// A recording that begins, in a used buffer if there is one.
    pub(crate) fn recording(&self, origin: Origin) -> Box<Recording> {
        match self.kept.lock().pop_recording(origin.name) {
            Some(Spare { blank, log, bytes: _ }) => Recording::renew(blank, origin, log),
            None => Box::new(Recording::new(origin, Log::new())),
        }
    }

    /// An owned copy of a large text.
    pub(crate) fn text(&self, content: &str) -> String {
        let mut text = self.kept.lock().pop_text();
        text.push_str(content);
        text
    }

    /// Keeps what recordings had reserved, as far as there is room.
    pub(crate) fn give_back(&self, recordings: impl IntoIterator<Item = Box<Recording>>) {
        let mut texts = Vec::new();
        let empty = |mut blank: Box<Recording>| {
            let shelf = shelf_of(blank.origin.name);
            let mut log = blank.empty();
            log.clear(|text| texts.push(text));
            let bytes = log.capacity().saturating_add(size_of::<Recording>());
            (shelf, Spare { blank, log, bytes })
        };
        // New spans wait for the lock, so the work is done before it is taken.
        let recordings: Vec<_> = recordings.into_iter().map(empty).collect();
        let mut kept = self.kept.lock();
        let surplus = (kept.keep_recordings(recordings), kept.keep_texts(texts));
        drop(kept);
        drop(surplus);
    }

    /// Keeps the buffer of a text that is done with, if it was a large one.
    pub(crate) fn give_back_text(&self, mut text: String) {
        if text.capacity() >= Log::LARGE {
            text.clear();
            let surplus = self.kept.lock().keep_texts(vec![text]);
            drop(surplus);
        }
    }

    /// Empties a log that its owner keeps.
    pub(crate) fn empty(&self, log: &mut Log) {
        log.clear(|text| drop(self.kept.lock().keep_texts(vec![text])));
    }

    /// Lets half of what is kept go; called when nothing happens.
    pub(crate) fn shrink(&self) {
        let mut kept = self.kept.lock();
        let texts = kept.texts.len() / 2;
        let recordings = kept.shelves.each_mut().map(|shelf| shelf.split_off(shelf.len() / 2));
        let gone = (recordings, kept.texts.split_off(texts));
        kept.recording_bytes =
            kept.shelves.iter().fold(0, |total, shelf| total.saturating_add(sum(shelf, |spare| spare.bytes)));
        kept.text_bytes = sum(&kept.texts, String::capacity);
        drop(kept);
        drop(gone);
    }
}

impl Kept {
    fn pop_recording(&mut self, name: &'static str) -> Option<Spare> {
        let spare = self.shelves.get_mut(shelf_of(name))?.pop()?;
        self.recording_bytes = self.recording_bytes.saturating_sub(spare.bytes);
        Some(spare)
    }

    fn pop_text(&mut self) -> String {
        let text = self.texts.pop().unwrap_or_default();
        self.text_bytes = self.text_bytes.saturating_sub(text.capacity());
        text
    }

    /// Returns those for which there is no room.
    fn keep_recordings(&mut self, spares: Vec<(usize, Spare)>) -> Shelf {
        let mut surplus = Shelf::new();
        for (shelf, spare) in spares {
            let total = self.recording_bytes.saturating_add(spare.bytes);
            let fits = spare.bytes <= Spares::MAX_RECORDING && total <= Spares::MAX_RECORDING_BYTES;
            match self.shelves.get_mut(shelf).filter(|_| fits) {
                Some(kept) => {
                    self.recording_bytes = total;
                    kept.push(spare);
                }
                None => surplus.push(spare),
            }
        }
        surplus
    }

    /// Returns those for which there is no room.
    fn keep_texts(&mut self, mut texts: Vec<String>) -> Vec<String> {
        let fits = |text: &mut String| {
            let bytes = text.capacity();
            let total = self.text_bytes.saturating_add(bytes);
            let fits = bytes <= Spares::MAX_TEXT && total <= Spares::MAX_TEXT_BYTES;
            if fits {
                self.text_bytes = total;
            }
            fits
        };
        self.texts.extend(texts.extract_if(.., fits));
        texts
    }
}

/// Spans of one name need about as much room, so that what one of them has left need not grow for the next.
fn shelf_of(name: &'static str) -> usize {
    // Names are alone at their place; the lowest bits tell little.
    let address = name.as_ptr().addr();
    (address.wrapping_shr(3) ^ address.wrapping_shr(9)) % SHELVES
}

const SHELVES: usize = 16;

fn sum<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    items.iter().fold(0, |total, item| total.saturating_add(bytes(item)))
}
