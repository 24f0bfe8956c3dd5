//! A `tracing` layer that sends LLM spans to Datadog LLM Observability.
#![forbid(unsafe_code)]

mod capture;
mod clock;
mod model;
mod queue;
mod stats;
mod vocabulary;

pub use capture::{CaptureLayer, LlmObsFilter, LlmObsLayer, LlmObsSpanExt};
pub use model::*;
pub use stats::{LossReason, Problem, Stats};
pub use vocabulary::fields;
