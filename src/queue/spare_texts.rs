//! Used buffers for large texts of new spans, shared by all threads.
//!
//! A buffer that comes from the allocator again and again means fresh pages, which costs more than
//! filling it; see `benches/README.md`.

use super::lock::Lock;
use crate::recording::FieldLog;

/// Texts that the worker is done with, or a span that is not sent.
#[derive(Debug, Default)]
pub(crate) struct SpareTexts(Lock<Texts>);

#[derive(Debug, Default)]
struct Texts {
    kept: Vec<String>,
    bytes: usize,
}

impl SpareTexts {
    const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
    /// Buffers above this are not worth keeping.
    const MAX_TEXT: usize = 2 * 1024 * 1024;

    /// An owned copy of a large text.
    pub(crate) fn copy(&self, content: &str) -> String {
        let mut text = self.0.lock().pop();
        text.push_str(content);
        text
    }

    /// Keeps the buffer of a text that is done with, if it was a large one.
    pub(crate) fn give_back(&self, mut text: String) {
        if text.capacity() >= FieldLog::LARGE {
            text.clear();
            let surplus = self.0.lock().keep(text);
            drop(surplus);
        }
    }

    /// Empties a log that its owner keeps.
    pub(crate) fn empty(&self, log: &mut FieldLog) {
        log.clear(|text| drop(self.0.lock().keep(text)));
    }

    /// Lets half of what is kept go; called when nothing happens.
    pub(crate) fn shrink(&self) {
        let mut texts = self.0.lock();
        let half = texts.kept.len() / 2;
        let gone = texts.kept.split_off(half);
        texts.bytes = texts.kept.iter().fold(0, |total, text| total.saturating_add(text.capacity()));
        drop(texts);
        drop(gone);
    }
}

impl Texts {
    fn pop(&mut self) -> String {
        let text = self.kept.pop().unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(text.capacity());
        text
    }

    /// Returns the text if there is no room for it.
    fn keep(&mut self, text: String) -> Option<String> {
        let bytes = text.capacity();
        let total = self.bytes.saturating_add(bytes);
        if bytes > SpareTexts::MAX_TEXT || total > SpareTexts::MAX_TEXT_BYTES {
            return Some(text);
        }
        self.bytes = total;
        self.kept.push(text);
        None
    }
}
