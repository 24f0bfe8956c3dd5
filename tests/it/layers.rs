//! Our layer in company: capture is right in every stacking, and nobody else's callsites are woken.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::{Level, Span, Subscriber, info, info_span};
use tracing_llmobs::testing;
use tracing_llmobs::{Annotation, Builder, LlmObsLayer, LlmObsSpanExt, Message, SpanKind, metric};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Registry, fmt as fmt_layer, reload};

use crate::harness::recording::{Recorder, text};
use crate::harness::{run_scenes, scene};

/// A program that uses all of it, and what must come of it.
fn program(annotate: &dyn Fn(&Span, Annotation) -> bool) {
    let root = info_span!("root", llmobs.kind = "workflow", llmobs.session_id = "s").entered();
    assert!(annotate(&root, Annotation::new().input("in")), "the span is found");
    let between = info_span!("between").entered();
    let debugging = tracing::debug_span!("debugging", llmobs.kind = "task").entered();
    let call = info_span!("call", llmobs.kind = "llm", llmobs.output = tracing::field::Empty).entered();
    call.record("llmobs.output", "recorded");
    info!(llmobs.metrics.input_tokens = 3);
    assert!(annotate(&call, Annotation::new().input(Message::user("hi"))), "the span is found");
    info!("noise");
    drop((call, debugging));
    let failed = info_span!("failed", llmobs.kind = "tool").entered();
    tracing::error!(error = "no");
    drop((failed, between, root));
}

fn check(what: &str, recorder: &testing::Recorder) {
    assert_eq!(recorder.tree(), "workflow root\n  llm call\n  tool failed error\n", "{what}");
    let (root, call) = (recorder.span("root"), recorder.span("call"));
    assert_eq!((root.input, call.session_id.as_deref()), (text("in"), Some("s")), "{what}");
    assert_eq!(call.output, Some(Message::new("", "recorded").into()), "{what}");
    assert_eq!(call.input, Some(Message::user("hi").into()), "{what}");
    assert_eq!(call.metrics.get("input_tokens").and_then(serde_json::Number::as_u64), Some(3), "{what}");
    assert_eq!(recorder.handle().stats().open_spans, 0, "{what}");
}

fn sink<S: Subscriber + for<'a> LookupSpan<'a>>() -> impl Layer<S> + Send + Sync {
    fmt_layer::layer().with_writer(std::io::sink)
}

/// Runs the program below what `stack` makes of our layer.
fn stacked<S, R>(what: &str, stack: impl FnOnce(LlmObsLayer<S>) -> R)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    R: Subscriber + Send + Sync + 'static,
{
    let (layer, recorder) = testing::recorder();
    tracing::subscriber::with_default(stack(layer), || program(&|span, said| span.annotate(said)));
    check(what, &recorder);
}

fn registry() -> Registry {
    tracing_subscriber::registry()
}

#[test]
fn capture_is_right_in_every_stacking() {
    stacked("alone", |ours| registry().with(ours));
    stacked("below fmt", |ours| registry().with(ours).with(sink()));
    stacked("above fmt", |ours| registry().with(sink()).with(ours));
    for directives in ["off", "warn", "info", "trace", "it[between]=trace", "[root{llmobs.kind=workflow}]=debug"] {
        let quiet = || EnvFilter::new(directives);
        stacked(directives, |ours| registry().with(ours).with(sink().with_filter(quiet())));
        stacked(directives, |ours| registry().with(sink().with_filter(quiet())).with(ours));
        stacked(directives, |ours| {
            registry().with(sink().with_filter(quiet())).with(ours).with(sink().with_filter(LevelFilter::TRACE))
        });
    }
    stacked("an option", |ours| registry().with(Some(ours)).with(None::<LevelFilter>));
    stacked("a box", |ours| registry().with(ours.boxed()).with(sink()));
    stacked("a vector", |ours| registry().with(vec![ours]));
    stacked("a vector of boxes, first", |ours| registry().with(vec![ours.boxed(), sink().boxed()]));
    stacked("a vector of boxes, last", |ours| {
        registry().with(vec![sink().with_filter(EnvFilter::new("off")).boxed(), ours.boxed()])
    });
    stacked("and_then, first", |ours| registry().with(Layer::and_then(ours, sink())));
    stacked("and_then, last", |ours| registry().with(Layer::and_then(sink(), ours)));
    stacked("with a filter of one's own", |ours| {
        registry().with(ours.with_filter(EnvFilter::new("info"))).with(sink())
    });
    stacked("beside a disabled one", |ours| {
        let (off, _guard) = Builder::without_environment().enabled(false).start().unwrap();
        assert!(off.is_none());
        registry().with(ours).with(off)
    });
}

#[test]
fn under_reload_the_handle_finds_spans() {
    let (layer, recorder) = testing::recorder();
    let (layer, reload) = reload::Layer::new(layer);
    let handle = recorder.handle();
    tracing::subscriber::with_default(registry().with(layer).with(sink()), || {
        program(&|span, said| {
            assert!(!span.annotate(said.clone()) && span.llmobs_context().is_none());
            assert!(handle.context(span).is_some());
            handle.annotate(span, said)
        });
        check("reload", &recorder);
        let plain = info_span!("plain");
        assert!(handle.context(&plain).is_none() && !handle.finish(&plain));
        assert!(handle.annotate(&plain, Annotation::new().kind(SpanKind::Agent)));
        let mut stream = handle.stream(info_span!(parent: &plain, "stream", llmobs.kind = "llm"));
        stream.text("in ");
        stream.text("pieces");
        drop(stream);
        let below = info_span!(parent: &plain, "below", llmobs.kind = "task");
        assert!(handle.finish(&below) && !handle.finish(&below));
        // Swapped out while a span is open: that span still arrives, and no new one begins.
        let open = info_span!(parent: &plain, "open", llmobs.kind = "tool");
        reload.reload(None).unwrap();
        drop((open, below, plain));
        drop(info_span!("later", llmobs.kind = "task"));
    });
    assert_eq!(
        recorder.tree(),
        "workflow root\n  llm call\n  tool failed error\nagent plain\n  llm stream\n  task below\n  tool open\n"
    );
    let stream = recorder.span("stream");
    assert_eq!(stream.output, Some(Message::assistant("in pieces").into()));
    assert!(stream.metrics.get(metric::TIME_TO_FIRST_TOKEN).is_some());
    assert_eq!(recorder.handle().stats().open_spans, 0);
}

#[test]
fn two_of_our_layers_do_not_disturb_each_other() {
    for turned in [false, true] {
        let coarse = Builder::without_environment().ml_app("first");
        let fine = Builder::without_environment().ml_app("second").max_level(LevelFilter::DEBUG);
        let fine = fine.capture_instrument(false);
        let program = || {
            program(&|span, said| span.annotate(said));
            let span = info_span!("arguments", llmobs.kind = "task", n = 1);
            assert!(span.finish() && !span.finish());
        };
        // Each is a layer for another subscriber: the one on top knows the one below in its type.
        let (first, second) = if turned {
            let (below, second) = testing::recorder_of(fine).unwrap();
            let (above, first) = testing::recorder_of(coarse).unwrap();
            tracing::subscriber::with_default(registry().with(below).with(above), program);
            (first, second)
        } else {
            let (below, first) = testing::recorder_of(coarse).unwrap();
            let (above, second) = testing::recorder_of(fine).unwrap();
            tracing::subscriber::with_default(registry().with(below).with(above), program);
            (first, second)
        };
        let (first, second) = (Recorder::new(first), Recorder::new(second));
        let tree = "workflow root\n  llm call\n  tool failed error\ntask arguments\n";
        assert_eq!(first.tree(), tree, "{turned}");
        let tree = "workflow root\n  task debugging\n    llm call\n  tool failed error\ntask arguments\n";
        assert_eq!(second.tree(), tree, "{turned}");
        for (recorder, ml_app, input) in [(&first, "first", text(r#"{"n":1}"#)), (&second, "second", None)] {
            let (call, arguments) = (recorder.span("call"), recorder.span("arguments"));
            assert_eq!((call.tags.get("ml_app"), arguments.input), (Some(ml_app), input), "{turned}");
            assert_eq!(call.input, Some(Message::user("hi").into()), "{turned}");
            assert_eq!(recorder.span("root").input, text("in"), "{turned}");
            assert_eq!(recorder.handle().stats().open_spans, 0, "{turned}");
        }
    }
}

/// Tells whether it was formatted.
struct Telltale(&'static AtomicBool);

impl fmt::Debug for Telltale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.store(true, Ordering::Relaxed);
        f.write_str("formatted")
    }
}

/// The maximal level, and whether a callsite of somebody else at INFO is awake.
fn wakefulness() -> (LevelFilter, bool) {
    static FORMATTED: AtomicBool = AtomicBool::new(false);
    let span = info_span!("plain", value = ?Telltale(&FORMATTED));
    let is_span_awake = !span.is_disabled();
    info!(value = ?Telltale(&FORMATTED));
    span.in_scope(|| info!(value = ?Telltale(&FORMATTED)));
    // Values are evaluated where a callsite is enabled, whether or not somebody formats them.
    let mut is_evaluated = false;
    info!(
        value = {
            is_evaluated = true;
            1
        }
    );
    assert!(is_evaluated || !FORMATTED.load(Ordering::Relaxed));
    let answers = [is_span_awake, is_evaluated, tracing::enabled!(Level::INFO), tracing::event_enabled!(Level::INFO)];
    assert!(answers.iter().all(|answer| *answer == is_evaluated), "{answers:?}");
    assert!(!tracing::enabled!(Level::INFO, message) || is_evaluated);
    (LevelFilter::current(), is_evaluated)
}

const SCENES: [(&str, LevelFilter, bool); 9] = [
    ("alone", LevelFilter::INFO, false),
    ("down to debug", LevelFilter::DEBUG, false),
    ("fmt at warn", LevelFilter::INFO, false),
    ("fmt at warn by an EnvFilter", LevelFilter::INFO, false),
    ("fmt for one target", LevelFilter::TRACE, false),
    ("fmt at trace", LevelFilter::TRACE, true),
    ("boxed in a vector", LevelFilter::INFO, false),
    ("disabled", LevelFilter::OFF, false),
    ("disabled beside fmt at warn", LevelFilter::WARN, false),
];

#[test]
fn nobody_elses_callsites_are_woken() {
    run_scenes("layers::actor", SCENES.map(|(name, ..)| name.to_owned()));
}

#[test]
fn actor() {
    let Some(scene) = scene() else { return };
    let (_, level, is_awake) = SCENES.into_iter().find(|(name, ..)| *name == scene).unwrap();
    let settings = Builder::without_environment().ml_app("test-app");
    let settings = match scene.as_str() {
        "down to debug" => settings.max_level(LevelFilter::DEBUG),
        "disabled" | "disabled beside fmt at warn" => settings.enabled(false),
        _ => settings,
    };
    let recorder = match scene.as_str() {
        "fmt at warn" | "disabled beside fmt at warn" => {
            let (layer, recorder) = testing::recorder_of(settings).unwrap();
            registry().with(layer).with(sink().with_filter(LevelFilter::WARN)).init();
            recorder
        }
        "fmt at warn by an EnvFilter" => {
            let (layer, recorder) = testing::recorder_of(settings).unwrap();
            registry().with(sink().with_filter(EnvFilter::new("warn"))).with(layer).init();
            recorder
        }
        "fmt for one target" => {
            let (layer, recorder) = testing::recorder_of(settings).unwrap();
            registry().with(sink().with_filter(EnvFilter::new("elsewhere=trace"))).with(layer).init();
            recorder
        }
        "fmt at trace" => {
            let (layer, recorder) = testing::recorder_of(settings).unwrap();
            registry().with(layer).with(sink()).init();
            recorder
        }
        "boxed in a vector" => {
            let (layer, recorder) = testing::recorder_of(settings).unwrap();
            registry().with(vec![layer.boxed(), sink().with_filter(LevelFilter::WARN).boxed()]).init();
            recorder
        }
        _ => {
            let (layer, recorder) = testing::recorder_of(settings).unwrap();
            registry().with(layer).init();
            recorder
        }
    };
    assert_eq!(wakefulness(), (level, is_awake));
    if scene.starts_with("disabled") {
        assert!(info_span!("ours", llmobs.kind = "task").is_disabled());
        assert_eq!(recorder.handle().stats(), tracing_llmobs::Stats::default());
    } else {
        check_what_is_not_there(&recorder, level, is_awake);
        // And ours are awake, here and after a while.
        drop(info_span!("ours", llmobs.kind = "task"));
        assert!(recorder.tree().ends_with("\ntask ours\n"), "{}", recorder.tree());
        assert_eq!(wakefulness(), (level, is_awake));
    }
}

fn check_what_is_not_there(recorder: &testing::Recorder, level: LevelFilter, is_awake: bool) {
    // It can neither be annotated nor be a parent.
    let plain = info_span!(parent: None, "plain");
    assert_eq!(plain.annotate(Annotation::new().kind(SpanKind::Task)), is_awake);
    let below = info_span!(parent: &plain, "below", llmobs.kind = "task").llmobs_context().unwrap();
    assert_eq!(plain.llmobs_context().map(|context| context.trace_id), is_awake.then_some(below.trace_id));
    drop(plain);
    assert_eq!(recorder.tree(), if is_awake { "task plain\n  task below\n" } else { "task below\n" });
    let below_the_level = tracing::debug_span!("debug", llmobs.kind = "task");
    assert_eq!(!below_the_level.is_disabled(), is_awake || level == LevelFilter::DEBUG);
    assert_eq!(below_the_level.llmobs_context().is_some(), level == LevelFilter::DEBUG);
    assert!(below_the_level.finish() == (level == LevelFilter::DEBUG));
}
