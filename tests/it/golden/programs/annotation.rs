//! Metadata, metrics and tags, and what is refused.

use serde_json::json;
use tracing::{Span, info_span};
use tracing_llmobs::{Annotation, Handle, LlmObsSpanExt as _};

pub(in super::super) fn merge(_: &Handle) {
    let span = info_span!("m", llmobs.kind = "task");
    let first = Annotation::new().metadata("a", 1).metadata("n", json!({"x": 1})).metric("m", 1).metric("k", 1);
    span.annotate(first.tag("t", "1").tag("u", "1"));
    let second = Annotation::new().metadata("a", 2).metadata("b", 3).metadata("n", json!({"y": 2})).metric("m", 2);
    span.annotate(second.tag("t", "2").tag("v", "3"));
}

pub(in super::super) fn metadata_types(_: &Handle) {
    let deep = (0..16).rev().fold(json!({"end": 1}), |inner, level| json!({format!("l{level}"): inner}));
    let span = info_span!("meta", llmobs.kind = "llm", llmobs.model_name = "m");
    span.annotate(
        Annotation::new()
            .metadata("temperature", 0.7)
            .metadata("max_tokens", 200)
            .metadata("stream", true)
            .metadata("stop", None::<&str>)
            .metadata("list", json!([1, "a", {"b": 2}]))
            .metadata("nested", json!({"x": {"y": "z"}}))
            .metadata("empty", json!({}))
            .metadata("text", "t")
            .metadata("big", 1_u64 << 60)
            .metadata("neg", -1.5e-7)
            .metadata("deep", deep)
            .metadata("model_temperature", 0),
    );
}

pub(in super::super) fn tag_characters(_: &Handle) {
    let span = info_span!("chars", llmobs.kind = "task");
    span.annotate(
        Annotation::new()
            .tag("colon:key", "a:b:c")
            .tag("comma", "a,b")
            .tag("space key", "a b")
            .tag("quote", "say \"hi\"")
            .tag("newline", "a\nb")
            .tag("UPPER", "Value")
            .tag("empty", "")
            .tag("", "empty key")
            .tag("unicode", "\u{65e5}\u{672c}")
            .tag("\u{e9}", "accent")
            .tag("long", "x".repeat(300))
            .tag("slash", "a/b\\c"),
    );
}

/// Wrong values that the types let through are refused at run time, and the spans go out without them.
pub(in super::super) fn invalid(_: &Handle) {
    invalid_fields();
    let messages = info_span!("bad_messages", llmobs.kind = "llm", llmobs.model_name = "m");
    messages.annotate(Annotation::new().input(json!(5)));
    messages.annotate(Annotation::new().input(json!([{"content": 5}])));
    messages.annotate(Annotation::new().input(json!([{"role": "user", "content": [{"type": "text"}]}])));
    messages.annotate(Annotation::new().input(json!([{"content": "a", "role": 5}])));
    messages.annotate(Annotation::new().output(json!([{"content": "", "tool_calls": [{"arguments": {}}]}])));
    let text_arguments = json!([{"content": "", "tool_calls": [{"name": "n", "arguments": "{}"}]}]);
    messages.annotate(Annotation::new().output(text_arguments));
    messages.annotate(Annotation::new().input(json!([{"content": "", "tool_results": [{"name": "n"}]}])));
    let two_sources = json!({"mime_type": "image/png", "content": "a", "attachment_key": "b"});
    messages.annotate(Annotation::new().input(json!([{"content": "", "image_parts": [two_sources]}])));
    let documents = info_span!("bad_documents", llmobs.kind = "embedding", llmobs.model_name = "m");
    documents.annotate(Annotation::new().input(json!([{"name": "n"}])));
    documents.annotate(Annotation::new().input(json!([{"text": 5}])));
    documents.annotate(Annotation::new().input(json!([{"text": "t", "score": "high"}])));
    let retrieval = info_span!("bad_retrieval", llmobs.kind = "retrieval");
    retrieval.annotate(Annotation::new().output(json!([{"id": "1"}])));
    retrieval.annotate(Annotation::new().output(json!(7)));
    let finished = info_span!("finished", llmobs.kind = "task");
    finished.finish();
    for (span, why) in [(Span::none(), "no span"), (finished, "a finished span"), (info_span!("apm"), "a foreign span")]
    {
        assert!(!span.annotate(Annotation::new().input("x")), "{why} was annotated");
    }
}

fn invalid_fields() {
    let span = info_span!(
        "bad_args",
        llmobs.kind = "task",
        llmobs.metadata = "x",
        llmobs.metrics = "[1]",
        llmobs.tags = r#"["a"]"#,
    );
    span.record("llmobs.metrics", r#"{"a": "1"}"#);
    span.record("llmobs.metrics", r#"{"a": null}"#);
    span.annotate(Annotation::new().metadata_map("x").metric("a", f64::NAN));
}
