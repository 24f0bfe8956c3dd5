//! What the stories of delivery share: a pipeline under test, servers that misbehave, processes of their own.

mod alone;
mod collected;
mod wire;

use std::time::{Duration, Instant};

use llmobs_receiver::Receiver;
use tracing::Dispatch;
use tracing_llmobs::{Annotation, Builder, Guard, LlmObsSpanExt};
use tracing_subscriber::prelude::*;

pub use alone::{alone, command, exporter_threads, nice_values, open_files, play, play_with, scene};
pub use collected::{Collected, Said};
pub use wire::{Act, Wire};

/// When something that should happen at once has certainly failed to.
pub const SOON: Duration = Duration::from_secs(20);
/// A flush interval that never comes, so that only what a test asks for happens.
pub const NEVER: Duration = Duration::from_secs(3_600);

/// Settings that send straight to this address, and only when asked.
pub fn to(url: &str) -> Builder {
    let builder = Builder::without_environment().ml_app("delivery").agentless(true).api_key("test-key");
    builder.override_origin(url).flush_interval(NEVER)
}

pub fn receiver() -> Receiver {
    Receiver::bind("127.0.0.1:0").unwrap()
}

/// A pipeline and the subscriber in front of it.
pub struct Pipeline {
    pub dispatch: Dispatch,
    pub guard: Guard,
}

impl Pipeline {
    pub fn start(builder: Builder) -> Self {
        let (layer, guard) = builder.start().unwrap();
        Self { dispatch: Dispatch::new(tracing_subscriber::registry().with(layer)), guard }
    }

    /// Opens and closes so many spans.
    pub fn emit(&self, spans: usize) {
        emit(&self.dispatch, spans);
    }

    /// A span whose input is this long.
    pub fn emit_input(&self, bytes: usize) {
        self.emit_annotated(Annotation::new().input("x".repeat(bytes)));
    }

    pub fn emit_annotated(&self, annotation: Annotation) {
        tracing::dispatcher::with_default(&self.dispatch, || {
            assert!(tracing::info_span!("step", llmobs.kind = "task").annotate(annotation));
        });
    }
}

/// Opens and closes so many spans.
pub fn emit(dispatch: &Dispatch, spans: usize) {
    tracing::dispatcher::with_default(dispatch, || {
        for _ in 0..spans {
            drop(tracing::info_span!("step", llmobs.kind = "task"));
        }
    });
}

/// Waits until something holds, and fails when it does not in time.
pub fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// The ids of the spans in the body of a request, or the labels of the evaluations.
pub fn item_ids(body: &[u8]) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_slice(body).unwrap();
    if let Some(metrics) = json["data"]["attributes"]["metrics"].as_array() {
        return metrics.iter().map(|metric| metric["label"].as_str().unwrap().to_owned()).collect();
    }
    let envelopes = json.as_array().unwrap().iter();
    envelopes.map(|envelope| envelope["spans"][0]["span_id"].as_str().unwrap().to_owned()).collect()
}

/// Runs a story on a thread of its own, and fails when it hangs.
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

/// What a story takes, the best of three: a slow machine is slow now and then, a bound that does not hold never holds.
pub fn best_of_three(mut story: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| story()).min().unwrap()
}
