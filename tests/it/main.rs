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
#![allow(
    clippy::excessive_nesting,
    clippy::items_after_statements,
    clippy::too_many_lines,
    clippy::trivially_copy_pass_by_ref,
    clippy::type_complexity,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    clippy::wildcard_enum_match_arm,
    dropping_copy_types,
    dropping_references,
    reason = "programs under test look as programs of users do, and tables are long"
)]

mod annotate;
mod annotation_contexts;
mod architecture;
#[cfg(target_os = "linux")]
mod bounds;
mod configuration;
mod configuration_document;
mod conservation;
mod conventions;
mod delivery;
mod details;
mod diagnostics;
mod docs;
mod documented;
mod evaluations;
mod faults;
mod fields;
#[cfg(unix)]
mod frozen;
mod golden;
mod harness;
#[cfg(feature = "tls")]
mod https;
mod inside;
mod instrument;
mod interop;
mod last_resort;
mod layers;
mod lifecycle;
mod limits;
mod never_silent;
mod parents;
mod parity;
mod policy;
mod processors;
mod propagation;
mod receiver;
mod reentrancy;
mod sampling;
mod secret_rule;
mod secrets;
mod span_macros;
mod streaming;
mod test_agent;
mod times;
