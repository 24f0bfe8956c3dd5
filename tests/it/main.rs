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

mod architecture;
mod bounds;
mod configuration;
mod configuration_document;
mod conservation;
mod delivery;
mod diagnostics;
mod faults;
mod lifecycle;
mod receiver;
mod rig;
mod secrets;
mod test_agent;
