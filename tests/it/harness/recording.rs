//! Programs run under a recorder of their own, on this thread.

use serde_json::Value;
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Builder, Content, Problem, SpanEvent};
use tracing_subscriber::prelude::*;

/// Runs `program` under our layer alone.
pub fn record(program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    recorder
}

/// Runs `program` under our layer alone, with settings.
pub fn record_with(settings: Builder, program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder_of(settings.ml_app("test-app")).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    recorder
}

/// Runs `program` beside a layer that enables every span, so that non-LLM spans exist.
pub fn record_beside_fmt(program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder();
    let others = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(others), program);
    recorder
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
