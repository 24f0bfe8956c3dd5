//! A `tracing` layer that sends LLM spans to Datadog LLM Observability.
#![forbid(unsafe_code)]

mod builder;
mod config;
mod error;
mod export;
mod model;
mod stats;

pub use builder::{Builder, builder};
pub use config::{ApiKey, Site, VARIABLES, Variable};
pub use error::{ConfigError, FlushError};
pub use model::*;
pub use stats::{LossReason, Problem, Stats};
