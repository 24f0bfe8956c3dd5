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
mod bounds;
mod configuration;
mod configuration_document;
mod conservation;
mod delivery;
mod diagnostics;
mod docs;
mod faults;
mod fields;
mod golden;
mod instrument;
mod layers;
mod lifecycle;
mod parents;
mod propagation;
mod receiver;
mod reentrancy;
mod rig;
mod secrets;
mod stage;
mod test_agent;
