//! Requests and responses of providers become annotations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stderr,
    clippy::too_many_lines,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a test may panic, says so when it skips, and tables are long"
)]

mod exchange;

mod any_json;
mod cassettes;
mod endings;
mod openai;
mod texts;
