//! Programs on a stage: run below a recorder of their own, on this thread.

use serde_json::Value;
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Builder, Content, Problem, SpanEvent};
use tracing_subscriber::prelude::*;

/// The recorder of what the program did, where our layer is the only one.
pub fn alone(program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    recorder
}

/// The same with settings.
pub fn alone_with(settings: Builder, program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder_of(settings.ml_app("test-app")).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    recorder
}

/// The same beside a layer that wants every span, so that there are spans that are not ours.
pub fn in_company(program: impl FnOnce()) -> Recorder {
    let (layer, recorder) = testing::recorder();
    let others = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(others), program);
    recorder
}

/// A runtime of one thread, for async programs that stay below their recorder.
pub fn block_on<T>(program: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(program)
}

/// The only span of the program.
pub fn only(recorder: &Recorder) -> SpanEvent {
    let mut spans = recorder.spans();
    assert_eq!(spans.len(), 1, "{}", recorder.tree());
    spans.remove(0)
}

pub fn text(text: &str) -> Option<Content> {
    Some(Content::from(text))
}

pub fn metadata(span: &SpanEvent) -> Value {
    Value::Object(span.metadata.clone())
}

/// The metrics as JSON, which keeps integers and floats apart.
pub fn metrics(span: &SpanEvent) -> Value {
    span.metrics.iter().map(|(name, number)| (name.to_owned(), Value::Number(number.clone()))).collect()
}

/// The problems that were met, with their counts.
pub fn problems(recorder: &Recorder) -> Vec<(Problem, u64)> {
    // Some are only found when the worker reads what was said.
    drop(recorder.spans());
    let stats = recorder.handle().stats();
    assert!(stats.is_balanced(), "{stats:?}");
    Problem::ALL.into_iter().map(|one| (one, stats.problems(one))).filter(|(_, count)| *count > 0).collect()
}
