//! Used buffers for new spans.
//!
//! A buffer that comes from the allocator again and again means fresh pages, which costs more than
//! filling it; see `benches/README.md`.

use std::cell::RefCell;

use parking_lot::Mutex;

use crate::model::Log;

/// Large texts that the worker is done with, and logs that this thread is.
#[derive(Debug, Default)]
pub(crate) struct Spares(Mutex<Texts>);

#[derive(Debug, Default)]
struct Texts {
    kept: Vec<String>,
    bytes: usize,
}

thread_local! {
    /// Logs come back as soon as a span has ended, while they are still near.
    static OWN: RefCell<Vec<Log>> = const { RefCell::new(Vec::new()) };
}

impl Spares {
    const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
    /// Buffers above this are not worth keeping.
    const MAX_TEXT: usize = 2 * 1024 * 1024;
    /// The same for a log, and how many each thread keeps: as many as spans are mostly open above one another.
    const MAX_LOG: usize = 32 * 1024;
    const MOST_LOGS: usize = 8;

    /// An empty log, a used one of this thread if there is one.
    pub(crate) fn log() -> Log {
        // At the end of a thread there is nothing to use again.
        let used = OWN.try_with(|own| own.try_borrow_mut().ok()?.pop());
        used.ok().flatten().unwrap_or_default()
    }

    /// Keeps what an empty log has reserved, as far as there is room.
    pub(crate) fn keep(log: Log) {
        if log.capacity() > Self::MAX_LOG {
            return;
        }
        let _ = OWN.try_with(|own| {
            let Ok(mut own) = own.try_borrow_mut() else { return };
            if own.len() < Self::MOST_LOGS {
                own.push(log);
            }
        });
    }

    /// The same for one that is not sent.
    pub(crate) fn give_back(&self, mut log: Log) {
        self.empty(&mut log);
        Self::keep(log);
    }

    /// An owned copy of a large text.
    pub(crate) fn text(&self, content: &str) -> String {
        let mut text = self.0.lock().pop();
        text.push_str(content);
        text
    }

    /// Keeps the buffer of a text that is done with, if it was a large one.
    pub(crate) fn give_back_text(&self, mut text: String) {
        if text.capacity() >= Log::LARGE {
            text.clear();
            let surplus = self.0.lock().keep(text);
            drop(surplus);
        }
    }

    /// Empties a log that its owner keeps.
    pub(crate) fn empty(&self, log: &mut Log) {
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
        if bytes > Spares::MAX_TEXT || total > Spares::MAX_TEXT_BYTES {
            return Some(text);
        }
        self.bytes = total;
        self.kept.push(text);
        None
    }
}
