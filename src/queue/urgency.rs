//! When there is enough to wake the worker for.

/// What an item counts for when it is asked whether the worker is to be woken. One that is very large, as a streamed answer
/// is, counts for less: it comes when a call ends, and reading it at once would take the processor that the application
/// needs just then.
pub(super) fn urgent(bytes: usize) -> usize {
    const MOST: usize = 128 * 1024;
    bytes.min(MOST)
}
