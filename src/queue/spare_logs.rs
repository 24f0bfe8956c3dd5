//! Used logs for new spans, those of each thread for itself.
//!
//! A log comes back as soon as its span has ended, while it is still in the processor's caches.

use std::cell::RefCell;

use crate::model::Log;

thread_local! {
    static SPARE: RefCell<Vec<Log>> = const { RefCell::new(Vec::new()) };
}

/// Buffers above this, in bytes, are not worth keeping for each thread.
pub(super) const MOST_BYTES: usize = 32 * 1024;
/// As many as spans are mostly open above one another.
pub(super) const MOST_LOGS: usize = 8;

/// An empty log, a used one if there is one.
pub(crate) fn spare_log() -> Log {
    // At the end of a thread there is nothing to use again.
    let used = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop());
    used.ok().flatten().unwrap_or_default()
}

/// Keeps what an empty log has reserved, as far as there is room.
pub(crate) fn keep_log(log: Log) {
    if log.capacity() > MOST_BYTES {
        return;
    }
    let _ = SPARE.try_with(|spare| {
        let Ok(mut spare) = spare.try_borrow_mut() else { return };
        if spare.len() < MOST_LOGS {
            spare.push(log);
        }
    });
}
