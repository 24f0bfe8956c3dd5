//! Sentences that are logged once each: about a callsite, a filter, a guard.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

/// Sentences for the log, in the order in which they were noted.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    state: Mutex<State>,
    /// Changes whenever there may be something to log or to look at.
    version: AtomicU64,
    /// The guard was dropped before there was any span.
    watches_late_spans: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    unlogged: Vec<String>,
    noted: usize,
}

impl Notes {
    /// Bounds the sentences of a process: more than this nobody reads, and a generator of callsites must not fill the log.
    const MOST: usize = 128;

    /// Keeps a sentence until it is logged.
    pub(crate) fn note(&self, sentence: String) {
        let mut state = self.state.lock();
        if state.noted < Self::MOST {
            state.noted = state.noted.saturating_add(1);
            state.unlogged.push(sentence);
        }
        drop(state);
        self.look_again();
    }

    /// Makes the thread that logs look at the process again.
    pub(crate) fn look_again(&self) {
        self.version.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns a number that changes with each call of [`note`](Self::note) and [`look_again`](Self::look_again).
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// Makes the thread that logs stay for a while after the end, and warn if spans start then.
    pub(crate) fn watch_late_spans(&self) {
        self.watches_late_spans.store(true, Ordering::Relaxed);
        self.look_again();
    }

    /// Returns whether the thread that logs is to stay.
    pub(crate) fn watches_late_spans(&self) -> bool {
        self.watches_late_spans.load(Ordering::Relaxed)
    }

    /// Returns the sentences that were not logged yet; each is returned once.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unlogged)
    }
}

/// Explains that the guard was dropped too early.
pub(crate) fn early_end(when: &str) -> String {
    format!(
        "the guard was dropped {when}, so the exporter has stopped and no LLM span is sent; write `let (layer, guard) = \
         ….start()?` and keep `guard` until the end of main (`_` drops it at once)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_is_taken_once_and_their_number_is_bounded() {
        let notes = Notes::default();
        let before = notes.version();
        for number in 0..1_000 {
            notes.note(format!("{number}"));
        }
        assert_ne!(notes.version(), before);
        assert_eq!((notes.take().len(), notes.take().len()), (Notes::MOST, 0));
    }
}
