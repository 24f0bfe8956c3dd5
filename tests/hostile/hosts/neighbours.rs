//! Hostile neighbours: layers that poison the locks of extensions, in any order beside ours, and panic hooks that abort.

use std::panic::{AssertUnwindSafe, catch_unwind};

use tracing::field::Empty;
use tracing::{Event, Span, Subscriber, info, info_span};
use tracing_core::span::{Attributes, Id, Record};
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Annotation, Evaluation, LlmObsSpanExt, SpanKind, current_context};
use tracing_llmobs_hostile::Case;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::{abort_on_panic, assert_alive};

/// An action on a span and on a hidden one.
type Deed = fn(&Span, &Span);

/// The actions on a span whose extensions are poisoned, and with one that the filter of the layer hides.
const DEEDS: [(&str, Deed); 14] = [
    ("record", |span, _| {
        span.record("llmobs.output", "recorded");
    }),
    ("event", |span, _| span.in_scope(|| info!(llmobs.metadata.key = 1))),
    ("error event", |span, _| span.in_scope(|| tracing::error!(error = "expected"))),
    ("annotate", |span, _| assert!(span.annotate(Annotation::new().tag("key", "value")))),
    ("make a hidden span an LLM span", |_, hidden| {
        assert!(hidden.annotate(Annotation::new().kind(SpanKind::Task)));
    }),
    ("child", |span, _| drop(info_span!(parent: span, "child", llmobs.kind = "tool").entered())),
    ("child of a hidden span", |_, hidden| drop(info_span!(parent: hidden, "child", llmobs.kind = "tool").entered())),
    ("follows from", |span, hidden| {
        span.follows_from(hidden);
        hidden.follows_from(span);
    }),
    ("context", |span, _| assert!(span.llmobs_context().is_some() && span.in_scope(current_context).is_some())),
    ("evaluate", |span, _| {
        let _ = span.evaluate(Evaluation::score("quality", 0.5));
    }),
    ("remote parent", |span, hidden| {
        let context = span.llmobs_context().unwrap();
        let _ = (span.set_llmobs_parent(context.clone()), hidden.set_llmobs_parent(context));
    }),
    ("finish", |span, _| assert!(span.finish())),
    ("enter often", |span, hidden| (0..10).for_each(|_| span.in_scope(|| hidden.in_scope(|| ())))),
    ("clone and drop", |span, hidden| drop((span.clone(), hidden.clone()))),
];

pub(crate) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for is_first in [true, false] {
        let order = if is_first { "ours first" } else { "ours last" };
        for (deed, act) in DEEDS {
            for ending in ["closed", "closed while unwinding", "left open"] {
                let name = format!("poisoned extensions, {order}: {deed}, {ending}");
                cases.push((name, Box::new(move || poisoned(is_first, act, ending))));
            }
        }
        let name = format!("fmt formats a value that panics, {order}");
        cases.push((name, Box::new(move || poisoned_by_fmt(is_first))));
        let name = format!("a neighbour that panics in each callback, {order}");
        cases.push((name, Box::new(move || panicking_neighbour(is_first))));
    }
    cases
}

/// Starts a global default subscriber with our layer and a neighbour.
fn start<L>(is_first: bool, neighbour: L) -> Recorder
where
    L: Layer<Registry> + Send + Sync + 'static,
{
    let (layer, recorder) = testing::recorder();
    let ours = layer.map(|layer| layer.boxed());
    let layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = if is_first {
        ours.into_iter().chain([neighbour.boxed()]).collect()
    } else {
        std::iter::once(neighbour.boxed()).chain(ours).collect()
    };
    tracing_subscriber::registry().with(layers).init();
    recorder
}

fn poison(span: &Span) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let poisoned = catch_unwind(AssertUnwindSafe(|| {
        span.with_subscriber(|(id, dispatch)| {
            let span = dispatch.downcast_ref::<Registry>().unwrap().span(id).unwrap();
            let _extensions = span.extensions_mut();
            panic!("under the lock");
        });
    }));
    std::panic::set_hook(hook);
    assert!(poisoned.is_err());
}

fn spans() -> (Span, Span) {
    let span = info_span!("span", llmobs.kind = "llm", llmobs.output = Empty);
    let hidden = info_span!("hidden", other = 1);
    (span, hidden)
}

/// A layer that wants every span and touches nothing.
struct Bystander;

impl<S: Subscriber> Layer<S> for Bystander {}

/// Acts when it is dropped.
struct InDrop(Deed, Span, Span);

impl Drop for InDrop {
    fn drop(&mut self) {
        // A second panic while the first unwinds would abort.
        self.0(&self.1, &self.2);
    }
}

fn poisoned(is_first: bool, deed: Deed, ending: &str) {
    let recorder = start(is_first, Bystander);
    let (span, hidden) = spans();
    poison(&span);
    poison(&hidden);
    if ending == "closed while unwinding" {
        std::panic::set_hook(Box::new(|_| ()));
        let unwound = catch_unwind(AssertUnwindSafe(move || {
            let _in_drop = InDrop(deed, span, hidden);
            panic!("of the host");
        }));
        assert!(unwound.is_err());
        abort_on_panic();
    } else {
        abort_on_panic();
        deed(&span, &hidden);
        if ending == "left open" {
            span.finish();
            hidden.finish();
            std::mem::forget((span, hidden));
        } else {
            drop((span, hidden));
        }
    }
    assert_alive(&recorder);
}

fn poisoned_by_fmt(is_first: bool) {
    struct Panics;
    impl std::fmt::Debug for Panics {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("of the value")
        }
    }
    let recorder = start(is_first, tracing_subscriber::fmt::layer().with_writer(std::io::sink));
    let (span, hidden) = spans();
    std::panic::set_hook(Box::new(|_| ()));
    // The panic is of the value and of `fmt`, so that the host has it with and without us. It unwinds through the
    // closing of a span.
    let task = catch_unwind(AssertUnwindSafe(|| {
        let span = span.clone();
        let _entered = span.enter();
        span.record("llmobs.output", tracing::field::debug(Panics));
    }));
    assert!(task.is_err(), "fmt lets the panic through");
    abort_on_panic();
    assert!(span.annotate(Annotation::new().tag("key", "value")));
    assert!(span.llmobs_context().is_some());
    drop(hidden);
    drop(span);
    // The registry uses the poisoned slot again, where `fmt` panics at the next new span, with and without us.
    assert_eq!(recorder.span("span").tags.get("key"), Some("value"));
    assert_eq!(recorder.handle().stats().open_spans, 0);
}

/// A layer that panics in each callback, about the spans of this test only.
struct Panicking;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Panicking {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        assert!(attributes.metadata().name() != "panics", "of the neighbour");
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        panic!("of the neighbour");
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        assert!(event.metadata().target() != "panics", "of the neighbour");
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        assert!(ctx.metadata(&id).is_none_or(|metadata| metadata.name() != "span"), "of the neighbour");
    }
}

fn panicking_neighbour(is_first: bool) {
    let recorder = start(is_first, Panicking);
    std::panic::set_hook(Box::new(|_| ()));
    let (span, hidden) = spans();
    let caught = [
        catch_unwind(AssertUnwindSafe(|| drop(span.record("llmobs.output", "recorded").clone()))).is_err(),
        catch_unwind(AssertUnwindSafe(|| {
            span.in_scope(|| info!(target: "panics", { llmobs.metadata.key = 1 }, "an event"))
        }))
        .is_err(),
        catch_unwind(|| drop(info_span!("panics", llmobs.kind = "task"))).is_err(),
        catch_unwind(AssertUnwindSafe(|| drop(span))).is_err(),
    ];
    assert!(caught.iter().all(|is_caught| *is_caught), "the panics of the neighbour are the host's: {caught:?}");
    drop(hidden);
    let _ = std::panic::take_hook();
    // Spans whose closing was cut short by the neighbour may stay open in the registry: they do not harm the others.
    drop(info_span!("works", llmobs.kind = "task"));
    assert_eq!(recorder.spans().iter().filter(|span| span.name == "works").count(), 1);
}
