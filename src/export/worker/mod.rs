//! The exporter's threads.
//!
//! ```text
//! queue ─▶ encoder ─▶ outbox ─▶ dispatcher ─▶ lanes (spans, evaluations, feedback) ─▶ requests
//!          its own thread,      its own thread and runtime; never runs code of the application
//!          processors run here
//! ```
//!
//! In: items from the queue. Out: requests, and an entry in the ledger for every item. Never: blocking on the dispatcher
//! thread. A runtime that is not polled does not see that the intake has closed an idle connection, and loses the next
//! request to it.

mod bisection;
mod dispatcher;
mod encoder;
mod exporter;
mod lane;
mod outbox;
mod priority;
mod size_limit;
#[cfg_attr(not(feature = "spool"), allow(dead_code, reason = "there is no spool in this build"))]
mod spooled_batch;
#[cfg(feature = "spool")]
mod spooler;
#[cfg(not(feature = "spool"))]
#[path = "no_spooler.rs"]
mod spooler;
mod threads;

pub(crate) use exporter::{Exporter, Sink, SpoolFolder};
