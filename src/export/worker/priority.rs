//! The encoder comes after the threads of the application where there are not enough processors for all.
//!
//! Its backlog waits in the queue, within the bounds. While somebody waits for a flush, or when the queue is half full, the
//! dispatcher encodes too, with normal priority. On Linux each thread has a nice value of its own; elsewhere it belongs to
//! the process and is not ours to change.

/// Lowers the priority of the calling thread.
#[cfg(target_os = "linux")]
pub(super) fn lower_priority() {
    /// Under full load a tenth of the time that a thread of the application gets, and still enough for tens of thousands
    /// of spans a second.
    const STEPS: i32 = 10;
    // Where that is not allowed, all threads are equal.
    let _ = rustix::process::nice(STEPS);
}

#[cfg(not(target_os = "linux"))]
pub(super) const fn lower_priority() {}
