//! Recordings → the intake, on the exporter's threads.
//!
//! In: items from the queue. Out: requests, and an entry in the ledger for every item.
//! Never: application threads, spans of its own.
//!
//! ```text
//! Item ─▶ assemble ─▶ Outline ────────────────────────▶ encode ─▶ batch ─▶ worker/lane ─▶ transport ─▶ intake
//!           │            └─▶ SpanEvent ─▶ process ─▶ tail ─┘ └ shrink        └ retry: kept, split, or lost
//!           └ shape, details, links      where there are processors or rules, or the sink is in this process
//! ```

mod worker;

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
mod secrets;
mod tail;

mod encode;

mod batch;

mod transport;

mod retry;

pub(crate) use assemble::Assembler;
pub(crate) use process::Processors;
pub(crate) use tail::{KeepRules, Tail};
pub(crate) use transport::Transport;
pub(crate) use worker::{Exporter, Sink};
