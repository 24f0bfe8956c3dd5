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

#[cfg_attr(not(feature = "testing"), allow(dead_code, unreachable_pub, reason = "the manual clock is for tests"))]
mod clock;
mod diagnostics;
mod model;
#[cfg(feature = "receiver")]
pub mod receiver;
mod stats;

#[cfg(feature = "testing")]
pub mod testing;

pub use builder::{Builder, builder};
pub use capture::{CaptureLayer, LlmObsFilter, LlmObsLayer, LlmObsSpanExt};
pub use config::{ApiKey, Site, VARIABLES, Variable};
pub use error::{ConfigError, FlushError};
pub use guard::{Guard, Handle};
pub use model::*;
pub use stats::{LossReason, Problem, Stats};
pub use vocabulary::fields;

/// The programs in the README compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
