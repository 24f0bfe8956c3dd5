//! Sampling of traces, and the service that decides.

use std::time::Duration;

use tracing::info_span;
use tracing_llmobs::{Annotation, Builder, LlmObsSpanExt, LossReason, Sampling, SpanContext, SpanId, TraceId, metric};

use crate::harness::recording::{Recorder, record_with};
use crate::harness::{Pipeline, SOON, receiver, to};

fn unsampled() -> Builder {
    Builder::without_environment().sample_rate(0.0)
}

/// A trace of two tools below an agent.
fn trace(second: Annotation) {
    let agent = info_span!("agent", llmobs.kind = "agent").entered();
    drop(info_span!("first", llmobs.kind = "tool"));
    info_span!("second", llmobs.kind = "tool").annotate(second);
    drop(agent);
}

/// The names of the spans, with their decisions.
fn decisions(recorder: &Recorder) -> Vec<(String, bool)> {
    recorder.spans().into_iter().map(|span| (span.name, span.sampling.unwrap().keep)).collect()
}

fn all(keep: bool) -> Vec<(String, bool)> {
    ["first", "second", "agent"].map(|name| (name.to_owned(), keep)).to_vec()
}

#[test]
fn without_further_settings_the_decision_is_only_sent() {
    assert_eq!(decisions(&record_with(unsampled(), || trace(Annotation::new()))), all(false));
}

#[test]
fn a_trace_can_be_dropped_here_and_is_counted() {
    let recorder = record_with(unsampled().drop_unsampled(true), || trace(Annotation::new()));
    assert_eq!(decisions(&recorder), []);
    let stats = recorder.handle().stats();
    assert_eq!((stats.accepted, stats.lost(LossReason::Sampling), stats.pending), (3, 3, 0));
    let recorder = record_with(unsampled().sample_rate(1.0).drop_unsampled(true), || trace(Annotation::new()));
    assert_eq!(decisions(&recorder), all(true));
}

#[test]
fn errors_slow_and_costly_spans_keep_their_whole_trace() {
    let error = || Annotation::new().error(&std::fmt::Error);
    let cost = |dollars: f64| Annotation::new().metric(metric::TOTAL_COST, dollars);
    let table = vec![
        ("errors", unsampled().keep_errors(), error(), true),
        ("no error", unsampled().keep_errors(), Annotation::new(), false),
        ("slow", unsampled().keep_slower_than(Duration::ZERO), Annotation::new(), true),
        ("fast", unsampled().keep_slower_than(Duration::from_secs(3_600)), Annotation::new(), false),
        ("costly", unsampled().keep_costlier_than(0.5), cost(0.5), true),
        ("cheap", unsampled().keep_costlier_than(0.5), cost(0.25), false),
        ("own rule", unsampled().keep_if(|span| span.name == "second"), Annotation::new(), true),
        ("second rule", unsampled().keep_if(|_| false).keep_errors(), error(), true),
    ];
    for (name, settings, second, keep) in table {
        for drops in [false, true] {
            let recorder = record_with(settings.clone().drop_unsampled(drops), || trace(second.clone()));
            let expected = if keep || !drops { all(keep) } else { Vec::new() };
            assert_eq!(decisions(&recorder), expected, "{name}, drops: {drops}");
            assert!(recorder.handle().stats().is_balanced());
        }
    }
}

#[test]
fn a_flush_does_not_wait_for_the_end_of_a_trace() {
    let intake = receiver();
    let settings = to(intake.url()).sample_rate(0.0).keep_errors().drop_unsampled(true);
    let pipeline = Pipeline::start(settings);
    tracing::dispatcher::with_default(&pipeline.dispatch, || {
        let agent = info_span!("agent", llmobs.kind = "agent").entered();
        drop(info_span!("before", llmobs.kind = "tool"));
        pipeline.guard.flush(SOON).unwrap();
        let stats = pipeline.guard.handle().stats();
        assert_eq!((stats.lost(LossReason::Sampling), stats.pending), (1, 0));
        drop(info_span!("after", llmobs.kind = "tool"));
        info_span!("failed", llmobs.kind = "tool").annotate(Annotation::new().error(&std::fmt::Error));
        drop(agent);
    });
    pipeline.guard.flush(SOON).unwrap();
    let names: Vec<_> = intake.spans().into_iter().map(|span| span.event.name).collect();
    assert_eq!(names, ["failed", "agent"]);
    assert!(pipeline.guard.handle().stats().is_balanced());
}

#[test]
fn a_trace_whose_root_is_elsewhere_does_not_wait_for_it() {
    let caller = SpanContext::new(TraceId::new(9), SpanId::new(7).unwrap());
    let mut caller = caller;
    caller.sampling = Some(Sampling::new(0.0, false));
    for (fails, kept) in [(true, true), (false, false)] {
        let intake = receiver();
        let settings = to(intake.url()).flush_interval(Duration::from_millis(20)).keep_errors();
        let pipeline = Pipeline::start(settings);
        tracing::dispatcher::with_default(&pipeline.dispatch, || {
            // The span of a server's middleware: it carries the caller's context and is none of ours.
            let request = info_span!("request", llmobs.ml_app = tracing::field::Empty);
            assert!(request.set_llmobs_parent(caller.clone()));
            let _request = request.entered();
            let _work = info_span!("work", llmobs.kind = "workflow").entered();
            let step = info_span!("step", llmobs.kind = "task");
            assert!(!fails || step.annotate(Annotation::new().error(&std::fmt::Error)));
        });
        // Nobody flushes.
        let spans = intake.wait_for_spans(2, SOON);
        let found: Vec<_> =
            spans.iter().map(|span| (span.event.name.as_str(), span.event.sampling.unwrap().keep)).collect();
        assert_eq!(found, [("step", kept), ("work", kept)]);
    }
}

#[test]
fn nothing_that_is_held_is_lost_at_shutdown() {
    let intake = receiver();
    let pipeline = Pipeline::start(to(intake.url()).sample_rate(0.0).keep_errors());
    let handle = pipeline.guard.handle();
    tracing::dispatcher::with_default(&pipeline.dispatch, || {
        let agent = info_span!("agent", llmobs.kind = "agent").entered();
        drop(info_span!("tool", llmobs.kind = "tool"));
        pipeline.guard.shutdown(SOON).unwrap();
        drop(agent);
    });
    assert_eq!(intake.spans().len(), 1);
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.lost_total(), stats.lost(LossReason::Closed)), (1, 0, 1));
}

/// The decision of the other SDKs, computed from the id that is sent.
fn decision(apm_trace_id: &str, rate_inverse: u64) -> &'static str {
    let low = u64::from_str_radix(&apm_trace_id[16..], 16).unwrap();
    let hash = low.wrapping_mul(1_111_111_111_111_111_111);
    let threshold = u64::MAX / rate_inverse;
    if hash <= threshold { "1" } else { "0" }
}

#[test]
fn every_trace_is_sent_with_its_decision() {
    let intake = receiver();
    let pipeline = Pipeline::start(to(intake.url()).sample_rate(0.5));
    pipeline.emit(200);
    pipeline.guard.flush(SOON).unwrap();
    let sent: Vec<_> = intake.spans().into_iter().map(|span| span.json()["_dd"].clone()).collect();
    assert_eq!(sent.len(), 200);
    for inner in &sent {
        assert_eq!(inner["sample_rate"], "0.5");
        assert_eq!(inner["sampling_decision"], decision(inner["apm_trace_id"].as_str().unwrap(), 2));
    }
    let kept = sent.iter().filter(|inner| inner["sampling_decision"] == "1").count();
    // Outside of this once in a billion.
    assert!((55..=145).contains(&kept), "{kept}");
}
