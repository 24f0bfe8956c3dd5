//! Destinations of the application: the ledger holds for each, files have whole lines, and two destinations are two layers.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, reason = "a test may panic")]

mod files;
mod metrics;
mod own_exporter;
#[cfg(target_os = "linux")]
mod syslog_ng;

use std::time::Duration;

use tracing_llmobs::{Builder, Exporter, Guard, LlmObsLayer, Stats};
use tracing_subscriber::Registry;
use tracing_subscriber::prelude::*;

const SOON: Duration = Duration::from_secs(20);

fn builder() -> Builder {
    Builder::without_environment().ml_app("carriers")
}

/// Runs a program below a layer with this exporter, and returns its guard.
fn below(builder: Builder, exporter: impl Exporter, program: impl FnOnce(&Guard)) -> Guard {
    let (layer, guard): (LlmObsLayer<Registry>, Guard) = builder.exporter(exporter).start().unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || program(&guard));
    guard
}

fn emit(spans: usize) {
    for number in 0..spans {
        drop(tracing::info_span!("step", llmobs.kind = "task", llmobs.input = number));
    }
}

/// Ends the pipeline and returns the ledger, which is balanced and has nothing pending.
fn end(guard: Guard) -> Stats {
    let handle = guard.handle();
    drop(guard.flush(SOON));
    drop(guard.shutdown(SOON));
    let stats = handle.stats();
    assert!(stats.is_balanced() && stats.pending == 0, "{stats:?}");
    stats
}
