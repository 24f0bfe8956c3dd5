//! Used buffers for new spans.
//!
//! A buffer that comes from the allocator again and again means fresh pages, which costs more than
//! filling it; see `benches/README.md`.

use parking_lot::Mutex;

use crate::model::Log;

/// Buffers that the worker is done with.
#[derive(Debug, Default)]
pub(crate) struct Spares {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    logs: Vec<Log>,
    texts: Vec<String>,
    log_bytes: usize,
    text_bytes: usize,
}

impl Spares {
    const MAX_LOG_BYTES: usize = 8 * 1024 * 1024;
    const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;
    /// Buffers above this are not worth keeping.
    const MAX_LOG: usize = 64 * 1024;
    const MAX_TEXT: usize = 2 * 1024 * 1024;

    /// An empty log.
    pub(crate) fn log(&self) -> Log {
        let mut kept = self.kept.lock();
        let log = kept.logs.pop().unwrap_or_default();
        kept.log_bytes = kept.log_bytes.saturating_sub(log.capacity());
        log
    }

    /// An owned copy of a large text.
    pub(crate) fn text(&self, content: &str) -> String {
        let mut text = self.pop_text();
        text.push_str(content);
        text
    }

    /// Keeps the buffers of logs that are done with, as far as there is room.
    pub(crate) fn give_back(&self, logs: impl IntoIterator<Item = Log>) {
        self.kept.lock().keep_all(logs);
    }

    /// Empties a log that its owner keeps.
    pub(crate) fn empty(&self, log: &mut Log) {
        log.clear(|text| self.kept.lock().keep_text(text));
    }

    /// Lets half of what is kept go; called when nothing happens.
    pub(crate) fn shrink(&self) {
        let mut kept = self.kept.lock();
        let logs = kept.logs.len() / 2;
        let texts = kept.texts.len() / 2;
        let gone = (kept.logs.split_off(logs), kept.texts.split_off(texts));
        kept.log_bytes = kept.logs.iter().fold(0, |sum, log| sum.saturating_add(log.capacity()));
        kept.text_bytes = kept.texts.iter().fold(0, |sum, text| sum.saturating_add(text.capacity()));
        drop(kept);
        drop(gone);
    }

    fn pop_text(&self) -> String {
        let mut kept = self.kept.lock();
        let text = kept.texts.pop().unwrap_or_default();
        kept.text_bytes = kept.text_bytes.saturating_sub(text.capacity());
        text
    }
}

impl Kept {
    fn keep_all(&mut self, logs: impl IntoIterator<Item = Log>) {
        for mut log in logs {
            log.clear(|text| self.keep_text(text));
            self.keep_log(log);
        }
    }

    fn keep_log(&mut self, log: Log) {
        let bytes = log.capacity();
        let total = self.log_bytes.saturating_add(bytes);
        if bytes <= Spares::MAX_LOG && total <= Spares::MAX_LOG_BYTES {
            self.log_bytes = total;
            self.logs.push(log);
        }
    }

    fn keep_text(&mut self, text: String) {
        let bytes = text.capacity();
        let total = self.text_bytes.saturating_add(bytes);
        if bytes <= Spares::MAX_TEXT && total <= Spares::MAX_TEXT_BYTES {
            self.text_bytes = total;
            self.texts.push(text);
        }
    }
}
