//! The workloads, the same for every variant.

use std::str::FromStr;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use tracing::field::Empty;
use tracing::{debug_span, info_span};
use tracing_llmobs::{Annotation, LlmObsSpanExt};

use crate::text::Texts;

/// A workload of `README.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workload {
    /// A root with 10 fields and five late records, 1 kB in and 1 kB out, and two children of 4 fields.
    W1,
    /// W1, with the late values given by `annotate`.
    W1Annotate,
    /// W1, with an input of 100 kB.
    W2,
    /// W1Annotate, with an input of 100 kB.
    W2Annotate,
    /// A span without a field of ours, which another layer wants.
    W3,
    /// A span below every level.
    W4,
    /// A span without a field of ours, which nobody else wants.
    W4Unwanted,
    /// W1 from 8 threads, 2000 times each.
    W5,
}

impl Workload {
    /// All of them with their names.
    pub const ALL: [(&str, Self); 8] = [
        ("w1", Self::W1),
        ("w1-annotate", Self::W1Annotate),
        ("w2", Self::W2),
        ("w2-annotate", Self::W2Annotate),
        ("w3", Self::W3),
        ("w4", Self::W4),
        ("w4-unwanted", Self::W4Unwanted),
        ("w5", Self::W5),
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, workload)| *workload == self).map_or("", |(name, _)| name)
    }

    /// Iterations between two flushes: so many that no queue of any variant is full before, except in W5.
    pub fn sample(self) -> u64 {
        match self {
            Self::W5 => THREADS * ITERATIONS_PER_THREAD,
            Self::W3 | Self::W4 | Self::W4Unwanted => 512,
            Self::W1 | Self::W1Annotate | Self::W2 | Self::W2Annotate => 128,
        }
    }

    /// Spans of ours in one iteration.
    pub fn spans(self) -> u64 {
        match self {
            Self::W1 | Self::W1Annotate | Self::W2 | Self::W2Annotate | Self::W5 => 3,
            Self::W3 | Self::W4 | Self::W4Unwanted => 0,
        }
    }

    /// The texts it records.
    pub fn texts(self) -> Texts {
        let large = matches!(self, Self::W2 | Self::W2Annotate);
        Texts::new(if large { 100_000 } else { 1000 }, 1000)
    }

    /// Does it so often and returns how long the closing threads took.
    #[inline(never)]
    pub fn run(self, iterations: u64, texts: &Texts) -> Duration {
        match self {
            Self::W1 | Self::W2 => timed(iterations, || chat(texts)),
            Self::W1Annotate | Self::W2Annotate => timed(iterations, || chat_annotated(texts)),
            Self::W3 | Self::W4Unwanted => timed(iterations, unrelated),
            Self::W4 => timed(iterations, verbose),
            Self::W5 => threads(iterations / THREADS, texts),
        }
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found.map(|(_, workload)| *workload).ok_or_else(|| format!("no such workload: {text}"))
    }
}

/// W1 and W2: three spans.
pub fn chat(texts: &Texts) {
    let root = info_span!(
        "chat",
        llmobs.kind = "llm",
        llmobs.name = "chat-completion",
        llmobs.model_name = "gpt-4o-mini",
        llmobs.model_provider = "openai",
        llmobs.session_id = "session-0123456789",
        llmobs.ml_app = "bench-app",
        llmobs.metadata.temperature = 0.2,
        llmobs.metadata.max_tokens = 512,
        llmobs.tags.team = "search",
        llmobs.tags.tier = "gold",
        llmobs.input = Empty,
        llmobs.output = Empty,
        llmobs.metrics.input_tokens = Empty,
        llmobs.metrics.output_tokens = Empty,
        llmobs.metrics.total_tokens = Empty,
    );
    let entered = root.enter();
    children();
    root.record("llmobs.input", texts.input.as_str());
    root.record("llmobs.output", texts.output.as_str());
    root.record("llmobs.metrics.input_tokens", 230_u64);
    root.record("llmobs.metrics.output_tokens", 210_u64);
    root.record("llmobs.metrics.total_tokens", 440_u64);
    drop(entered);
}

/// The three spans of W1, recorded through `annotate`.
fn chat_annotated(texts: &Texts) {
    let root = info_span!(
        "chat",
        llmobs.kind = "llm",
        llmobs.name = "chat-completion",
        llmobs.model_name = "gpt-4o-mini",
        llmobs.model_provider = "openai",
        llmobs.session_id = "session-0123456789",
        llmobs.ml_app = "bench-app",
        llmobs.metadata.temperature = 0.2,
        llmobs.metadata.max_tokens = 512,
        llmobs.tags.team = "search",
        llmobs.tags.tier = "gold",
    );
    let entered = root.enter();
    children();
    root.annotate(
        Annotation::new()
            .input(texts.input.as_str())
            .output(texts.output.as_str())
            .metric("input_tokens", 230)
            .metric("output_tokens", 210)
            .metric("total_tokens", 440),
    );
    drop(entered);
}

fn children() {
    drop(
        info_span!(
            "search",
            llmobs.kind = "tool",
            llmobs.name = "vector-search",
            llmobs.tags.step = "retrieve",
            llmobs.metadata.attempt = 1,
        )
        .entered(),
    );
    drop(
        info_span!(
            "rank",
            llmobs.kind = "task",
            llmobs.name = "rerank",
            llmobs.tags.step = "rank",
            llmobs.metadata.attempt = 1,
        )
        .entered(),
    );
}

/// A span whose event is two kilobytes large.
pub fn two_kilobytes(texts: &Texts) {
    drop(info_span!(
        "chat",
        llmobs.kind = "llm",
        llmobs.model_name = "gpt-4o-mini",
        llmobs.model_provider = "openai",
        llmobs.input = texts.input.as_str(),
        llmobs.output = texts.output.as_str(),
        llmobs.metrics.input_tokens = 230_u64,
        llmobs.metrics.output_tokens = 210_u64,
    ));
}

fn unrelated() {
    drop(info_span!("handle", method = "GET", status = 200).entered());
}

fn verbose() {
    drop(debug_span!("handle", method = "GET", status = 200).entered());
}

fn timed(iterations: u64, mut each: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..iterations {
        each();
    }
    start.elapsed()
}

/// From the first that begins to the last that ends.
fn threads(iterations: u64, texts: &Texts) -> Duration {
    let ready = Barrier::new(THREADS as usize);
    let one = || {
        ready.wait();
        let start = Instant::now();
        (0..iterations).for_each(|_| chat(texts));
        (start, Instant::now())
    };
    let times: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().expect("it only makes spans")).collect()
    });
    let start = times.iter().map(|(start, _)| *start).min();
    let end = times.iter().map(|(_, end)| *end).max();
    start.zip(end).map_or(Duration::ZERO, |(start, end)| end - start)
}

const THREADS: u64 = 8;
const ITERATIONS_PER_THREAD: u64 = 2000;
