//! Programs run under a recorder of their own, on this thread.

use std::ops::Deref;

use serde_json::Value;
use tracing_llmobs::testing;
use tracing_llmobs::{Builder, Content, Problem, SpanEvent};
use tracing_subscriber::prelude::*;

use super::mutation::Mutation;

/// A recorder whose spans are broken where the process says so; see [`Mutation`].
#[derive(Debug)]
pub struct Recorder(testing::Recorder);

impl Recorder {
    pub fn new(recorder: testing::Recorder) -> Self {
        Self(recorder)
    }

    /// Returns all spans in the order in which they ended.
    pub fn spans(&self) -> Vec<SpanEvent> {
        let spans = self.0.spans();
        match Mutation::of_this_process() {
            Some(mutation) => spans.into_iter().map(|span| mutation.event(span)).collect(),
            None => spans,
        }
    }

    /// Returns the only span of this name.
    #[track_caller]
    pub fn span(&self, name: &str) -> SpanEvent {
        let mut found: Vec<_> = self.spans().into_iter().filter(|span| span.name == name).collect();
        assert_eq!(found.len(), 1, "spans that are called {name:?} in\n{}", self.tree());
        found.remove(0)
    }

    /// Returns evaluations and feedback as they would be on the wire.
    pub fn evaluations(&self) -> Vec<Value> {
        let evaluations = self.0.evaluations();
        match Mutation::of_this_process() {
            Some(mutation) => evaluations.into_iter().map(|one| mutation.evaluation(one)).collect(),
            None => evaluations,
        }
    }

    /// Returns the spans as a tree.
    pub fn tree(&self) -> String {
        testing::tree(&self.spans())
    }
}

impl Deref for Recorder {
    type Target = testing::Recorder;

    fn deref(&self) -> &testing::Recorder {
        &self.0
    }
}

/// Runs `program` under our layer alone.
pub fn record(program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    Recorder(recorder)
}

/// Runs `program` under our layer alone, with settings.
pub fn record_with(settings: Builder, program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder_of(settings.ml_app("test-app")).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    Recorder(recorder)
}

/// Runs `program` beside a layer that enables every span, so that non-LLM spans exist.
pub fn record_beside_fmt(program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder();
    let others = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(others), program);
    Recorder(recorder)
}

/// Runs a future on a single-threaded runtime, so that it stays under its recorder.
pub fn block_on<T>(program: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(program)
}

/// Returns the only span of the program.
pub fn only_span(recorder: &Recorder) -> SpanEvent {
    let mut spans = recorder.spans();
    assert_eq!(spans.len(), 1, "{}", recorder.tree());
    spans.remove(0)
}

/// Returns a text as content.
pub fn text(text: &str) -> Option<Content> {
    Some(Content::from(text))
}

/// Returns the metadata as JSON.
pub fn metadata(span: &SpanEvent) -> Value {
    Value::Object(span.metadata.clone())
}

/// Returns the metrics as JSON, which keeps integers and floats apart.
pub fn metrics(span: &SpanEvent) -> Value {
    span.metrics.iter().map(|(name, number)| (name.to_owned(), Value::Number(number.clone()))).collect()
}

/// Returns the problems that were counted.
pub fn problems(recorder: &Recorder) -> Vec<(Problem, u64)> {
    // The worker finds some of them, when it reads the recording.
    drop(recorder.spans());
    let stats = recorder.handle().stats();
    assert!(stats.is_balanced(), "{stats:?}");
    Problem::ALL.iter().copied().map(|one| (one, stats.problems(one))).filter(|(_, count)| *count > 0).collect()
}
