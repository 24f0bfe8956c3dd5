//! Marks the exporter's threads, whose own telemetry is never captured.

use std::cell::Cell;

thread_local! {
    static IS_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// Marks the calling thread as one of the exporter: spans that are opened on it are ignored.
pub(crate) fn mark_worker_thread() {
    IS_WORKER.with(|flag| flag.set(true));
}

/// Returns true on a thread of the exporter.
pub(crate) fn is_worker_thread() -> bool {
    IS_WORKER.try_with(Cell::get).unwrap_or(true)
}
