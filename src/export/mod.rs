//! Recordings → the intake, on the worker's thread.
//!
//! In: items from the queue. Out: requests, and an entry in the ledger for every item.
//! Never: application threads, spans of its own.
//!
//! ```text
//! Item ─▶ assemble ─▶ Outline ────────────────────────▶ encode ─▶ batch ─▶ Payload ─▶ transport ─▶ intake
//!           │            └─▶ SpanEvent ─▶ process ─▶ tail ─┘ └ shrink                      └ retry: again, in halves, or lost
//!           └ shape, details, links      where there are processors or rules, or the sink is in this process
//! ```

mod priority;
mod watch;
mod worker;

mod aside;
mod assemble;
mod details;
mod inner;
mod later;
mod links;
mod merge;
mod reuse;
mod shape;
mod value;

mod process;
mod tail;

mod encode;

mod batch;

mod transport;

mod retry;

pub(crate) use aside::Aside;
pub(crate) use assemble::Assembler;
pub(crate) use batch::Batcher;
pub(crate) use encode::Frame;
pub(crate) use process::Processors;
pub(crate) use tail::{KeepRules, Tail};
pub(crate) use transport::Transport;
pub(crate) use worker::{Sink, Worker};
