//! Recordings → the intake, on the exporter's threads.
//!
//! In: items from the queue. Out: requests, and an entry in the ledger for every item.
//! Never: application threads, spans of its own.
//!
//! ```text
//! Item ─▶ assemble ─▶ SpanEventRef ────────────────────────▶ encode ─▶ batch ─▶ worker/lane ─▶ transport ─▶ intake
//!           │            └─▶ SpanEvent ─▶ process ─▶ tail ─┘ └ shrink        └ retry: kept, split, or lost
//!           └ shape, details, links      where there are processors or rules, or the sink is in this process
//! ```

mod worker;

mod assemble;
mod details;
mod event_builder;
mod links;
mod merge;
mod shape;
mod spare;
mod synthesized;
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
pub(crate) use worker::{Exporter, Sink, SpoolFolder};
