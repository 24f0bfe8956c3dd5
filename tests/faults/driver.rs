//! A pipeline, and the spans that were made for it.

use std::time::{Duration, Instant};

use tracing::Dispatch;
use tracing_llmobs::{Builder, Guard, Handle, LlmObsSpanExt};
use tracing_subscriber::prelude::*;

/// The deadline of things that happen at once: after it they have failed.
pub const SOON: Duration = Duration::from_secs(30);

/// A pipeline and the ids of all spans that it was given, in order.
pub struct Driver {
    pub guard: Guard,
    pub made: Vec<u64>,
    dispatch: Dispatch,
}

impl Driver {
    /// Starts a pipeline that sends only when flushed, unless `tune` wants it otherwise.
    pub fn start(url: &str, tune: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = Builder::without_environment().ml_app("faults").agentless(true).api_key("test-key");
        let builder = builder.override_origin(url).flush_interval(Duration::from_secs(3_600));
        let (layer, guard) = tune(builder).start().unwrap();
        Self { guard, made: Vec::new(), dispatch: Dispatch::new(tracing_subscriber::registry().with(layer)) }
    }

    /// Opens and closes this many spans, each a trace of its own.
    pub fn emit(&mut self, spans: usize) {
        self.emit_inputs(spans, "0123456789abcdef");
    }

    /// Opens and closes this many spans with this input.
    pub fn emit_inputs(&mut self, spans: usize, input: &str) {
        tracing::dispatcher::with_default(&self.dispatch, || {
            for _ in 0..spans {
                let span = tracing::info_span!("step", llmobs.kind = "task", llmobs.input = input);
                self.made.push(span.llmobs_context().unwrap().span_id.as_u64());
            }
        });
    }

    /// Emits a span each `1/rate` seconds until `end`.
    pub fn emit_steadily(&mut self, rate: u32, end: Instant) {
        let (begin, mut made) = (Instant::now(), 0);
        while Instant::now() < end {
            let due = usize::try_from(begin.elapsed().as_millis() * u128::from(rate) / 1_000).unwrap();
            self.emit(due.saturating_sub(made));
            made = due;
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn handle(&self) -> Handle {
        self.guard.handle()
    }
}

/// Runs `story` for each row, several at a time: most of them only wait.
pub fn side_by_side<T: Send>(rows: impl IntoIterator<Item = T>, threads: usize, story: impl Fn(T) + Sync) {
    let rows: Vec<T> = rows.into_iter().collect();
    let rows = std::sync::Mutex::new(rows.into_iter());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let row = rows.lock().unwrap().next();
                    let Some(row) = row else { return };
                    story(row);
                }
            });
        }
    });
}

/// Waits until `holds` returns true; fails after [`SOON`].
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the number in a variable, for the long form of a test.
pub fn scaled(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}
