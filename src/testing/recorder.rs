//! A recorder that keeps the spans of a layer in memory.

use std::fmt::Write as _;
use std::sync::mpsc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;

use crate::builder::Builder;
use crate::capture::LlmObsLayer;
use crate::clock::{Clock, ManualClock};
use crate::error::ConfigError;
use crate::guard::{Guard, Handle};
use crate::recording::CapturedItem;
use crate::recording::IdSource;
use llmobs_model::{SpanEvent, SpanId, Status};

/// Keeps the spans of one layer in memory.
///
/// Ids count up from `0xF0` in the order in which spans start, and the clock stands still until it is moved.
///
/// # Example
///
/// ```
/// use tracing_llmobs::testing;
/// use tracing_subscriber::prelude::*;
///
/// let (layer, recorder) = testing::recorder();
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     let ask = tracing::info_span!("ask", llmobs.kind = "workflow").entered();
///     tracing::info_span!("chat", llmobs.kind = "llm", llmobs.input = "hi").in_scope(|| {});
///     drop(ask);
/// });
/// assert_eq!(recorder.tree(), "workflow ask\n  llm chat\n");
/// assert_eq!(recorder.spans()[0].name, "chat");
/// ```
#[derive(Debug)]
pub struct Recorder {
    guard: Guard,
    clock: ManualClock,
    captured: Mutex<mpsc::Receiver<CapturedItem>>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    spans: Vec<SpanEvent>,
    evaluations: Vec<Value>,
}

/// Creates a layer and the recorder of its spans; the application is called `test-app`, the environment is ignored.
pub fn recorder<S>() -> (LlmObsLayer<S>, Recorder)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let settings = Builder::without_environment().ml_app("test-app");
    match recorder_of(settings) {
        Ok(started) => started,
        // The thread could not be started: then there is nothing to record into, and every assertion says so.
        Err(_) => (None, Recorder::unstarted()),
    }
}

/// Creates a layer with these settings, and the recorder of its spans.
///
/// # Errors
///
/// [`ConfigError`], as [`Builder::start`].
pub fn recorder_of<S>(mut settings: Builder) -> Result<(LlmObsLayer<S>, Recorder), ConfigError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let (tx, captured) = mpsc::channel();
    let clock = ManualClock::new();
    settings.parts.clock = Clock::Manual(clock.clone());
    settings.parts.ids = IdSource::sequence();
    settings.parts.memory = Some(tx);
    let (layer, guard) = settings.start()?;
    Ok((layer, Recorder { guard, clock, captured: Mutex::new(captured), seen: Mutex::default() }))
}

impl Recorder {
    fn unstarted() -> Self {
        let (_, captured) = mpsc::channel();
        let clock = ManualClock::new();
        Self { guard: Guard::inert(), clock, captured: Mutex::new(captured), seen: Mutex::default() }
    }

    /// Returns all spans that have ended so far, in the order in which they ended.
    pub fn spans(&self) -> Vec<SpanEvent> {
        self.with_seen(|seen| seen.spans.clone())
    }

    /// Returns all evaluations and feedback that were submitted so far, in the shape of the wire.
    pub fn evaluations(&self) -> Vec<Value> {
        self.with_seen(|seen| seen.evaluations.clone())
    }

    fn with_seen<T>(&self, read: impl FnOnce(&Seen) -> T) -> T {
        // After a flush that times out a span is missing, which the test sees.
        drop(self.guard.flush(Duration::from_secs(10)));
        let mut seen = self.seen.lock();
        for item in self.captured.lock().try_iter() {
            match item {
                CapturedItem::Span(span) => seen.spans.push(*span),
                CapturedItem::Evaluation(evaluation) => seen.evaluations.push(evaluation),
            }
        }
        read(&seen)
    }

    /// Returns the span of this name.
    ///
    /// # Panics
    ///
    /// When there is none, or more than one. The message has the tree of all spans, and the line of the caller.
    #[track_caller]
    #[expect(clippy::panic, reason = "it is an assertion")]
    pub fn span(&self, name: &str) -> SpanEvent {
        let spans = self.spans();
        let mut found = spans.iter().filter(|span| span.name == name);
        match (found.next(), found.count()) {
            (Some(span), 0) => span.clone(),
            (None, _) => panic!("no span is called {name:?} in\n{}", tree(&spans)),
            (Some(_), others) => panic!("{} spans are called {name:?} in\n{}", others.saturating_add(1), tree(&spans)),
        }
    }

    /// Formats the spans as a tree, to compare with a text; see [`tree`].
    pub fn tree(&self) -> String {
        tree(&self.spans())
    }

    /// Returns the clock of the layer.
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Returns the handle of the layer's exporter.
    pub fn handle(&self) -> Handle {
        self.guard.handle()
    }
}

/// Formats spans as a tree: one line each with kind and name, two spaces deeper than the parent, siblings in the order
/// in which they started, ` error` behind those that failed.
///
/// A span whose parent is not among them is not indented.
pub fn tree(spans: &[SpanEvent]) -> String {
    let mut sorted: Vec<&SpanEvent> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.start_ns, span.span_id));
    let is_here = |id: SpanId| sorted.iter().any(|span| span.span_id == id);
    let mut out = String::new();
    let mut open: Vec<(usize, &SpanEvent)> = Vec::new();
    let roots = sorted.iter().filter(|span| !span.parent_id.is_some_and(is_here));
    open.extend(roots.rev().map(|span| (0, *span)));
    while let Some((depth, span)) = open.pop() {
        let failed = if span.status == Status::Error { " error" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{:indent$}{} {}{failed}", "", span.kind, span.name, indent = depth.saturating_mul(2));
        let children = sorted.iter().filter(|child| child.parent_id == Some(span.span_id));
        open.extend(children.rev().map(|child| (depth.saturating_add(1), *child)));
    }
    out
}
