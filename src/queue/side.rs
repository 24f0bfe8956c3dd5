//! Which side of the door a thread is on.

use std::cell::Cell;

thread_local! {
    static ON_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Says that this thread belongs to the export side: what is traced on it is never ours.
pub(crate) fn mark_worker_thread() {
    ON_WORKER.with(|flag| flag.set(true));
}

/// Whether this thread belongs to the export side.
pub(crate) fn is_worker_thread() -> bool {
    ON_WORKER.try_with(Cell::get).unwrap_or(true)
}
