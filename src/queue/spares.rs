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
    #[expect(clippy::vec_box, reason = "they are handed on as boxes, without another allocation")]
    recordings: Vec<Box<Recording>>,
    texts: Vec<String>,
    recording_bytes: usize,
    text_bytes: usize,
}

impl Spares {
    const MAX_RECORDING_BYTES: usize = 32 * 1024 * 1024;
    const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
    /// Buffers above this are not worth keeping.
    const MAX_RECORDING: usize = 64 * 1024;
    const MAX_TEXT: usize = 2 * 1024 * 1024;

    /// A recording that begins, in a used buffer if there is one.
    pub(crate) fn recording(&self, origin: Origin) -> Box<Recording> {
        let Some(mut recording) = self.kept.lock().pop_recording() else {
            return Box::new(Recording::new(origin, Log::new()));
        };
        recording.restart(origin);
        recording
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
        let empty = |mut recording: Box<Recording>| {
            recording.clear(|text| texts.push(text));
            recording
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
        let recordings = kept.recordings.len() / 2;
        let texts = kept.texts.len() / 2;
        let gone = (kept.recordings.split_off(recordings), kept.texts.split_off(texts));
        kept.recording_bytes = sum(&kept.recordings, |recording| recording.log().capacity());
        kept.text_bytes = sum(&kept.texts, String::capacity);
        drop(kept);
        drop(gone);
    }
}

impl Kept {
    fn pop_recording(&mut self) -> Option<Box<Recording>> {
        let recording = self.recordings.pop()?;
        self.recording_bytes = self.recording_bytes.saturating_sub(recording.log().capacity());
        Some(recording)
    }

    fn pop_text(&mut self) -> String {
        let text = self.texts.pop().unwrap_or_default();
        self.text_bytes = self.text_bytes.saturating_sub(text.capacity());
        text
    }

    /// Returns those for which there is no room.
    #[expect(clippy::vec_box, reason = "as above")]
    fn keep_recordings(&mut self, mut recordings: Vec<Box<Recording>>) -> Vec<Box<Recording>> {
        let fits = |recording: &mut Box<Recording>| {
            let bytes = recording.log().capacity();
            let total = self.recording_bytes.saturating_add(bytes);
            let fits = bytes <= Spares::MAX_RECORDING && total <= Spares::MAX_RECORDING_BYTES;
            if fits {
                self.recording_bytes = total;
            }
            fits
        };
        self.recordings.extend(recordings.extract_if(.., fits));
        recordings
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

fn sum<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    items.iter().fold(0, |total, item| total.saturating_add(bytes(item)))
}
