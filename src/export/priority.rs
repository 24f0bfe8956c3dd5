//! The worker comes after the threads of the application where there are not processors enough for all.
//!
//! What it is late with waits in the queue, within its bounds. On Linux each thread has a nice value of its own; elsewhere
//! it is that of the process, which is not ours to change.

/// To be called on the thread that is to give way.
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
