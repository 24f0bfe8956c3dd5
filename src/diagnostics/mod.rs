//! The exporter's own log lines: few words, no content.
//!
//! In: the ledger, failures. Out: `tracing` events of the target `tracing_llmobs`, or lines on stderr if nobody
//! listens, from a thread of their own. Never: called from capture, prompts, keys, headers, bodies.

mod announcement;
mod announcer;
mod diagnosis;
mod listener;
mod problems;
mod reporter;

pub(crate) use announcement::{Destination, FailedRequest};
pub(crate) use announcer::Announcer;
pub(crate) use diagnosis::Diagnosis;
pub(crate) use listener::StderrLog;
pub(crate) use reporter::hears_remarks;
