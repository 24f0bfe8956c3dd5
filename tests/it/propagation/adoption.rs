//! Spans below a parent in another process.

use tracing::info_span;
use tracing_llmobs::propagation::{extract, inject};
use tracing_llmobs::{Annotation, Builder, LlmObsSpanExt, Problem, SpanContext, current_context};

use crate::harness::recording;

/// A caller's LLM span.
fn caller() -> SpanContext {
    let text = "66d4c80000000000a1b2c3d4e5f60718:42;ml_app=caller-app;session_id=caller-session;\
                sample_rate=0.25;keep=0;agent_id=41;agent=planner;apm_trace_id=66d4c8000000000000000000000003e8";
    text.parse().unwrap()
}

/// A caller that has no LLM span.
fn apm_caller() -> SpanContext {
    "66d4c8000000000000000000000003e8:2000;llm=0;ml_app=caller-app;session_id=caller-session".parse().unwrap()
}

#[test]
fn a_span_below_a_caller_is_part_of_its_trace_and_so_is_what_starts_below() {
    let recorder = recording::record(|| {
        let work = info_span!("work", llmobs.kind = "workflow");
        assert!(work.set_llmobs_parent(caller()));
        drop(info_span!(parent: &work, "step", llmobs.kind = "task"));
        drop(info_span!("another trace", llmobs.kind = "task"));
    });
    let (work, step) = (recorder.span("work"), recorder.span("step"));
    assert_eq!((work.parent_id, step.parent_id), (Some(caller().span_id), Some(work.span_id)));
    for span in [&work, &step] {
        assert_eq!(span.trace_id, caller().trace_id);
        assert_eq!(span.session_id.as_deref(), Some("caller-session"));
        assert_eq!(span.tags.get("ml_app"), Some("caller-app"));
        assert_eq!(span.sampling, caller().sampling);
        assert_eq!(span.agent_attribution, caller().agent);
        assert_eq!(span.apm_trace_id.as_ref().unwrap().to_string(), "66d4c8000000000000000000000003e8");
    }
    let other = recorder.span("another trace");
    assert_eq!(
        (other.parent_id, other.session_id.as_deref(), other.tags.get("ml_app")),
        (None, None, Some("test-app"))
    );
}

#[test]
fn what_a_span_says_itself_wins_over_its_caller_before_and_after() {
    let recorder = recording::record(|| {
        let before = info_span!("before", llmobs.kind = "task", llmobs.session_id = "own", llmobs.ml_app = "own-app");
        assert!(before.set_llmobs_parent(caller()));
        let after = info_span!("after", llmobs.kind = "task");
        assert!(after.set_llmobs_parent(caller()));
        after.annotate(Annotation::new().session_id("own").ml_app("own-app"));
    });
    for name in ["before", "after"] {
        let span = recorder.span(name);
        assert_eq!((span.session_id.as_deref(), span.tags.get("ml_app")), (Some("own"), Some("own-app")), "{name}");
        assert_eq!(span.parent_id, Some(caller().span_id), "{name}");
    }
}

#[test]
fn a_caller_without_an_llm_span_gives_its_names_but_no_parent() {
    let recorder = recording::record(|| {
        let work = info_span!("work", llmobs.kind = "workflow");
        assert!(work.set_llmobs_parent(apm_caller()));
        drop(info_span!(parent: &work, "step", llmobs.kind = "task"));
    });
    assert_eq!(recorder.tree(), "workflow work\n  task step\n");
    let work = recorder.span("work");
    assert_eq!((work.parent_id, work.session_id.as_deref()), (None, Some("caller-session")));
    assert_eq!(work.tags.get("ml_app"), Some("caller-app"));
    assert_ne!(work.trace_id, apm_caller().trace_id);
    assert!(work.sampling.is_some(), "a root decides");
}

#[test]
fn a_caller_that_has_not_decided_leaves_it_open() {
    let recorder = recording::record(|| {
        let undecided = SpanContext::new(caller().trace_id, caller().span_id);
        assert!(info_span!("work", llmobs.kind = "task").set_llmobs_parent(undecided));
    });
    assert_eq!(recorder.span("work").sampling, None);
}

#[test]
fn a_span_that_is_not_ours_carries_the_caller_to_those_below() {
    let recorder = recording::record_beside_fmt(|| {
        let request = info_span!("request").entered();
        assert!(request.set_llmobs_parent(caller()));
        let first = info_span!("first", llmobs.kind = "workflow").entered();
        drop(info_span!("below", llmobs.kind = "task"));
        drop(first);
        drop(info_span!("second", llmobs.kind = "task"));
        assert_eq!((current_context(), request.llmobs_context()), (None, None));
    });
    assert_eq!(recorder.tree(), "workflow first\n  task below\ntask second\n");
    for name in ["first", "second"] {
        let span = recorder.span(name);
        assert_eq!((span.parent_id, span.trace_id), (Some(caller().span_id), caller().trace_id), "{name}");
        assert_eq!(span.tags.get("ml_app"), Some("caller-app"), "{name}");
    }
}

#[test]
fn a_service_without_llm_spans_passes_its_caller_on() {
    drop(recording::record_beside_fmt(|| {
        let request = info_span!("request");
        assert!(request.set_llmobs_parent(caller()));
        let mut headers = http::HeaderMap::new();
        request.in_scope(|| assert!(inject(&info_span!("client"), &mut headers)));
        let told = extract(&headers).unwrap();
        assert_eq!((&told.trace_id, told.span_id), (&caller().trace_id, caller().span_id));
        assert_eq!((told.ml_app, told.session_id), (caller().ml_app, caller().session_id));
        assert_eq!((told.sampling, told.agent), (caller().sampling, caller().agent));
        assert_eq!(told.apm.unwrap().trace_id, caller().apm.unwrap().trace_id);
    }));
}

#[test]
fn the_nearest_parent_wins_whether_it_is_here_or_elsewhere() {
    let recorder = recording::record_beside_fmt(|| {
        let local = info_span!("local", llmobs.kind = "workflow").entered();
        let request = info_span!("request").entered();
        drop(info_span!("below local", llmobs.kind = "task"));
        assert!(request.set_llmobs_parent(caller()));
        let remote = info_span!("below caller", llmobs.kind = "task").entered();
        drop(info_span!("deepest", llmobs.kind = "task"));
        drop((remote, request, local));
    });
    assert_eq!(recorder.span("below local").parent_id, Some(recorder.span("local").span_id));
    assert_eq!(recorder.span("below caller").parent_id, Some(caller().span_id));
    assert_eq!(recorder.span("deepest").parent_id, Some(recorder.span("below caller").span_id));
}

#[test]
fn a_parent_that_comes_too_late_changes_nothing_and_is_counted() {
    let recorder = recording::record(|| {
        let work = info_span!("work", llmobs.kind = "workflow");
        drop(info_span!(parent: &work, "step", llmobs.kind = "task"));
        assert!(!work.set_llmobs_parent(caller()));
    });
    assert_eq!(recorder.tree(), "workflow work\n  task step\n");
    assert_eq!(recording::problems(&recorder), [(Problem::LateParent, 1)]);
}

#[test]
fn a_span_that_has_ended_or_that_nobody_sees_takes_no_parent() {
    drop(recording::record(|| {
        let ended = info_span!("ended", llmobs.kind = "task");
        ended.finish();
        assert!(!ended.set_llmobs_parent(caller()));
        assert!(!info_span!("nobody's").set_llmobs_parent(caller()));
    }));
    assert!(!info_span!("no subscriber", llmobs.kind = "task").set_llmobs_parent(caller()));
}

#[test]
fn a_context_outlives_its_span_and_is_a_parent_in_a_row_of_a_database() {
    let mut row = String::new();
    let recorder = recording::record_with(Builder::without_environment().sample_rate(0.0), || {
        let first = info_span!("first", llmobs.kind = "agent", llmobs.session_id = "s-1");
        first.in_scope(|| assert_eq!(current_context(), first.llmobs_context()));
        row = serde_json::to_string(&first.llmobs_context().unwrap()).unwrap();
        drop(first);
        let later = info_span!("later", llmobs.kind = "task");
        assert!(later.set_llmobs_parent(serde_json::from_str(&row).unwrap()));
    });
    let (first, later) = (recorder.span("first"), recorder.span("later"));
    assert_eq!((later.parent_id, &later.trace_id), (Some(first.span_id), &first.trace_id));
    assert_eq!((later.session_id.as_deref(), later.sampling), (Some("s-1"), first.sampling));
    let agent = later.agent_attribution.unwrap();
    assert_eq!((agent.name.as_deref(), agent.span_id), (Some("first"), first.span_id));
    assert_eq!(
        row,
        format!(
            "\"{}:{};ml_app=test-app;session_id=s-1;sample_rate=0;keep=0;agent_id={};agent=first\"",
            first.trace_id, first.span_id, first.span_id
        )
    );
}
