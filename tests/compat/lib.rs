//! Support of the tests and examples of this package: a provider that answers by script, and events as JSON to compare with.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "for tests")]

pub mod answers;
pub mod bedrock;
pub mod provider;
pub mod seen;
