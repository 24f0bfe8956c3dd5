//! Events belong to the nearest LLM span around them by descent, whoever is entered, and a race has one winner.

use tracing::{Instrument, Span, error, info, info_span, instrument};
use tracing_llmobs::{Annotation, Content, LlmObsSpanExt, SpanKind, Status};

use crate::harness::recording::record_beside_fmt;

#[test]
fn an_event_in_a_span_of_others_on_another_thread_reaches_the_span_above() {
    let recorder = record_beside_fmt(|| {
        let work = info_span!("work", llmobs.kind = "workflow");
        let job = work.in_scope(|| info_span!("job"));
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let thread = std::thread::spawn(move || {
            tracing::dispatcher::with_default(&dispatch, || {
                job.in_scope(|| {
                    info!(llmobs.output = "done");
                    error!(error = "boom");
                });
            });
        });
        thread.join().unwrap();
    });
    let work = recorder.span("work");
    assert_eq!((work.output, work.status), (Some(Content::from("done")), Status::Error));
}

#[test]
fn an_event_whose_parent_is_a_span_of_others_reaches_the_span_above() {
    let recorder = record_beside_fmt(|| {
        let work = info_span!("work", llmobs.kind = "workflow");
        let hidden = work.in_scope(|| info_span!("hidden"));
        info!(parent: &hidden, llmobs.output = "explicit");
        let other = info_span!("other", llmobs.kind = "task").entered();
        hidden.in_scope(|| info!(llmobs.input = "contextual"));
        drop(other);
    });
    let work = recorder.span("work");
    assert_eq!((work.output, work.input), (Some(Content::from("explicit")), Some(Content::from("contextual"))));
    assert_eq!(recorder.span("other").input, None);
}

#[test]
fn an_event_in_a_task_reaches_the_span_above() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let recorder = record_beside_fmt(|| {
        let work = info_span!("work", llmobs.kind = "workflow");
        let task = work.in_scope(|| async { info!(llmobs.output = "task") }.instrument(info_span!("job")));
        runtime.block_on(task);
    });
    assert_eq!(recorder.span("work").output, Some(Content::from("task")));
}

#[instrument(fields(llmobs.kind = "tool"), err(level = "warn"))]
fn warns() -> Result<(), std::fmt::Error> {
    Err(std::fmt::Error)
}

#[test]
fn an_error_returned_at_warn_is_an_error_too_and_a_warning_from_elsewhere_is_not() {
    let recorder = record_beside_fmt(|| {
        assert!(warns().is_err());
        let fine = info_span!("fine", llmobs.kind = "task").entered();
        tracing::warn!(error = "not of this function");
        drop(fine);
    });
    assert_eq!(recorder.span("warns").status, Status::Error);
    assert_eq!(recorder.span("fine").status, Status::Ok);
}

#[test]
fn two_threads_that_make_a_span_ours_make_it_once() {
    let recorder = record_beside_fmt(|| {
        for _ in 0..200 {
            let span = info_span!("plain");
            let barrier = std::sync::Barrier::new(2);
            let annotate = |span: &Span| {
                barrier.wait();
                assert!(span.annotate(Annotation::new().kind(SpanKind::Task)));
            };
            std::thread::scope(|scope| {
                scope.spawn(|| annotate(&span));
                annotate(&span);
            });
        }
    });
    assert_eq!(recorder.spans().len(), 200);
    assert_eq!(recorder.handle().stats().open_spans, 0);
}
