//! A destination of the application instead of the intake: here a broker that is away at first. Batches, repeated attempts
//! and the ledger stay as they are.
//!
//! ```sh
//! cargo run --example exporter
//! ```
#![allow(clippy::print_stdout, reason = "an example shows something")]

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use tracing_llmobs::{ExportOutcome, ExportRequest, Exporter, LossReason};
use tracing_subscriber::prelude::*;

/// Publishes each item as a message of its own, with the intake's path as its topic.
struct ToBroker {
    broker: Sender<(&'static str, Vec<u8>)>,
    attempts: AtomicU32,
}

impl Exporter for ToBroker {
    async fn export(&self, request: ExportRequest) -> ExportOutcome {
        if self.attempts.fetch_add(1, Ordering::Relaxed) < 2 {
            return ExportOutcome::retry("the broker is electing a leader");
        }
        for envelope in request.envelopes() {
            if envelope.len() > 1_000_000 {
                return ExportOutcome::Invalid;
            }
            if let Err(error) = self.broker.send((request.path(), envelope)) {
                return ExportOutcome::rejected(error);
            }
        }
        ExportOutcome::Delivered
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (broker, messages) = channel();
    let exporter = ToBroker { broker, attempts: AtomicU32::new(0) };
    let (layer, guard) = tracing_llmobs::builder().ml_app("bike-shop").exporter(exporter).start()?;
    tracing_subscriber::registry().with(layer).init();
    for question in ["What does a helmet cost?", "The brake squeaks."] {
        drop(tracing::info_span!("answer", llmobs.kind = "workflow", llmobs.input = question));
    }
    let handle = guard.handle();
    let outcome = guard.shutdown(Duration::from_secs(10))?;
    println!("{outcome}");
    for (topic, message) in messages.try_iter() {
        println!("{topic}: {} bytes", message.len());
    }
    let stats = handle.stats();
    println!("{} requests, {} of them again", stats.requests, stats.retries);
    for reason in LossReason::ALL.iter().filter(|reason| stats.lost(**reason) > 0) {
        println!("lost: {reason} {}", stats.lost(*reason));
    }
    Ok(())
}
