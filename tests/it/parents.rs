//! Parents of spans, and the context that children inherit.

use std::time::Duration;

use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};
use tracing_llmobs::testing::ManualClock;
use tracing_llmobs::{AgentAttribution, Annotation, Builder, LlmObsSpanExt, SpanId};
use tracing_subscriber::prelude::*;

use crate::harness::recording::{Recorder, block_on, record, record_beside_fmt, record_with};

fn ours(name: &'static str) -> Span {
    info_span!("span", llmobs.kind = "task", llmobs.name = name)
}

/// A program and the tree it makes.
type Case = (&'static str, fn(), &'static str);

#[test]
fn the_parent_is_the_nearest_span_of_ours() {
    let cases: [Case; 9] = [
        (
            "through spans of others",
            || {
                let _a = ours("a").entered();
                let _x = info_span!("x").entered();
                let _y = tracing::trace_span!("y").entered();
                drop(ours("b"));
            },
            "task a\n  task b\n",
        ),
        (
            "siblings below nothing of ours",
            || {
                let _x = info_span!("x").entered();
                drop(ours("a"));
                drop(ours("b"));
            },
            "task a\ntask b\n",
        ),
        (
            "an explicit parent beats the current span",
            || {
                let (a, _b) = (ours("a"), ours("b").entered());
                drop(info_span!(parent: &a, "c", llmobs.kind = "tool"));
                drop(info_span!(parent: a.id(), "d", llmobs.kind = "tool"));
            },
            "task a\n  tool c\n  tool d\ntask b\n",
        ),
        (
            "an explicit parent that is not ours",
            || {
                let a = ours("a");
                let x = info_span!(parent: &a, "x");
                drop(info_span!(parent: &x, "c", llmobs.kind = "tool"));
                drop(info_span!(parent: &info_span!(parent: None, "z"), "d", llmobs.kind = "tool"));
            },
            "task a\n  tool c\ntool d\n",
        ),
        (
            "no parent",
            || {
                let _a = ours("a").entered();
                drop(info_span!(parent: None, "c", llmobs.kind = "tool"));
            },
            "task a\ntool c\n",
        ),
        (
            "a disabled parent",
            || {
                let _a = ours("a").entered();
                drop(info_span!(parent: &Span::none(), "c", llmobs.kind = "tool"));
            },
            "task a\ntool c\n",
        ),
        (
            "a span that is not entered is nobody's parent",
            || {
                let _a = ours("a");
                drop(ours("b"));
            },
            "task a\ntask b\n",
        ),
        (
            "the innermost of those that are entered",
            || {
                let (a, b) = (ours("a").entered(), ours("b").entered());
                drop(a);
                drop(ours("c"));
                drop(b);
                drop(ours("d"));
            },
            "task a\n  task b\n    task c\ntask d\n",
        ),
        (
            "a span of an unknown kind and one without are passed over",
            || {
                let _a = ours("a").entered();
                let _u = info_span!("u", llmobs.kind = "chain").entered();
                let _k = info_span!("k", llmobs.kind = Empty).entered();
                drop(ours("b"));
            },
            "task a\n  task b\n",
        ),
    ];
    for (what, program, tree) in cases {
        assert_eq!(record_beside_fmt(program).tree(), tree, "beside others: {what}");
        // What is not there cannot be a parent; tests/it/layers.rs looks at that.
        if what != "an explicit parent that is not ours" {
            assert_eq!(record(program).tree(), tree, "alone: {what}");
        }
    }
}

#[test]
fn the_parent_follows_async_code_tasks_and_threads() {
    let recorder = record_beside_fmt(|| {
        block_on(async {
            async {
                tokio::task::yield_now().await;
                async { tokio::task::yield_now().await }.instrument(ours("awaited")).await;
                let handle = tokio::spawn(async { drop(ours("in task")) }.instrument(info_span!("x")));
                handle.await.unwrap();
                // A task that was not told its span has none.
                tokio::spawn(async { drop(ours("lost")) }).await.unwrap();
                let both = tokio::join!(
                    async { tokio::task::yield_now().await }.instrument(ours("left")),
                    async { tokio::task::yield_now().await }.instrument(ours("right")),
                );
                drop(both);
            }
            .instrument(ours("root"))
            .await;
        });
        let (root, dispatch) = (ours("other root"), tracing::dispatcher::get_default(Clone::clone));
        let threads: Vec<_> = ["thread 1", "thread 2"]
            .into_iter()
            .map(|name| {
                let (root, dispatch) = (root.clone(), dispatch.clone());
                std::thread::spawn(move || {
                    tracing::dispatcher::with_default(&dispatch, || root.in_scope(|| drop(ours(name))));
                })
                .join()
            })
            .collect();
        assert!(threads.into_iter().all(|thread| thread.is_ok()));
        // The span closes on another thread, and its child after it.
        let child = root.in_scope(|| ours("late"));
        std::thread::spawn(move || drop(root)).join().unwrap();
        std::thread::spawn(move || drop(child)).join().unwrap();
    });
    let tree = "task root\n  task awaited\n  task in task\n  task left\n  task right\ntask lost\n\
                task other root\n  task thread 1\n  task thread 2\n  task late\n";
    assert_eq!(recorder.tree(), tree);
}

#[test]
fn a_finished_span_is_nobodys_parent() {
    let recorder = record(|| {
        let a = ours("a");
        let b = info_span!(parent: &a, "b", llmobs.kind = "task");
        let before = info_span!(parent: &b, "before", llmobs.kind = "task");
        assert!(b.finish());
        let after = info_span!(parent: &b, "after", llmobs.kind = "task");
        assert!(a.finish());
        let last = info_span!(parent: &b, "last", llmobs.kind = "task");
        drop((a, b, before, after, last));
    });
    assert_eq!(recorder.tree(), "task a\n  task b\n    task before\n  task after\ntask last\n");
    assert_ne!(recorder.span("last").trace_id, recorder.span("a").trace_id);
}

#[test]
fn a_background_child_does_not_stretch_a_finished_span() {
    let (layer, recorder) = tracing_llmobs::testing::recorder();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let second = Duration::from_secs(1);
        let (finished, left) = (ours("finished"), ours("left"));
        let below_finished = info_span!(parent: &finished, "b1", llmobs.kind = "task");
        let below_left = info_span!(parent: &left, "b2", llmobs.kind = "task");
        recorder.clock().advance(second);
        assert!(finished.finish());
        drop((finished, left));
        recorder.clock().advance(2 * second);
        drop((below_finished, below_left));
    });
    let seconds = |name| recorder.span(name).duration_ns / 1_000_000_000;
    // `tracing` itself keeps a span open until its children have closed.
    assert_eq!(["finished", "left", "b1", "b2"].map(seconds), [1, 3, 3, 3]);
}

#[test]
fn ids_are_as_the_intake_wants_them() {
    let recorder = record(|| {
        let a = ours("a").entered();
        drop(ours("b"));
        drop(a);
        drop(ours("c"));
    });
    let ids = |name| {
        let span = recorder.span(name);
        (span.span_id.as_u64(), span.parent_id.map(SpanId::as_u64), span.trace_id.to_string())
    };
    let seconds = ManualClock::EPOCH_NS / 1_000_000_000;
    let first_trace = format!("{seconds:08x}00000000{:016x}", 0xF1);
    assert_eq!(ids("a"), (0xF0, None, first_trace.clone()));
    assert_eq!(ids("b"), (0xF2, Some(0xF0), first_trace));
    assert_eq!(ids("c"), (0xF3, None, format!("{seconds:08x}00000000{:016x}", 0xF4)));
}

#[test]
fn a_context_names_the_span() {
    let mut context = None;
    let recorder = record(|| {
        let a = ours("a");
        context = a.llmobs_context();
        assert_eq!(a.in_scope(|| Span::current().llmobs_context()), context);
    });
    let (span, context) = (recorder.span("a"), context.unwrap());
    assert_eq!((span.span_id, span.trace_id), (context.span_id, context.trace_id));
}

/// Session and application of a span, on the event and in its tags.
fn belongs(recorder: &Recorder, name: &str) -> (Option<String>, String) {
    let span = recorder.span(name);
    assert_eq!(span.session_id.as_deref(), span.tags.get("session_id"), "{name}");
    assert_eq!(span.tags.get("ml_app"), span.tags.get("agent_service"), "{name}");
    (span.session_id.clone(), span.tags.get("ml_app").unwrap().to_owned())
}

#[test]
fn session_and_application_are_inherited_and_the_nearest_wins() {
    let recorder = record_beside_fmt(|| {
        let _root =
            info_span!("root", llmobs.kind = "agent", llmobs.session_id = "s1", llmobs.ml_app = "app1").entered();
        let _x = info_span!("x").entered();
        drop(ours("inherits"));
        let other =
            info_span!("other", llmobs.kind = "task", llmobs.session_id = "s2", llmobs.ml_app = "app2").entered();
        drop(ours("nearest"));
        other.record("llmobs.session_id", "s3");
        other.annotate(Annotation::new().ml_app("app3"));
        drop(ours("after"));
        other.annotate(Annotation::new().session_id("").ml_app(""));
        drop(ours("empty changes nothing"));
        drop(other);
        drop(ours("back"));
    });
    let pair = |session: &str, app: &str| (Some(session.to_owned()), app.to_owned());
    for (name, expected) in [
        ("root", pair("s1", "app1")),
        ("inherits", pair("s1", "app1")),
        ("nearest", pair("s2", "app2")),
        ("other", pair("s3", "app3")),
        ("after", pair("s3", "app3")),
        ("empty changes nothing", pair("s3", "app3")),
        ("back", pair("s1", "app1")),
    ] {
        assert_eq!(belongs(&recorder, name), expected, "{name}");
    }
}

#[test]
fn a_session_first_named_below_is_the_traces_default() {
    let recorder = record(|| {
        let root = ours("root").entered();
        drop(ours("before"));
        drop(info_span!("names it", llmobs.kind = "task", llmobs.session_id = "s1"));
        drop(info_span!("names another", llmobs.kind = "task", llmobs.session_id = "s2"));
        drop(ours("after"));
        drop(root);
        drop(ours("other trace"));
    });
    let sessions = ["root", "before", "names it", "names another", "after", "other trace"]
        .map(|name| belongs(&recorder, name).0.unwrap_or_default());
    assert_eq!(sessions, ["", "", "s1", "s2", "s1", ""]);
}

#[test]
fn the_nearest_agent_above_is_named_as_it_was_then() {
    let recorder = record_beside_fmt(|| {
        let agent = info_span!("planner", llmobs.kind = "agent").entered();
        drop(ours("before"));
        agent.annotate(Annotation::new().name("renamed"));
        let _x = info_span!("x").entered();
        let tool = info_span!("tool", llmobs.kind = "tool").entered();
        let inner = info_span!("inner", llmobs.kind = "agent", llmobs.name = "critic").entered();
        drop(ours("deep"));
        drop(inner);
        drop(ours("below tool"));
        drop((tool, agent));
        drop(ours("outside"));
    });
    let planner = recorder.span("renamed");
    let inner = recorder.span("critic");
    let by = |name: &str, span: &tracing_llmobs::SpanEvent| Some(AgentAttribution::new(Some(name), span.span_id));
    let of = |name| recorder.span(name).agent_attribution;
    assert_eq!((of("before"), of("tool")), (by("planner", &planner), by("renamed", &planner)));
    assert_eq!((of("critic"), of("deep")), (by("renamed", &planner), by("critic", &inner)));
    assert_eq!((of("below tool"), of("renamed")), (by("renamed", &planner), None));
}

#[test]
fn the_sampling_decision_is_the_roots_and_what_is_not_kept_is_sent_all_the_same() {
    for (rate, keep) in [(1.0, true), (0.0, false)] {
        let recorder = record_with(Builder::without_environment().sample_rate(rate), || {
            let _a = ours("a").entered();
            drop(ours("b"));
        });
        for name in ["a", "b"] {
            let sampling = recorder.span(name).sampling.unwrap();
            assert_eq!((sampling.rate, sampling.keep), (rate, keep), "{name}");
        }
    }
}
