//! A `tracing` layer that sends LLM spans to Datadog LLM Observability.
#![forbid(unsafe_code)]

mod model;
#[cfg(feature = "receiver")]
pub mod receiver;
mod stats;

pub use model::*;
pub use stats::{LossReason, Problem, Stats};
