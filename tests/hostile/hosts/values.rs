//! Hostile values and callbacks: each act on each road into the layer.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use serde::ser::{Error as _, Serialize, Serializer};
use tracing::field::{Empty, debug, display};
use tracing::{Span, error, info, info_span};
use tracing_llmobs::observe::DeferredAnnotation;
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Annotation, Builder, Handle, LlmObsSpanExt, SpanEvent};
use tracing_llmobs_hostile::Case;
use tracing_subscriber::prelude::*;

use crate::assert_alive;

/// The action of a value or a callback. `Err` ends a formatter with an error.
type Act = fn(&mut dyn fmt::Write) -> fmt::Result;

const ACTS: [(&str, Act); 15] = [
    ("logs", |_| {
        info!("nested");
        error!(error = "nested");
        Ok(())
    }),
    ("opens a span", |_| {
        drop(info_span!("nested", llmobs.kind = "tool", llmobs.input = "x").entered());
        Ok(())
    }),
    ("records on itself", |_| {
        target().record("llmobs.output", "nested");
        target().in_scope(|| info!(llmobs.metadata.nested = 1));
        Ok(())
    }),
    ("annotates itself", |_| {
        target().annotate(Annotation::new().output("nested").tag("nested", "1"));
        target().llmobs_context();
        Ok(())
    }),
    ("finishes itself", |_| {
        target().finish();
        Ok(())
    }),
    ("waits for a flush", |_| {
        // On the exporter's thread this cannot succeed, and must not wait for ever.
        let _ = HANDLE.get().unwrap().flush(Duration::from_millis(200));
        Ok(())
    }),
    ("returns an error", |_| Err(fmt::Error)),
    ("writes, then returns an error", |out| out.write_str("part").and(Err(fmt::Error))),
    ("panics", |_| panic!("of the value")),
    ("panics without a message", |_| std::panic::panic_any(())),
    ("panics with a payload whose drop panics", |_| std::panic::panic_any(Bomb)),
    ("panics with a payload that logs when it is dropped", |_| std::panic::panic_any(Chatter)),
    ("panics after it has written", |out| {
        out.write_str("part")?;
        panic!("of the value")
    }),
    ("never ends, but stops when told", |out| {
        loop {
            out.write_str("more and more ")?;
        }
    }),
    ("formats itself without end", |_| {
        info!(llmobs.metadata.nested = ?Hostile);
        Ok(())
    }),
];

/// A way into the layer.
type Road = fn(&Recorder);

/// The road of a value or a callback to the layer.
const ROADS: [(&str, Road); 16] = [
    ("Debug in a new span", |_| drop(info_span!("t", llmobs.kind = "task", llmobs.input = ?Hostile))),
    ("Display in a new span", |_| drop(info_span!("t", llmobs.kind = "task", llmobs.input = %Hostile))),
    ("argument of a function", |_| drop(info_span!("t", llmobs.kind = "task", argument = ?Hostile))),
    ("third-party attribute", |_| {
        drop(
            info_span!("chat", gen_ai.operation.name = "chat", gen_ai.prompt = ?Hostile, gen_ai.request.model = %Hostile),
        );
    }),
    ("record", |_| {
        target().record("llmobs.input", debug(Hostile)).record("llmobs.name", display(Hostile));
    }),
    ("event", |_| target().in_scope(|| info!(llmobs.output = ?Hostile, llmobs.tags.key = %Hostile))),
    ("error in a new span", |_| {
        drop(info_span!("t", llmobs.kind = "task", llmobs.error = &Hostile as &(dyn Error + 'static)));
    }),
    ("error in an event", |_| target().in_scope(|| error!(error = &Hostile as &(dyn Error + 'static)))),
    ("error of an annotation", |_| {
        target().annotate(Annotation::new().error(&Hostile));
    }),
    ("metadata of an annotation", |_| {
        target().annotate(Annotation::new().metadata("key", Hostile).metadata_map(Hostile).output("x"));
    }),
    ("evaluation in an event", |_| {
        target().in_scope(
            || info!(llmobs.eval.label = "quality", llmobs.eval.score = 1.0, llmobs.eval.reasoning = ?Hostile),
        );
    }),
    ("deferred annotation", |_| {
        let read = || {
            call_back();
            Annotation::new().output("read")
        };
        DeferredAnnotation::new(100, read).apply_to(&target());
    }),
    ("processor", |_| drop(info_span!("t", llmobs.kind = "task", llmobs.tags.road = "processor"))),
    ("text processor", |_| drop(info_span!("t", llmobs.kind = "task", llmobs.input = "text processor"))),
    ("rule of a sampled trace", |_| drop(info_span!("t", llmobs.kind = "task", llmobs.tags.road = "rule"))),
    ("while the host panics", |_| {
        struct InDrop;
        impl Drop for InDrop {
            fn drop(&mut self) {
                target().record("llmobs.input", debug(Hostile));
            }
        }
        let outcome = std::panic::catch_unwind(|| {
            let _in_drop = InDrop;
            std::panic::panic_any("of the host");
        });
        assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"of the host"));
    }),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (road, come) in ROADS {
        for (name, act) in ACTS {
            cases.push((format!("{road}: {name}"), Box::new(move || play(road, come, act))));
        }
    }
    // A writer that is not listened to is left by unwinding, which needs the standard hook to stay silent about it.
    cases.push(("a value that never ends and does not stop when told".to_owned(), Box::new(stubborn)));
    cases
}

static HANDLE: OnceLock<Handle> = OnceLock::new();
static ACT: OnceLock<Act> = OnceLock::new();
static TARGET: OnceLock<Span> = OnceLock::new();

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

fn target() -> Span {
    TARGET.get().unwrap().clone()
}

/// Does what is hostile. Callbacks that are fed by what they do themselves stop after a while, so that only the layer can
/// recurse without end.
fn act(out: &mut dyn fmt::Write) -> fmt::Result {
    let depth = DEPTH.get();
    assert!(depth < 200, "the layer recurses");
    DEPTH.set(depth + 1);
    let done = ACT.get().unwrap()(out);
    DEPTH.set(depth);
    done
}

/// Does the act for a callback, which has no writer; one that writes without end is of no use there.
fn call_back() {
    let _ = act(&mut Bounded(1_000));
}

struct Bounded(usize);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

fn play(road: &str, come: Road, hostile: Act) {
    let builder = Builder::without_environment().open_spans_max_bytes(32 * 1024 * 1024);
    let on_road = |span: &SpanEvent, road: &str| span.tags.get("road") == Some(road);
    let builder = match road {
        "processor" => builder.processor(move |span: &mut SpanEvent| {
            if on_road(span, "processor") {
                call_back();
            }
        }),
        "text processor" => builder.text_processor(|text: &mut String| {
            if text == "text processor" {
                call_back();
            }
        }),
        "rule of a sampled trace" => builder.drop_unsampled(true).keep_if(move |span| {
            if on_road(span, "rule") {
                call_back();
            }
            false
        }),
        _ => builder,
    };
    let (layer, recorder) = testing::recorder_of(builder).unwrap();
    tracing_subscriber::registry().with(layer).init();
    HANDLE.set(recorder.handle()).unwrap();
    ACT.set(hostile).unwrap();
    std::panic::set_hook(Box::new(|_| ()));
    let target = info_span!(
        "target",
        llmobs.kind = "task",
        llmobs.name = Empty,
        llmobs.input = Empty,
        llmobs.output = Empty,
        llmobs.error = Empty
    );
    TARGET.set(target.clone()).unwrap();
    come(&recorder);
    target.finish();
    let _ = std::panic::take_hook();
    assert_alive(&recorder);
}

fn stubborn() {
    struct Stubborn;
    impl fmt::Debug for Stubborn {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                let _ = f.write_str("more and more ");
            }
        }
    }
    impl fmt::Display for Stubborn {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(self, f)
        }
    }
    impl Error for Stubborn {}

    let (layer, recorder) = testing::recorder();
    tracing_subscriber::registry().with(layer).init();
    // It is left by unwinding without a panic: no hook runs.
    crate::abort_on_panic();
    let span = info_span!("t", llmobs.kind = "task", llmobs.input = ?Stubborn, llmobs.output = Empty);
    span.record("llmobs.output", debug(Stubborn));
    span.in_scope(|| info!(llmobs.metadata.key = ?Stubborn));
    span.annotate(Annotation::new().error(&Stubborn));
    drop(span);
    assert_alive(&recorder);
}

/// A value of every form, whose every form is hostile.
struct Hostile;

impl fmt::Debug for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        act(f)
    }
}

impl fmt::Display for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        act(f)
    }
}

impl Error for Hostile {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let _ = act(&mut Bounded(1_000));
        Some(&Hostile)
    }
}

impl Serialize for Hostile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        act(&mut Bounded(1_000)).map_err(S::Error::custom)?;
        serializer.collect_map((0..3).map(|key| (key.to_string(), key)))
    }
}

/// A panic payload whose drop panics, with another such payload.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::panic::panic_any(Bomb);
        }
    }
}

/// A panic payload that logs when it is dropped.
struct Chatter;

impl Drop for Chatter {
    fn drop(&mut self) {
        error!(error = "dropped");
        target().record("llmobs.output", "dropped");
    }
}
