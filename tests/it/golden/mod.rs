//! Programs that were run with the Python SDK cause the same traffic here.
//!
//! In: `tests/golden/*.json`, what `ddtrace` 4.16.0 sent for a small program, normalised. Out: a failure for every place
//! where the crate's traffic for the same program differs and no row of `differences.rs` says why. Never: the network
//! beyond loopback, ids or times compared as they are.
//!
//! ```text
//! programs/ ─▶ play ─▶ intake (loopback) ─▶ normalise ─▶ compare ─▶ differences ─▶ what is left fails
//! ```

mod compare;
mod differences;
mod intake;
mod normalise;
mod play;
mod programs;
mod scenarios;
