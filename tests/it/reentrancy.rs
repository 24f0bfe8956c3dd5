//! Values whose `Debug`, `Display` or `Error` is hostile: whatever they do while they are formatted, the host goes on
//! and nothing is lost.
//!
//! Below a scoped default `tracing` hides nested telemetry from the subscriber, so each scene has a global default
//! and a process of its own, with a watchdog.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tracing::field::{Empty, debug, display};
use tracing::{Event, Span, Subscriber, error, info, info_span};
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt, Problem, SpanKind, Status};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;

use crate::harness::recording::text;
use crate::harness::{run_scenes, scene};

/// The action of a value while it is formatted.
const BODIES: [(&str, fn()); 15] = [
    ("logs", || info!("nested")),
    ("logs an error", || error!(error = "nested")),
    ("says something in an event", || info!(llmobs.metadata.nested = 1)),
    ("opens a span", || drop(info_span!("nested", llmobs.kind = "tool", llmobs.input = "x").entered())),
    ("opens a span of others", || drop(info_span!("others").entered())),
    ("records", || {
        target().record("llmobs.output", "nested");
    }),
    ("annotates", || {
        target().annotate(Annotation::new().output("nested").metadata("nested", 1));
    }),
    ("annotates with a kind", || {
        target().annotate(Annotation::new().kind(SpanKind::Task));
    }),
    ("asks for the context", || {
        target().llmobs_context();
    }),
    ("finishes", || {
        target().finish();
    }),
    ("flushes", || drop(HANDLE.get().unwrap().flush(Duration::from_secs(20)).unwrap())),
    ("links to itself", || {
        let target = target();
        target.follows_from(&target);
    }),
    ("clones and closes", || drop(target().clone())),
    ("goes to another thread", || {
        let target = target();
        std::thread::spawn(move || {
            target.in_scope(|| info!(llmobs.metadata.nested = 1));
            target.record("llmobs.output", "nested");
        })
        .join()
        .unwrap();
    }),
    ("panics", || std::panic::panic_any("expected")),
];

/// The road of a value to the layer.
const ROADS: [&str; 4] = ["creation", "record", "event", "event below"];
/// In which form.
const FORMS: [&str; 4] = ["debug", "display", "error", "source"];

#[test]
fn hostile_values_neither_hang_nor_lose_nor_panic() {
    let scenes = ROADS.iter().flat_map(|road| BODIES.iter().map(move |(body, _)| format!("{road}/{body}")));
    run_scenes("reentrancy::actor", scenes);
}

#[test]
fn a_hostile_value_is_harmless_while_the_host_panics() {
    run_scenes("reentrancy::actor_in_a_panic", ROADS.map(str::to_owned));
}

#[test]
fn actor() {
    let Some(scene) = scene() else { return };
    let (road, body) = scene.split_once('/').unwrap();
    let stage = Stage::new();
    for form in FORMS {
        stage.play(road, form, body);
        stage.check(road, form, body);
    }
    stage.check_totals(road, body);
}

#[test]
fn actor_in_a_panic() {
    struct Plays<'a>(&'a Stage, &'a str);

    impl Drop for Plays<'_> {
        fn drop(&mut self) {
            assert!(std::thread::panicking());
            self.0.play(self.1, "debug", "panics");
        }
    }

    let Some(scene) = scene() else { return };
    let road = scene.as_str();
    let stage = Stage::new();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _plays = Plays(&stage, road);
        std::panic::panic_any("the host's own");
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"the host's own"));
    let span = stage.recorder.span("debug");
    assert_eq!((span.status, span.input), (Status::Error, text("<panicked>")));
}

static HANDLE: OnceLock<Handle> = OnceLock::new();

thread_local! {
    /// The span that hostile values turn against.
    static TARGET: RefCell<Option<Span>> = const { RefCell::new(None) };
    static BODY: Cell<fn()> = const { Cell::new(|| ()) };
    /// A hostile value is hostile once.
    static IS_ARMED: Cell<bool> = const { Cell::new(false) };
}

fn target() -> Span {
    TARGET.with_borrow(|target| target.clone().unwrap())
}

/// A subscriber for the whole process, with a witness of every event.
struct Stage {
    recorder: Recorder,
    events: Arc<AtomicU64>,
}

impl Stage {
    fn new() -> Self {
        let (layer, recorder) = testing::recorder();
        let events = Arc::new(AtomicU64::new(0));
        let witness = Witness(Arc::clone(&events));
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer).with(witness)).unwrap();
        HANDLE.set(recorder.handle()).unwrap();
        Self { recorder, events }
    }

    fn play(&self, road: &str, form: &'static str, body: &str) {
        BODY.set(BODIES.iter().find(|(name, _)| *name == body).unwrap().1);
        let name = format!("above {form}");
        let above = info_span!("above", llmobs.kind = "workflow", llmobs.name = name, llmobs.output = Empty);
        let _entered = above.clone().entered();
        let hostile = Hostile { in_source: form == "source" };
        let error: &(dyn Error + 'static) = &hostile;
        TARGET.set(Some(above));
        IS_ARMED.set(true);
        let span = match (road, form) {
            ("creation", "debug") => info_span!("debug", llmobs.kind = "task", llmobs.input = ?hostile),
            ("creation", "display") => info_span!("display", llmobs.kind = "task", llmobs.input = %hostile),
            ("creation", _) => info_span!("t", llmobs.kind = "task", llmobs.name = form, llmobs.error = error),
            _ => info_span!(
                "t",
                llmobs.kind = "task",
                llmobs.name = form,
                llmobs.input = Empty,
                llmobs.error = Empty,
                llmobs.output = Empty
            ),
        };
        TARGET.set(Some(span.clone()));
        match road {
            "record" => match form {
                "debug" => drop(span.record("llmobs.input", debug(&hostile)).clone()),
                "display" => drop(span.record("llmobs.input", display(&hostile)).clone()),
                _ => drop(span.record("llmobs.error", error).clone()),
            },
            "event" => span.in_scope(|| say(&hostile, form)),
            "event below" => span.in_scope(|| info_span!("between").in_scope(|| say(&hostile, form))),
            _ => {}
        }
        assert!(!IS_ARMED.get(), "the value was not formatted");
        TARGET.set(None);
        info!("after");
        span.in_scope(|| info!(llmobs.metadata.after = 1));
        drop(span);
    }

    fn check(&self, road: &str, form: &str, body: &str) {
        let (span, above) = (self.recorder.span(form), self.recorder.span(&format!("above {form}")));
        // At its creation there is no handle of the span yet; it is entered only for events.
        let target = if road == "creation" { &above } else { &span };
        let current = if road.starts_with("event") { &span } else { &above };
        let is_cut = body == "finishes" && road != "creation";
        let shown = if body == "panics" { "<panicked>" } else { "hostile" };
        if !is_cut {
            assert_eq!(span.metadata.get("after"), Some(&1.into()), "what is said afterwards is heard");
            match form {
                "debug" | "display" => assert_eq!(span.input, text(shown)),
                "error" => assert_eq!(span.error.as_ref().unwrap().message, shown),
                _ => {
                    let error = span.error.as_ref().unwrap();
                    let stack = if body == "panics" { shown } else { "" };
                    assert_eq!((error.message.as_str(), error.stack.as_str()), ("hostile", stack));
                }
            }
        }
        let nested_said = |span: &tracing_llmobs::SpanEvent| span.metadata.contains_key("nested");
        match body {
            "says something in an event" => assert!(nested_said(current)),
            "annotates" | "goes to another thread" => {
                assert_eq!((target.output.clone(), nested_said(target)), (text("nested"), true));
            }
            "records" => assert_eq!(target.output, text("nested")),
            "logs an error" => assert_eq!(current.status, Status::Error),
            "opens a span" => {
                let nested = self.recorder.spans().into_iter().rfind(|span| span.name == "nested").unwrap();
                assert_eq!((nested.input, nested.parent_id), (text("x"), Some(current.span_id)));
            }
            _ => {}
        }
    }

    fn check_totals(&self, road: &str, body: &str) {
        let forms = 4;
        let logged = ["logs", "logs an error", "says something in an event", "goes to another thread"].contains(&body);
        let own = if road.starts_with("event") { 3 } else { 2 };
        assert_eq!(self.events.load(Ordering::Relaxed), forms * (own + u64::from(logged)), "no event is lost");
        let stats = self.recorder.handle().stats();
        let opened = forms * (2 + u64::from(body == "opens a span"));
        assert_eq!((stats.offered, stats.delivered, stats.open_spans), (opened, opened, 0), "{stats:?}");
        assert_eq!(stats.problems(Problem::Panic), if body == "panics" { forms } else { 0 });
    }
}

fn say(hostile: &Hostile, form: &str) {
    match form {
        "debug" => info!(llmobs.input = ?hostile),
        "display" => info!(llmobs.input = %hostile),
        _ => info!(llmobs.error = hostile as &(dyn Error + 'static)),
    }
}

struct Hostile {
    in_source: bool,
}

impl Hostile {
    fn act(&self, in_source: bool) {
        if in_source == self.in_source && IS_ARMED.replace(false) {
            BODY.get()();
        }
    }
}

impl fmt::Debug for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hos")?;
        self.act(false);
        f.write_str("tile")
    }
}

impl Error for Hostile {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.act(true);
        None
    }
}

/// Sees every event and formats nothing.
struct Witness(Arc<AtomicU64>);

impl<S: Subscriber> Layer<S> for Witness {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target().starts_with("it::") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}
