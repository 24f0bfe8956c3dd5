//! `LlmObsSpanExt::annotate`: content without declared fields, on any span that is or becomes ours.

use serde::Serialize;
use serde_json::json;
use tracing::field::Empty;
use tracing::{info, info_span};
use tracing_llmobs::{
    Annotation, Content, Document, LlmObsSpanExt, Media, Message, Metrics, Problem, SpanError, SpanKind, Status, Tags,
    ToolCall, ToolResult, metric,
};

use tracing_subscriber::prelude::*;

use crate::harness::recording::{block_on, metadata, metrics, only_span, problems, record, record_beside_fmt, text};

#[test]
fn content_takes_the_form_of_the_kind() {
    let message = || Message::user("m");
    let document = || Document::new("d").score(0.0);
    let json_messages = || Content::json(json!([{"role": "user", "content": "m"}])).unwrap();
    let json_documents = || Content::json(json!(["d"])).unwrap();
    let json = || Content::json(json!({"a": [1]})).unwrap();
    // What is given, and what llm messages, documents and text become of it; with `None` its text, which is counted.
    let table: [(Content, [Option<Content>; 3]); 9] = [
        ("x".into(), [Some(Message::new("", "x").into()), Some(Document::new("x").into()), text("x")]),
        ("".into(), [Some(Message::new("", "").into()), Some(Document::new("").into()), text("")]),
        (message().into(), [Some(message().into()), None, text(r#"[{"role":"user","content":"m"}]"#)]),
        (Vec::<Message>::new().into(), [Some(Vec::<Message>::new().into()), None, text("[]")]),
        (document().into(), [None, Some(document().into()), text(r#"[{"text":"d","score":0.0}]"#)]),
        (json_messages(), [Some(message().into()), None, text(r#"[{"content":"m","role":"user"}]"#)]),
        (json_documents(), [Some(Message::new("", "d").into()), Some(Document::new("d").into()), text(r#"["d"]"#)]),
        (json(), [None, None, text(r#"{"a":[1]}"#)]),
        (Content::json(5).unwrap(), [None, None, text("5")]),
    ];
    for (given, [messages, documents, plain]) in table {
        for &kind in SpanKind::ALL {
            let input = match kind {
                SpanKind::Llm => &messages,
                SpanKind::Embedding => &documents,
                _ => &plain,
            };
            let output = match kind {
                SpanKind::Llm => &messages,
                SpanKind::Retrieval => &documents,
                _ => &plain,
            };
            let recorder = record(|| {
                let span = info_span!("t", llmobs.kind = kind.as_str());
                assert!(span.annotate(Annotation::new().input(given.clone()).output(given.clone()).tag("k", "v")));
            });
            let span = only_span(&recorder);
            let Some(Content::Text(text)) = plain.clone() else { panic!("plain text") };
            let as_text = |is_messages: bool| -> Option<Content> {
                let text = text.clone();
                Some(if is_messages { Message::new("", text).into() } else { Document::new(text).into() })
            };
            let or_text = |side: &Option<Content>| side.clone().or_else(|| as_text(kind == SpanKind::Llm));
            assert_eq!((&span.input, &span.output), (&or_text(input), &or_text(output)), "{kind}: {given:?}");
            assert_eq!((span.tags.get("k"), span.status), (Some("v"), Status::Ok), "{kind}: {given:?}");
            let refused = u64::from(input.is_none()) + u64::from(output.is_none());
            let expected: Vec<_> = [(Problem::Shape, refused)].into_iter().filter(|(_, count)| *count > 0).collect();
            assert_eq!(problems(&recorder), expected, "{kind}: {given:?}");
        }
    }
}

#[test]
fn everything_typed_arrives_as_it_was_given() {
    #[derive(Serialize)]
    struct Request {
        temperature: f64,
        stop: Vec<&'static str>,
        seed: Option<u64>,
    }
    let call = || ToolCall::new("f", r#"{"x":1}"#).id("c1").kind("function");
    let result = || ToolResult::new("21").name("f").id("c1").kind("tool_result");
    let conversation = || {
        vec![
            Message::system("Be brief."),
            Message::user("look").image(Media::base64("image/png", "AAAA")).audio(Media::attachment("audio/wav", "k")),
            Message::assistant("").tool_call(call()),
            Message::tool(result()),
            Message::new("critic", "bad"),
        ]
    };
    let recorder = record(|| {
        let span = info_span!("t", llmobs.kind = Empty);
        let annotation = Annotation::new().kind(SpanKind::Llm).name("ask").model_name("GPT").model_provider("OpenAI");
        let annotation = annotation.session_id("s").ml_app("app").input(conversation()).output(conversation());
        let annotation = annotation.metadata("nested", json!({"a": [1, null]})).metadata("list", [1, 2]);
        let annotation = annotation.metadata_map(Request { temperature: 0.0, stop: vec!["\n"], seed: None });
        let annotation = annotation.metric(metric::INPUT_TOKENS, 7_u32).metrics(Metrics::from_iter([("a.b", 0.5)]));
        let annotation = annotation.tag("k", "v").tags(&Tags::from_iter([("l", "w")]));
        assert!(span.annotate(annotation.span_error(SpanError::new("m").error_type("T").stack("s"))));
    });
    let span = only_span(&recorder);
    assert_eq!((span.kind, span.name.as_str(), span.session_id.as_deref()), (SpanKind::Llm, "ask", Some("s")));
    assert_eq!((span.model_name.as_deref(), span.model_provider.as_deref()), (Some("GPT"), Some("openai")));
    assert_eq!((span.input, span.output), (Some(conversation().into()), Some(conversation().into())));
    let expected =
        json!({"nested": {"a": [1, null]}, "list": [1, 2], "temperature": 0.0, "stop": ["\n"], "seed": null});
    assert_eq!(serde_json::Value::Object(span.metadata), expected);
    let tags = ["ml_app", "session_id", "k", "l", "error", "error_type"].map(|key| span.tags.get(key).unwrap());
    assert_eq!(tags, ["app", "s", "v", "w", "1", "T"]);
    assert_eq!(span.error, Some(SpanError::new("m").error_type("T").stack("s")));
    let metrics: Vec<_> = span.metrics.iter().map(|(name, value)| (name, value.to_string())).collect();
    assert_eq!(metrics, [("input_tokens", "7".to_owned()), ("a_b", "0.5".to_owned())]);
}

#[test]
fn parts_that_are_refused_are_counted_and_the_rest_arrives() {
    let recorder = record(|| {
        let span = info_span!("t", llmobs.kind = "task");
        let annotation =
            Annotation::new().metric("nan", f64::NAN).metric("", 1).metric(" \t", 1).metric("good", 1).tag(" ", "x");
        let annotation = annotation
            .metadata("_dd", 1)
            .metadata_map(5)
            .metadata("pairs", [((1, 2), 3)].into_iter().collect::<std::collections::BTreeMap<_, _>>());
        assert!(span.annotate(annotation.tag("good", "x").output("o").metadata("good", u128::MAX)));
    });
    let span = only_span(&recorder);
    assert_eq!(
        (metrics(&span), span.tags.get("good"), span.output.clone()),
        (json!({"good": 1}), Some("x"), text("o"))
    );
    assert_eq!(metadata(&span), json!({}));
    assert_eq!(problems(&recorder), [(Problem::Annotation, 1)]);
}

#[test]
fn a_clone_can_be_annotated_anywhere_and_at_any_time_before_the_end() {
    let recorder = record(|| {
        let span = info_span!("t", llmobs.kind = "task");
        let said = |key: &'static str| Annotation::new().tag(key, "x");
        assert!(span.annotate(said("before enter")));
        span.in_scope(|| assert!(tracing::Span::current().annotate(said("entered"))));
        assert!(span.annotate(said("after exit")));
        let clone = span.clone();
        std::thread::spawn(move || assert!(clone.annotate(said("thread")))).join().unwrap();
        let clone = span.clone();
        block_on(async move {
            tokio::spawn(async move { assert!(clone.annotate(said("task"))) }).await.unwrap();
        });
        let clone = span.clone();
        drop(span);
        assert!(clone.annotate(said("last clone")));
        assert!(clone.finish() && !clone.finish());
        assert!(!clone.annotate(said("after finish")) && clone.llmobs_context().is_none());
    });
    let span = only_span(&recorder);
    let keys = ["after exit", "before enter", "entered", "last clone", "task", "thread"];
    assert_eq!(span.tags.iter().map(|(key, _)| key).filter(|key| keys.contains(key)).collect::<Vec<_>>(), keys);
    assert_eq!(span.tags.get("after finish"), None);
}

#[test]
fn a_finished_span_cannot_be_opened_again() {
    for promoted in [false, true] {
        let recorder = record_beside_fmt(|| {
            let span = if promoted { info_span!("t") } else { info_span!("t", llmobs.kind = "task") };
            let again = || Annotation::new().kind(SpanKind::Task).output("again");
            assert!(span.annotate(again()));
            assert!(span.finish());
            assert!(!span.annotate(again()), "{promoted}");
            assert!(!span.finish() && span.llmobs_context().is_none());
            span.record("llmobs.output", "again");
            span.in_scope(|| info!(llmobs.output = "again"));
        });
        assert_eq!(recorder.spans().len(), 1, "{promoted}");
        assert_eq!(recorder.handle().stats().open_spans, 0, "{promoted}");
    }
}

#[test]
fn a_span_that_is_not_there_is_not_found() {
    let span_of_nobody = info_span!("nobody", llmobs.kind = "task");
    assert!(!span_of_nobody.annotate(Annotation::new().kind(SpanKind::Task)));
    let recorder = record(|| {
        let said = || Annotation::new().kind(SpanKind::Task).output("x");
        assert!(!tracing::Span::none().annotate(said()) && !tracing::Span::none().finish());
        assert!(!tracing::Span::current().annotate(said()));
    });
    assert_eq!(recorder.tree(), "");
}

/// In its own process, because a callsite that another subscriber wants is enabled for all.
#[test]
fn a_plain_span_that_nobody_wants_is_disabled() {
    if crate::harness::in_own_process("annotate::a_plain_span_that_nobody_wants_is_disabled") {
        let recorder = record(|| assert!(!info_span!("plain").annotate(Annotation::new().kind(SpanKind::Task))));
        assert_eq!(recorder.tree(), "");
    }
}

#[test]
fn a_span_without_a_kind_is_not_found_either() {
    let recorder = record_beside_fmt(|| {
        let plain = info_span!("plain");
        assert!(!plain.annotate(Annotation::new().output("x")) && !plain.finish() && plain.llmobs_context().is_none());
        let kindless = info_span!("kindless", llmobs.input = "x", llmobs.kind = Empty);
        assert!(!kindless.annotate(Annotation::new().output("x")) && kindless.llmobs_context().is_none());
    });
    assert_eq!(recorder.tree(), "");
    assert_eq!(recorder.handle().stats().open_spans, 0);
}

#[test]
fn a_plain_span_becomes_ours_by_a_kind_and_counts_from_then_on() {
    let recorder = record_beside_fmt(|| {
        let root = info_span!("root", llmobs.kind = "agent", llmobs.session_id = "s").entered();
        let plain = info_span!("plain").entered();
        let before = info_span!("before", llmobs.kind = "task");
        assert!(plain.annotate(Annotation::new().kind(SpanKind::Workflow).input("in")));
        let promoted = plain.llmobs_context().unwrap();
        let between = info_span!("another plain").entered();
        let after = info_span!("after", llmobs.kind = "task");
        assert_eq!(after.llmobs_context().unwrap().trace_id, promoted.trace_id);
        // What is said inside it is said about it, not about the one above.
        info!(llmobs.tags.place = "plain");
        assert!(plain.annotate(Annotation::new().output("out")));
        drop((before, after, between, plain, root));
    });
    assert_eq!(recorder.tree(), "agent root\n  task before\n  workflow plain\n    task after\n");
    let promoted = recorder.span("plain");
    assert_eq!((promoted.input.clone(), promoted.output.clone()), (text("in"), text("out")));
    assert_eq!((promoted.tags.get("place"), promoted.session_id.as_deref()), (Some("plain"), Some("s")));
    assert_eq!(recorder.span("root").tags.get("place"), None);
    assert_eq!(recorder.span("after").agent_attribution, recorder.span("before").agent_attribution);
    let stats = recorder.handle().stats();
    assert_eq!((stats.offered, stats.open_spans, stats.is_balanced()), (4, 0, true));
}

#[test]
fn a_promoted_span_takes_its_time_and_its_panic_at_its_close() {
    let (layer, recorder) = tracing_llmobs::testing::recorder();
    let others = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tracing::subscriber::with_default(tracing_subscriber::registry().with(others).with(layer), || {
            let plain = info_span!("plain").entered();
            recorder.clock().advance(std::time::Duration::from_secs(1));
            plain.annotate(Annotation::new().kind(SpanKind::Tool));
            recorder.clock().advance(std::time::Duration::from_secs(2));
            std::panic::panic_any("expected");
        });
    }));
    assert!(outcome.is_err());
    let span = recorder.span("plain");
    assert_eq!((span.duration_ns, span.status), (2_000_000_000, Status::Error));
    assert_eq!(span.error.unwrap().error_type, "panic");
}

/// The names are written out, so that a wrong letter in a constant shows.
#[test]
fn metrics_of_cost_cache_and_characters_have_their_names_on_the_wire() {
    let recorder = record(|| {
        let annotation = Annotation::new()
            .metric(metric::INPUT_COST, 1)
            .metric(metric::OUTPUT_COST, 2)
            .metric(metric::TOTAL_COST, 3)
            .metric(metric::NON_CACHED_INPUT_COST, 4)
            .metric(metric::CACHE_READ_INPUT_COST, 5)
            .metric(metric::CACHE_WRITE_INPUT_COST, 6)
            .metric(metric::CACHE_READ_INPUT_TOKENS, 7)
            .metric(metric::CACHE_WRITE_INPUT_TOKENS, 8)
            .metric(metric::EPHEMERAL_5M_INPUT_TOKENS, 9)
            .metric(metric::EPHEMERAL_1H_INPUT_TOKENS, 10)
            .metric(metric::NON_CACHED_INPUT_TOKENS, 11)
            .metric(metric::REASONING_OUTPUT_TOKENS, 12)
            .metric(metric::BILLABLE_CHARACTER_COUNT, 13);
        info_span!("call", llmobs.kind = "llm").annotate(annotation);
    });
    let wire = serde_json::to_value(recorder.span("call")).unwrap();
    let expected = json!({
        "input_cost": 1, "output_cost": 2, "total_cost": 3, "non_cached_input_cost": 4, "cache_read_input_cost": 5,
        "cache_write_input_cost": 6, "cache_read_input_tokens": 7, "cache_write_input_tokens": 8,
        "ephemeral_5m_input_tokens": 9, "ephemeral_1h_input_tokens": 10, "non_cached_input_tokens": 11,
        "reasoning_output_tokens": 12, "billable_character_count": 13,
    });
    assert_eq!(wire["metrics"], expected);
}
