//! Faults of the intake and of the way to it, and what the ledger says about each span.
//!
//! The intake is scriptable and works on raw sockets (`intake.rs`); it keeps a journal of every request. The oracle
//! (`oracle.rs`) compares the spans that were made, the journal and the ledger: they must agree to the span.
//!
//! Every figure is small enough for each run of the tests; variables make the same tests long, see `.ci/long`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::excessive_nesting,
    clippy::print_stdout,
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a test may panic"
)]

mod driver;
mod intake;
mod oracle;

mod deadlines;
mod outages;
mod points;
mod refusals;
