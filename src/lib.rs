//! A `tracing` layer that sends LLM spans to Datadog LLM Observability.
#![forbid(unsafe_code)]

mod builder;
mod guard;

mod config;
mod error;

mod capture;
mod vocabulary;

mod queue;

mod export;

mod clock;
mod diagnostics;
mod model;
mod stats;

pub use builder::{Builder, builder};
pub use capture::{CaptureLayer, LlmObsFilter, LlmObsLayer, LlmObsSpanExt};
pub use config::{ApiKey, Site};
pub use error::{ConfigError, FlushError};
pub use guard::{Guard, Handle};
pub use model::*;
pub use stats::{LossReason, Problem, Stats};
pub use vocabulary::fields;
