//! A field log of each thread, to visit values into before any lock is taken.

use std::cell::RefCell;

use crate::queue::Queue;
use crate::recording::FieldLog;

thread_local! {
    static SCRATCH: RefCell<FieldLog> = const { RefCell::new(FieldLog::new()) };
}

/// A log that has reserved more is not worth keeping for each thread.
const MAX_RETAINED_BYTES: usize = 64 * 1024;

/// Calls `using` with the thread's scratch log, and empties it afterwards.
///
/// A nested call gets a log of its own: visiting a value runs its `Debug`, which may log in turn. So does a call while
/// the thread ends.
pub(super) fn with_scratch(queue: &Queue, using: impl FnOnce(&mut FieldLog)) {
    let mut using = Some(using);
    let _ = SCRATCH.try_with(|scratch| {
        let Ok(mut log) = scratch.try_borrow_mut() else { return };
        let Some(using) = using.take() else { return };
        using(&mut log);
        queue.spare_texts.empty(&mut log);
        if log.capacity() > MAX_RETAINED_BYTES {
            *log = FieldLog::new();
        }
    });
    // Still there when the scratch log is in use, or gone with its thread.
    if let Some(using) = using {
        let mut log = FieldLog::new();
        using(&mut log);
        queue.spare_texts.empty(&mut log);
    }
}
