//! Open spans count what they hold: never less, and at most a quarter more.
//!
//! Each case fills the bound of open spans with spans of one kind and compares it with what the allocator gave.

use std::alloc::{GlobalAlloc, Layout, System};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tracing::field::Empty;
use tracing::{Span, info, info_span};
use tracing_llmobs::testing;
use tracing_llmobs::{
    Annotation, Builder, Document, LlmObsSpanExt, LossReason, Message, Problem, Prompt, SpanError, ToolCall,
    ToolDefinition,
};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::prelude::*;

/// The bound of open spans in these cases.
const BOUND: usize = 4 * 1024 * 1024;

/// Makes the span of this number.
type Make = fn(usize) -> Span;

const KINDS: [(&str, Make); 19] = [
    ("nothing but a kind", |_| span()),
    ("a few fields", |number| {
        info_span!("t", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini", llmobs.tags.number = number)
    }),
    ("a text of 1,500 bytes", |_| with_input(1_500)),
    ("a text of 3,500 bytes", |_| with_input(3_500)),
    ("a text of 20,000 bytes", |_| with_input(20_000)),
    ("a text recorded later", |_| {
        let span = span();
        span.record("llmobs.output", text(3_000).as_str());
        span
    }),
    ("a text recorded often", |_| {
        let span = span();
        (100..120).for_each(|bytes| drop(span.record("llmobs.output", text(bytes * 10).as_str()).clone()));
        span
    }),
    ("a text that became smaller", |_| {
        let span = with_input(50_000);
        span.record("llmobs.input", "small");
        span
    }),
    ("text in events", |_| {
        let span = span();
        span.in_scope(|| (0..8).for_each(|_| info!(llmobs.metadata = %format_args!("{{\"a\": \"{}\"}}", text(300)))));
        span
    }),
    ("metadata of an annotation", |_| {
        annotated((0..40).fold(Annotation::new(), |annotation, key| annotation.metadata(format!("key{key}"), text(40))))
    }),
    ("nested metadata", |_| {
        annotated(Annotation::new().metadata("tree", json!({"a": {"b": [1, 2, {"c": text(50)}]}, "d": [{}, {}, {}]})))
    }),
    ("metrics and tags", |_| {
        annotated((0..20).fold(Annotation::new(), |annotation, key| {
            annotation.metric(format!("metric{key}"), key).tag(format!("tag{key}"), text(30))
        }))
    }),
    ("messages", |_| {
        let call = ToolCall::new("weather", json!({"city": "Paris"})).id("call_1");
        annotated(
            Annotation::new()
                .input([Message::system(text(200)), Message::user(text(500))])
                .output(Message::assistant(text(300)).tool_call(call)),
        )
    }),
    ("documents", |_| {
        let document = |_| Document::new(text(400)).name("name").id("id").metadata("page", 3);
        annotated(Annotation::new().output((0..5).map(document).collect::<Vec<_>>()))
    }),
    ("a prompt and tools", |_| {
        let tool =
            ToolDefinition::new("weather").description(text(200)).schema(json!({"type": "object", "properties": {}}));
        annotated(
            Annotation::new()
                .prompt(Prompt::new("rag").version("2").variable("question", text(100)))
                .tool_definitions([tool]),
        )
    }),
    ("an error", |_| annotated(Annotation::new().span_error(SpanError::new(text(400)).stack(text(2_000))))),
    ("many annotations", |_| {
        let span = span();
        (0..50).for_each(|key| assert!(span.annotate(Annotation::new().metadata(format!("key{key}"), text(30)))));
        span
    }),
    ("sessions and applications of their own", |number| {
        annotated(
            Annotation::new().session_id(format!("{number}{}", text(300))).ml_app(format!("{number}{}", text(300))),
        )
    }),
    ("names as long as they may be", |_| {
        annotated(Annotation::new().name(text(100_000)).model_name(text(100_000)).tag("tag", text(100_000)))
    }),
];

fn main() -> ExitCode {
    let case = |(name, make): (&str, Make)| (name.to_owned(), Box::new(move || measure(make)) as Box<dyn Fn()>);
    let mut cases: Vec<_> = KINDS.into_iter().map(case).collect();
    cases.push(("spans that were finished and have not closed".to_owned(), Box::new(finished_spans_count)));
    tracing_llmobs_hostile::main(cases)
}

fn span() -> Span {
    info_span!("t", llmobs.kind = "llm", llmobs.input = Empty, llmobs.output = Empty)
}

fn with_input(bytes: usize) -> Span {
    info_span!("t", llmobs.kind = "llm", llmobs.input = text(bytes), llmobs.output = Empty)
}

fn annotated(annotation: Annotation) -> Span {
    let span = span();
    assert!(span.annotate(annotation));
    span
}

fn text(bytes: usize) -> String {
    "x".repeat(bytes)
}

/// A layer that wants every span and keeps nothing of it.
struct Everything;

impl<S: tracing::Subscriber> Layer<S> for Everything {}

/// Returns what the registry itself holds for this many spans of a kind.
fn registry_bytes(make: Make, count: usize) -> usize {
    tracing::subscriber::with_default(tracing_subscriber::registry().with(Everything), || {
        // `annotated` asserts that a layer is there.
        let _ = make;
        let mut spans = Vec::with_capacity(count);
        let before = live();
        spans.extend((0..count).map(|_| span()));
        live() - before
    })
}

fn measure(make: Make) {
    let builder = Builder::without_environment().open_spans_max_bytes(BOUND);
    let (layer, recorder) = testing::recorder_of(builder).unwrap();
    let handle = recorder.handle();
    let mut spans = Vec::with_capacity(BOUND / 256);
    let (count, held) = tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        // What is made once only: callsites, plans, buffers of the thread.
        drop(make(0));
        assert_eq!(recorder.spans().len(), 1, "it was delivered");
        let before_problems = handle.stats().problems(Problem::Oversize);
        let per_span = before_problems;
        let before = live();
        let mut held = 0;
        loop {
            spans.push(make(spans.len()));
            let stats = handle.stats();
            let is_full = stats.lost(LossReason::OpenSpans) > 0
                || stats.problems(Problem::Oversize) > before_problems + per_span * spans.len() as u64;
            if is_full {
                break (spans.len() - 1, held);
            }
            held = live() - before;
        }
    });
    let held = held - registry_bytes(make, count);
    let each = held / count;
    println!("{count} spans held {held} bytes, {each} each; {:.2} of the bound", held as f64 / BOUND as f64);
    // The last span did not fit, and a few buffers of the thread were there before.
    assert!(held <= BOUND + BOUND / 50, "{held} bytes are more than the bound");
    assert!((held + 2 * each) * 5 >= BOUND * 4, "{held} bytes are less than four fifths of the bound");
}

fn finished_spans_count() {
    let builder = Builder::without_environment().open_spans_max_bytes(BOUND);
    let (layer, recorder) = testing::recorder_of(builder).unwrap();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let spans: Vec<Span> = (0..50_000).map(|_| span()).inspect(|span| assert!(span.finish())).collect();
        let _ = recorder.spans();
        let without = registry_bytes(|_| span(), spans.len());
        let before = live();
        drop(spans);
        let freed = (before - live()).saturating_sub(0);
        println!("{freed} bytes were freed, the registry alone takes {without}");
        assert!(freed <= BOUND + BOUND / 10, "{freed} bytes were held for finished spans");
        assert_eq!(recorder.handle().stats().lost(LossReason::OpenSpans), 0, "they had been delivered");
        assert!(span().finish());
    });
}

/// Bytes that are allocated now.
static LIVE: AtomicUsize = AtomicUsize::new(0);

fn live() -> usize {
    LIVE.load(Ordering::Relaxed)
}

struct Counting;

/// The bytes that the allocator takes for a block: a header, and a multiple of sixteen bytes.
const fn taken(bytes: usize) -> usize {
    (bytes + 8).next_multiple_of(16)
}

#[expect(unsafe_code, reason = "an allocator cannot be written without; it only passes on")]
// SAFETY: everything is passed on to the system's allocator, unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(taken(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(taken(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        LIVE.fetch_add(taken(bytes), Ordering::Relaxed);
        LIVE.fetch_sub(taken(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(block, layout, bytes) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
