//! Our layer beside `tracing-opentelemetry`: both see their spans, in either order.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::info_span;
use tracing_llmobs::testing::{self, Recorder};
use tracing_llmobs::{Annotation, Content, LlmObsSpanExt, Message, SpanKind};
use tracing_subscriber::prelude::*;

#[test]
fn both_layers_capture_in_either_order() {
    for ours_first in [true, false] {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let tracer = provider.tracer("test");
        let recorder = if ours_first {
            let (layer, recorder) = testing::recorder();
            let otel = tracing_opentelemetry::layer().with_tracer(tracer);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer).with(otel), program);
            recorder
        } else {
            let (layer, recorder) = testing::recorder();
            let otel = tracing_opentelemetry::layer().with_tracer(tracer);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(otel).with(layer), program);
            recorder
        };
        check_ours(&recorder);
        check_theirs(&exporter.get_finished_spans().unwrap());
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
