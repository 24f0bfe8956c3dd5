//! Recordings → the intake, on the worker's thread.
//!
//! In: items from the queue. Out: requests, and an entry in the ledger for every item.
//! Never: application threads, spans of its own.
//!
//! ```text
//! Item ─▶ assemble ─▶ SpanEvent ─▶ encode ─▶ batch ─▶ Payload ─▶ transport ─▶ intake
//!           └ shape, details, links     └ shrink                      └ retry: again, in halves, or lost
//! ```

mod worker;

mod assemble;
mod details;
mod links;
mod reuse;
mod shape;
mod value;

mod encode;

mod batch;

mod transport;

mod retry;

pub(crate) use assemble::Assembler;
pub(crate) use batch::Batcher;
pub(crate) use encode::Frame;
pub(crate) use transport::Transport;
pub(crate) use worker::{Sink, Worker};
