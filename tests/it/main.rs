//! Stories and promises, one file each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test may panic, and says so when it skips"
)]

mod alone_in_process;
mod annotate;
mod architecture;
mod configuration_document;
mod fields;
mod instrument;
mod layers;
mod parents;
mod receiver;
mod reentrancy;
mod stage;
mod test_agent;
