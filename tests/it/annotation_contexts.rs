//! `annotation_context()`: what spans that start inside a scope say, and who is not meant.

use std::sync::Arc;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tracing::instrument::WithSubscriber as _;
use tracing::{Dispatch, info_span};
use tracing_llmobs::{
    AgentManifest, Annotation, Builder, LlmObsSpanExt, Problem, Prompt, SpanEvent, SpanKind, annotation_context,
    testing,
};
use tracing_subscriber::prelude::*;

use crate::harness::recording::{block_on, only_span, problems, record, record_beside_fmt, record_with};

fn tag(span: &SpanEvent) -> Option<&str> {
    span.tags.get("who")
}

fn task(name: &str) {
    drop(info_span!("t", llmobs.kind = "task", llmobs.name = name));
}

#[test]
fn only_spans_that_start_inside_are_meant() {
    let recorder = record(|| {
        let before = info_span!("t", llmobs.kind = "task", llmobs.name = "before");
        let after = annotation_context().tag("who", "inside").scope(|| {
            task("inside");
            before.annotate(Annotation::new().output("o"));
            info_span!("t", llmobs.kind = "task", llmobs.name = "ends outside")
        });
        task("after");
        after.annotate(Annotation::new().output("o"));
    });
    let names = ["before", "inside", "ends outside", "after"];
    let got = names.map(|name| tag(&recorder.span(name)).map(str::to_owned));
    assert_eq!(got.each_ref().map(Option::as_deref), [None, Some("inside"), Some("inside"), None]);
}

#[test]
fn inner_contexts_win_and_the_span_itself_wins_most() {
    let recorder = record(|| {
        let outer = annotation_context().tag("who", "outer").tag("kept", "outer").name("context");
        outer.prompt(Prompt::new("p").version("1").variable("x", 1)).scope(|| {
            annotation_context().tag("who", "inner").prompt(Prompt::unnamed().version("2")).scope(|| {
                drop(info_span!("llm", llmobs.kind = "llm"));
                let own = info_span!("llm", llmobs.kind = "llm", llmobs.name = "own", llmobs.tags.who = "field");
                own.annotate(Annotation::new().prompt(Prompt::new("own")));
            });
        });
    });
    let (context, own) = (recorder.span("context"), recorder.span("own"));
    assert_eq!((tag(&context), context.tags.get("kept")), (Some("inner"), Some("outer")));
    assert_eq!((tag(&own), own.tags.get("kept")), (Some("field"), Some("outer")));
    let prompts = [context, own].map(|span| {
        let prompt = span.prompt.unwrap();
        (prompt.id, prompt.version, prompt.variables.len())
    });
    let expected = |id: &str| (Some(id.to_owned()), Some("2".to_owned()), 1);
    assert_eq!(prompts, [expected("p"), expected("own")]);
}

#[test]
fn each_kind_gets_what_it_has_and_nobody_complains() {
    for &kind in SpanKind::ALL {
        let recorder = record(|| {
            let context = annotation_context().prompt(Prompt::new("p")).tag("who", "x").cost_tags(["who"]);
            let context = context.agent_version("2").agent_manifest(AgentManifest::new().model("m"));
            context.scope(|| drop(info_span!("t", llmobs.kind = kind.as_str())));
        });
        let span = only_span(&recorder);
        assert_eq!((tag(&span), &span.cost_tags[..]), (Some("x"), &["who".into()][..]), "{kind}");
        let got = (span.prompt.is_some(), span.agent_manifest.is_some(), span.tags.get("agent_version").is_some());
        let (llm, agent) = (kind == SpanKind::Llm, kind == SpanKind::Agent);
        assert_eq!(got, (llm, agent, agent), "{kind}");
        assert_eq!(problems(&recorder), [], "{kind}");
    }
}

#[test]
fn a_context_does_not_pass_its_prompt_on_beyond_its_scope() {
    let recorder = record(|| {
        let workflow =
            annotation_context().prompt(Prompt::new("p")).scope(|| info_span!("wf", llmobs.kind = "workflow"));
        workflow.in_scope(|| drop(info_span!("llm", llmobs.kind = "llm")));
    });
    assert!(recorder.span("llm").prompt.is_none());
}

#[test]
fn guards_may_be_dropped_in_any_order() {
    let recorder = record(|| {
        let (first, second) =
            (annotation_context().tag("who", "first").enter(), annotation_context().tag("who", "second").enter());
        task("both");
        drop(first);
        task("second");
        drop(second);
        task("none");
    });
    let got = ["both", "second", "none"].map(|name| tag(&recorder.span(name)).map(str::to_owned));
    assert_eq!(got.each_ref().map(Option::as_deref), [Some("second"), Some("second"), None]);
}

#[test]
fn a_panic_ends_the_scope() {
    let recorder = record(|| {
        let inside = || annotation_context().tag("who", "x").scope(|| std::panic::panic_any("expected"));
        assert!(std::panic::catch_unwind(inside).is_err());
        task("after");
    });
    assert_eq!(tag(&recorder.span("after")), None);
}

#[test]
fn a_guard_within_a_trace_is_for_that_trace_only() {
    let recorder = record_beside_fmt(|| {
        let root = info_span!("t", llmobs.kind = "workflow", llmobs.name = "root").entered();
        let foreign = info_span!("foreign").entered();
        let _context = annotation_context().tag("who", "x").enter();
        task("same trace");
        drop(info_span!(parent: None, "t", llmobs.kind = "task", llmobs.name = "other trace"));
        drop((foreign, root));
        task("after the trace");
    });
    let got = ["same trace", "other trace", "after the trace"].map(|name| tag(&recorder.span(name)).map(str::to_owned));
    assert_eq!(got.each_ref().map(Option::as_deref), [Some("x"), None, None]);
}

#[test]
fn a_plain_span_that_becomes_ours_inside_is_meant() {
    let recorder = record_beside_fmt(|| {
        let plain = info_span!("plain");
        annotation_context().tag("who", "x").scope(|| plain.annotate(Annotation::new().kind(SpanKind::Task)));
    });
    assert_eq!(tag(&recorder.span("plain")), Some("x"));
}

async fn step(name: String, barrier: Arc<Barrier>) {
    for round in 0..3 {
        // All are inside at the same time, and go on in an order that nobody knows.
        barrier.wait().await;
        task(&format!("{name} {round}"));
        tokio::task::yield_now().await;
    }
}

/// Many tasks, each with a context of its own or none.
async fn crowd() {
    let barrier = Arc::new(Barrier::new(8));
    let mut tasks = JoinSet::new();
    for number in 0..8 {
        let future = step(format!("task {number}"), Arc::clone(&barrier)).with_current_subscriber();
        if number % 2 == 0 {
            tasks.spawn(annotation_context().tag("who", number.to_string()).instrument(future));
        } else {
            tasks.spawn(future);
        }
    }
    tasks.join_all().await;
}

fn assert_nothing_leaked(spans: &[SpanEvent]) {
    assert_eq!(spans.len(), 24);
    for span in spans {
        let number: u32 = span.name.split(' ').nth(1).unwrap().parse().unwrap();
        let expected = number.is_multiple_of(2).then(|| number.to_string());
        assert_eq!(tag(span), expected.as_deref(), "{}", span.name);
    }
}

#[test]
fn concurrent_tasks_of_one_thread_do_not_share_a_context() {
    assert_nothing_leaked(&record(|| block_on(crowd())).spans());
}

#[test]
fn a_context_goes_from_thread_to_thread_with_its_future() {
    let (layer, recorder) = testing::recorder();
    let dispatch = Dispatch::new(tracing_subscriber::registry().with(layer));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(crowd().with_subscriber(dispatch)).await.unwrap() });
    assert_nothing_leaked(&recorder.spans());
}

#[test]
fn tasks_that_start_inside_begin_without_it_and_futures_nest() {
    let recorder = record(|| {
        block_on(annotation_context().tag("who", "outer").tag("kept", "outer").instrument(async {
            tokio::spawn(async { task("spawned") }).await.unwrap();
            annotation_context().tag("who", "inner").instrument(async { task("nested") }).await;
            task("outer");
        }));
    });
    let got = ["spawned", "nested", "outer"].map(|name| {
        let span = recorder.span(name);
        (tag(&span).map(str::to_owned), span.tags.get("kept").is_some())
    });
    assert_eq!(got, [(None, false), (Some("inner".to_owned()), true), (Some("outer".to_owned()), true)]);
}

#[test]
fn what_a_context_refuses_is_counted_at_each_span() {
    let recorder = record(|| annotation_context().tag(" ", "x").tag("who", "x").scope(|| task("t")));
    assert_eq!((tag(&only_span(&recorder)), problems(&recorder)), (Some("x"), vec![(Problem::Annotation, 1)]));
}

#[test]
fn a_context_stays_where_the_values_of_a_new_span_do_not_fit() {
    let settings = Builder::without_environment().open_spans_max_bytes(64 * 1024);
    let recorder = record_with(settings, || {
        annotation_context()
            .tag("who", "x")
            .scope(|| drop(info_span!("t", llmobs.kind = "task", llmobs.input = "x".repeat(200_000))));
    });
    assert_eq!((tag(&only_span(&recorder)), problems(&recorder)), (Some("x"), vec![(Problem::Oversize, 1)]));
}

#[test]
fn a_context_that_is_larger_than_a_span_is_left_out_and_counted() {
    let recorder = record(|| annotation_context().tag("who", "x".repeat(17 << 20)).scope(|| task("t")));
    assert_eq!((tag(&only_span(&recorder)), problems(&recorder)), (None, vec![(Problem::Oversize, 1)]));
}
