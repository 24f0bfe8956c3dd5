//! Our layer beside `tracing-opentelemetry`: both see their spans, in either order.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod both;

use both::{Both, run};
use opentelemetry_sdk::trace::SpanData;
use tracing::info_span;
use tracing_llmobs::testing::Recorder;
use tracing_llmobs::{Annotation, Content, LlmObsSpanExt, Message, SpanKind};

#[test]
fn both_layers_capture_in_either_order() {
    for ours_first in [true, false] {
        let Both { recorder, spans } = run(ours_first, program);
        check_ours(&recorder);
        check_theirs(&spans);
    }
}

fn program() {
    let root = info_span!("root", llmobs.kind = "workflow").entered();
    root.annotate(Annotation::new().input("in"));
    let request = info_span!("request", otel.kind = "client").entered();
    let call = info_span!("call", llmobs.kind = "llm", llmobs.output = tracing::field::Empty).entered();
    call.record("llmobs.output", "ho");
    tracing::error!(error = "no");
    drop(call);
    assert!(request.annotate(Annotation::new().kind(SpanKind::Tool)));
    drop(info_span!("below", llmobs.kind = "task"));
    drop((request, root));
}

fn check_ours(recorder: &Recorder) {
    // The request became ours after the call had begun.
    assert_eq!(recorder.tree(), "workflow root\n  llm call error\n  tool request\n    task below\n");
    assert_eq!(recorder.span("root").input, Some(Content::from("in")));
    assert_eq!(recorder.span("call").output, Some(Message::new("", "ho").into()));
    assert_eq!(recorder.handle().stats().open_spans, 0);
}

fn check_theirs(spans: &[SpanData]) {
    let parent = |name: &str| {
        let span = spans.iter().find(|span| span.name == name).unwrap();
        let above = spans.iter().find(|other| other.span_context.span_id() == span.parent_span_id);
        above.map(|above| above.name.as_ref())
    };
    assert_eq!(spans.len(), 4);
    let parents = ["root", "request", "call", "below"].map(parent);
    assert_eq!(parents, [None, Some("root"), Some("request"), Some("request")]);
}
