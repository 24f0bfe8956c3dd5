//! Shared by the tests: a pipeline with its intake, a server that misbehaves, recorders, child processes.

mod child_process;
mod collected_log;
mod intake;
pub mod mutation;
mod raw_server;
pub mod recording;

use std::time::{Duration, Instant};

use tracing::Dispatch;
use tracing_llmobs::{Annotation, Builder, Guard, LlmObsSpanExt};
use tracing_subscriber::prelude::*;

#[cfg(target_os = "linux")]
pub use child_process::{exporter_threads, nice_values, open_files};
pub use child_process::{in_own_process, run_scene_with, run_scenes, scene, this_binary};
pub use collected_log::{CollectedLog, LogLine};
pub use intake::Intake;
pub use raw_server::{RawServer, Reaction, Request};

/// The deadline of things that happen at once: after it they have failed.
pub const SOON: Duration = Duration::from_secs(20);
/// A flush interval that no test reaches: only explicit flushes send.
pub const NEVER: Duration = Duration::from_secs(3_600);

/// Returns settings that send agentless to `url`, and only when flushed.
pub fn to(url: &str) -> Builder {
    let builder = Builder::without_environment().ml_app("delivery").agentless(true).api_key("test-key");
    builder.override_origin(url).flush_interval(NEVER)
}

/// Starts a local intake.
pub fn receiver() -> Intake {
    Intake::start()
}

/// A pipeline and the subscriber in front of it.
pub struct Pipeline {
    pub dispatch: Dispatch,
    pub guard: Guard,
}

impl Pipeline {
    /// Starts the layer under a registry of its own.
    pub fn start(builder: Builder) -> Self {
        let (layer, guard) = builder.start().unwrap();
        Self { dispatch: Dispatch::new(tracing_subscriber::registry().with(layer)), guard }
    }

    /// Opens and closes this many spans.
    pub fn emit(&self, spans: usize) {
        emit(&self.dispatch, spans);
    }

    /// Opens and closes one span with an input of this many bytes.
    pub fn emit_input(&self, bytes: usize) {
        self.emit_annotated(Annotation::new().input("x".repeat(bytes)));
    }

    /// Opens and closes one span with this annotation.
    pub fn emit_annotated(&self, annotation: Annotation) {
        tracing::dispatcher::with_default(&self.dispatch, || {
            assert!(tracing::info_span!("step", llmobs.kind = "task").annotate(annotation));
        });
    }
}

/// Opens and closes this many spans under `dispatch`.
pub fn emit(dispatch: &Dispatch, spans: usize) {
    tracing::dispatcher::with_default(dispatch, || {
        for _ in 0..spans {
            drop(tracing::info_span!("step", llmobs.kind = "task"));
        }
    });
}

/// Waits until `holds` returns true; fails after [`SOON`].
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// Returns the span ids in the body of a request, or the labels of its evaluations.
pub fn item_ids(body: &[u8]) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap();
    if let Some(metrics) = json["data"]["attributes"]["metrics"].as_array() {
        return metrics.iter().map(|metric| metric["label"].as_str().unwrap().to_owned()).collect();
    }
    let envelopes = json.as_array().unwrap().iter();
    // A probe has an envelope without spans.
    envelopes.filter_map(|envelope| Some(envelope["spans"][0]["span_id"].as_str()?.to_owned())).collect()
}

/// Runs `story` on a thread of its own; fails when it hangs.
pub fn bounded<T: Send + 'static>(story: impl FnOnce() -> T + Send + 'static) -> T {
    let (tx, rx) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let told = story();
        // Nobody may be there any more.
        let _ = tx.send(());
        told
    });
    match rx.recv_timeout(SOON * 2) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Ok(()) | Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {}
    }
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Measures `story` three times and returns the best: a busy machine is slow now and then, a broken bound is slow always.
pub fn best_of_three(mut story: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| story()).min().unwrap()
}
