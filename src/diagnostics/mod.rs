//! Log events about ourselves: few, rate-limited, without content.
//!
//! In: the ledger, failures of requests, warnings of the configuration. Out: `tracing` events of the target
//! `tracing_llmobs`, or lines on stderr if nobody listens to it. Never: called from capture; prompts, keys, headers, bodies.

mod report;

mod explain;
mod listener;

pub(crate) use listener::StderrLog;
pub(crate) use report::{Diagnostics, hears_remarks};
