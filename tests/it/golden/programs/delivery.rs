//! Many spans, large spans, and spans that nobody flushes.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tracing::info_span;
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt as _, Message};

pub(in super::super) fn many_spans(_: &Handle) {
    for number in 0..1010 {
        drop(info_span!("t", llmobs.kind = "task", llmobs.name = format!("t{number}")).entered());
    }
}

/// Every span waits until the one before it was delivered; the exporter sends them of its own accord.
pub(in super::super) fn without_flush(handle: &Handle) {
    let deadline = Instant::now() + Duration::from_secs(30);
    for number in 0..3_u64 {
        drop(info_span!("t", llmobs.kind = "task", llmobs.name = format!("t{number}")).entered());
        while handle.stats().delivered <= number {
            assert!(Instant::now() < deadline, "span {number} was not sent");
            thread::yield_now();
        }
    }
}

pub(in super::super) fn huge_input(_: &Handle) {
    let _root = info_span!("root", llmobs.kind = "workflow").entered();
    let value = info_span!("huge_value", llmobs.kind = "task");
    let input = "x".repeat(5_100_000);
    value.annotate(Annotation::new().input(input).output("small").metadata("kept", 1).tag("kept", "1").metric("m", 1));
    drop(value);
    let messages = info_span!("huge_messages", llmobs.kind = "llm", llmobs.model_name = "m");
    messages.annotate(Annotation::new().input([Message::user("y".repeat(5_100_000))]).output("out"));
}

pub(in super::super) fn huge_metadata(_: &Handle) {
    let span = info_span!("huge_meta", llmobs.kind = "task");
    let annotation = Annotation::new().input("small").output("small");
    span.annotate(annotation.metadata("big", json!("z".repeat(5_100_000))));
}
