//! Spans that come to light in a span stand below it, directly behind it, and whoever waits for the one waits for the other.

use std::pin::pin;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tracing::info_span;
use tracing_subscriber::prelude::*;

use crate::capture::LlmObsSpanExt;
use crate::testing;
use llmobs_model::{AgentAttribution, Annotation, SpanKind};

/// A span in which two others came to pass, one inside the other.
fn with_inner(kind: &'static str) {
    let tool = Annotation::new().kind(SpanKind::Tool).name("tool");
    let step = Annotation::new().kind(SpanKind::Workflow).name("step").synthesized_span(tool);
    let span = info_span!("outer", llmobs.kind = kind, llmobs.name = "guide");
    assert!(span.annotate(Annotation::new().synthesized_span(step)));
}

#[test]
fn a_flush_ends_when_what_was_found_has_left_whatever_came_later() {
    let (at, places) = channel();
    let (go, gone) = channel::<()>();
    let gone = Mutex::new(gone);
    let settings = crate::Builder::without_environment().ml_app("app").processor(move |span: &mut crate::SpanEvent| {
        if span.name == "first" || span.name == "tool" {
            at.send(span.name.clone()).unwrap();
            gone.lock().unwrap().recv().unwrap();
        }
    });
    let (layer, recorder) = testing::recorder_of(settings).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        drop(info_span!("first", llmobs.kind = "task"));
        assert_eq!(places.recv().unwrap(), "first");
        with_inner("llm");
        let handle = recorder.handle();
        let mut flush = pin!(handle.flush_async(Duration::from_secs(60)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(flush.as_mut().poll(&mut context).is_pending());
        drop(info_span!("last", llmobs.kind = "task"));
        go.send(()).unwrap();
        assert_eq!(places.recv().unwrap(), "tool");
        assert!(flush.as_mut().poll(&mut context).is_pending(), "the tool has not left");
        go.send(()).unwrap();
        handle.flush(Duration::from_secs(60)).unwrap();
        assert!(matches!(flush.poll(&mut context), Poll::Ready(Ok(outcome)) if outcome.is_complete()));
        let stats = handle.stats();
        assert!(stats.is_balanced() && stats.delivered == 5, "{stats:?}");
    });
    let names: Vec<String> = recorder.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["first", "guide", "step", "tool", "last"]);
}

#[test]
fn what_was_found_leaves_with_its_span_however_much_there_is() {
    // As many as the worker reads before it looks around, and one of them the last.
    for (spans_before, steps) in [(0, super::MAX_CHILDREN), (127, 1), (126, 2)] {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            (0..spans_before).for_each(|_| drop(info_span!("first", llmobs.kind = "task")));
            let span = info_span!("outer", llmobs.kind = "llm", llmobs.name = "guide");
            for number in 0..steps {
                let tool = Annotation::new().kind(SpanKind::Tool).name(format!("tool {number}"));
                assert!(span.annotate(Annotation::new().synthesized_span(tool)));
            }
            drop(span);
            recorder.handle().flush(Duration::from_secs(60)).unwrap();
        });
        let stats = recorder.handle().stats();
        let expected = u64::try_from(spans_before + 1 + steps).unwrap();
        assert!(stats.is_balanced() && stats.delivered == expected, "{spans_before} {steps} {stats:?}");
    }
}

#[test]
fn what_came_to_pass_in_an_agent_is_the_work_of_that_agent() {
    for kind in ["agent", "llm"] {
        let (layer, recorder) = testing::recorder();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            info_span!("above", llmobs.kind = "agent").in_scope(|| with_inner(kind));
        });
        let agent = if kind == "agent" { "guide" } else { "above" };
        let expected = AgentAttribution::new(Some(agent), recorder.span(agent).span_id);
        for name in ["step", "tool"] {
            assert_eq!(recorder.span(name).agent_attribution, Some(expected.clone()), "{kind} {name}");
        }
    }
}
