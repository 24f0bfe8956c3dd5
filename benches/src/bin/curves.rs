//! `curves <case> <n>`: says, records or nests `n` times in one span or one trace, and ends.
//!
//! `benches/curves.sh` counts the instructions at n and 10 n: nothing may grow with the square of n.

use std::time::Duration;

use tracing::field::Empty;
use tracing::{Span, info, info_span};
use tracing_llmobs::{Annotation, Builder, LlmObsSpanExt, Message, ToolCall};
use tracing_subscriber::prelude::*;

/// The name of a case, and the work for a size.
type Case = (&'static str, fn(usize));

const CASES: [Case; 14] = [
    ("annotate-metadata", |n| annotate(n, |key| Annotation::new().metadata(format!("key{key}"), key))),
    ("annotate-metrics", |n| annotate(n, |key| Annotation::new().metric(format!("metric{key}"), key))),
    ("annotate-tags", |n| annotate(n, |key| Annotation::new().tag(format!("tag{key:09}"), "value"))),
    ("annotate-and-record", |n| {
        let span = span();
        for key in 0..n {
            span.annotate(Annotation::new().metadata(format!("key{key}"), key).output("text"));
            span.record("llmobs.output", "text");
        }
    }),
    ("one-annotation-of-metrics", |n| {
        let metrics = (0..n).fold(Annotation::new(), |annotation, key| annotation.metric(format!("metric{key}"), key));
        span().annotate(metrics);
    }),
    ("record", |n| {
        let span = span();
        (0..n).for_each(|number| drop(span.record("llmobs.output", format!("text {number}").as_str()).clone()));
    }),
    ("events", |n| span().in_scope(|| (0..n).for_each(|n| info!(llmobs.metadata.key = n, llmobs.output = "text")))),
    ("events-of-maps", |n| {
        span().in_scope(|| (0..n).for_each(|n| info!(llmobs.metadata = %format_args!("{{\"key{n}\": {n}}}"))));
    }),
    ("metrics-field", |n| {
        let metrics: Vec<String> = (0..n).map(|key| format!("\"metric{key}\":{key}")).collect();
        drop(info_span!("t", llmobs.kind = "llm", llmobs.metrics = %format_args!("{{{}}}", metrics.join(","))));
    }),
    ("third-party-records", |n| {
        let span =
            info_span!("chat", gen_ai.operation.name = "chat", gen_ai.response.id = Empty, gen_ai.completion = Empty);
        (0..n).for_each(|number| drop(span.record("gen_ai.completion", format!("text {number}").as_str()).clone()));
    }),
    ("links", |n| {
        let (span, other) = (span(), span());
        (0..n).for_each(|_| {
            span.follows_from(&other);
        });
    }),
    ("nested", |n| nest(n, span())),
    ("nested-and-off", |n| {
        nest(n, info_span!("off", llmobs.kind = "task", session.id = "s", dd_llmobs_enabled = false))
    }),
    ("tools", |n| {
        let root = info_span!("agent", llmobs.kind = "agent").entered();
        for number in 0..n {
            let call = ToolCall::new("tool", number).id(format!("call_{number}"));
            span().annotate(Annotation::new().output(Message::assistant("").tool_call(call)));
            drop(info_span!("tool", llmobs.kind = "tool", llmobs.tool_id = format!("call_{number}")));
        }
        drop(root);
    }),
];

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, n] = &arguments[..] else {
        CASES.iter().for_each(|(name, _)| println!("{name}"));
        return Ok(());
    };
    let n: usize = n.parse().map_err(|_| "n is a number")?;
    let (_, run) = CASES.iter().find(|(name, _)| name == case).ok_or("no such case")?;
    // A small bound, so that nests are deeper than it.
    let builder = Builder::without_environment().open_spans_max_bytes(2 * 1024 * 1024);
    let builder = builder.agentless(false).agent_url("http://127.0.0.1:1").shutdown_timeout(Duration::from_millis(100));
    let (layer, guard) = builder.ml_app("curves").start().map_err(|error| error.to_string())?;
    tracing_subscriber::registry().with(layer).init();
    run(n);
    drop(guard);
    Ok(())
}

fn span() -> Span {
    info_span!("t", llmobs.kind = "llm", llmobs.output = Empty)
}

fn annotate(n: usize, annotation: impl Fn(usize) -> Annotation) {
    let span = span();
    (0..n).for_each(|key| assert!(span.annotate(annotation(key))));
}

/// Opens spans inside one another and closes them.
fn nest(depth: usize, outermost: Span) {
    let mut spans = vec![outermost];
    for _ in 0..depth {
        let parent = spans.last().and_then(Span::id);
        spans.push(info_span!(parent: parent, "t", llmobs.kind = "task"));
    }
    while spans.pop().is_some() {}
}
