//! The door between capture and export: a queue that is bounded in items and in bytes, and the ledger of every item.
//!
//! In: finished items, from any thread, without waiting. Out: items in the order in which they were accepted, read by
//! the encoder thread. Never: foreign code under a lock, I/O, log lines.
//!
//! ```text
//! push ─▶ admission ─▶ shards (one per thread, filled chunk by chunk) ─▶ drained (one order) ─▶ batches of `export`
//!            │ bounds, sequence numbers                                                              │
//!            └ refusals ──────────────▶ ledger ◀── delivered, lost, batches not settled yet ─────────┘
//!                                          └▶ waiters of flush and shutdown
//! ```

mod admission;
mod bounded_queue;
mod chunk;
mod drained;
mod flush;
mod flush_timer;
mod item;
mod ledger;
mod lock;
mod pool;
mod settlement;
mod shards;
mod waiter;
mod worker_flag;

#[cfg(test)]
mod tests;

pub(crate) use bounded_queue::Queue;
pub(crate) use chunk::Next;
pub(crate) use drained::Drained;
pub(crate) use item::{Item, Limits, Phase};
pub(crate) use ledger::BatchEnd;
pub(crate) use pool::{TextPool, keep_recording, spare_recording};
pub(crate) use waiter::FlushReply;
pub(crate) use worker_flag::{is_worker_thread, mark_worker_thread};
