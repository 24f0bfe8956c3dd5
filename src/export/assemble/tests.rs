//! An event encoded straight from its recording equals one that processors saw first.

use super::super::encode::encode_within;
use super::*;
use crate::queue::Limits;
use crate::recording::{FieldKey, FieldLog, FieldValue, Head, KindSource, Precedence, RecordedAnnotation};
use llmobs_conventions::{AttributePlan, Conventions};
use llmobs_model::{
    AgentAttribution, Annotation, ApmContext, CapturePolicy, Message, Prompt, Sampling, SpanId, ToolCall, TraceId,
};

fn assembler() -> Assembler {
    let limits = Limits { max_items: 1, max_bytes: 1, wake_bytes: 1, wake_items: 1 };
    let tags = Tags::from_iter([("env", "prod"), ("service", "api"), ("team", "search")]);
    Assembler::new(tags, "app".to_owned(), Arc::new(Queue::new(limits)))
}

fn recording(kind: SpanKind, record: impl Fn(&mut FieldLog)) -> Recording {
    let origin = Origin {
        name: "work",
        span_id: SpanId::new(7).unwrap(),
        trace_id: TraceId::new(9),
        parent_id: SpanId::new(8),
        start_ns: 1_000,
        sampling: Some(Sampling::new(0.5, true)),
        session_id: Some("session \"1\"".into()),
        ml_app: Some("other-app".into()),
        agent: Some(AgentAttribution::new(Some("guide"), SpanId::new(3).unwrap())),
        policy: CapturePolicy::All,
        apm: Some(Arc::new(ApmContext::new(TraceId::new(11)))),
        parent_defaults: None,
        is_entry: false,
    };
    let mut recording = Recording::new(origin, FieldLog::new());
    recording.head.kind = kind;
    recording.head.duration_ns = 250;
    record(recording.log_mut());
    recording
}

/// Every slot that a text may be borrowed for, as plain text, as JSON, and as something that is no text.
fn record_fields(log: &mut FieldLog) {
    use FieldValue::{Bool, Float, Formatted, Oversize, Signed, Text, Unsigned};
    for (meaning, value) in [
        (FieldKey::Name, Text("a \"name\"\n")),
        (FieldKey::ModelName, Formatted("gpt-4o-mini")),
        (FieldKey::ModelProvider, Text("OpenAI")),
        (FieldKey::Input, Text("what is it?\u{1}")),
        (FieldKey::Output, Text(r#"[{"role":"assistant","content":"it is"}]"#)),
        (FieldKey::MetadataValue("z"), Text("plain")),
        (FieldKey::MetadataValue("a"), Text(r#"{"deep":[1,"two"]}"#)),
        (FieldKey::MetadataValue("m"), Float(0.25)),
        (FieldKey::MetadataValue("big"), Oversize),
        (FieldKey::Metadata, Text(r#"{"z":"replaced","_dd":1,"k":null}"#)),
        (FieldKey::Metric("input_tokens"), Unsigned(3)),
        (FieldKey::Metric("some.cost"), Text("0.5")),
        (FieldKey::Metrics, Text(r#"{"output_tokens":-4}"#)),
        (FieldKey::Tag("team"), Text("ranking")),
        (FieldKey::Tag("step"), Signed(-1)),
        (FieldKey::Tags, Text(r#"{"x":"y:z"," t ":true}"#)),
        (FieldKey::Argument("flag"), Bool(true)),
        (FieldKey::Returned, Formatted("\"done\"")),
        (FieldKey::ErrorMessage, Text("no")),
        (FieldKey::Intent, Text("why")),
        (FieldKey::CostTags, Text("team,step")),
        (FieldKey::Prompt, Text(r#"{"id":"greeting","version":"2"}"#)),
    ] {
        assert!(log.push(meaning, value), "{meaning:?}");
    }
}

fn record_annotation(log: &mut FieldLog) {
    let call = ToolCall::new("weather", serde_json::json!({"city": "Paris"})).id("c1");
    let annotation = Annotation::new()
        .name("annotated")
        .model_name("m")
        .model_provider("P")
        .input([Message::system("s"), Message::user("u")])
        .output(Message::assistant("a").tool_call(call))
        .metadata("k", "v")
        .metric("input_tokens", 1)
        .tag("env", "test")
        .prompt(Prompt::new("p"));
    log.annotate(annotation.into());
}

fn record_large(log: &mut FieldLog) {
    log.push_large(FieldKey::Input, "large \"text\" ".repeat(1_000));
    log.push_large(FieldKey::Output, "more\n".repeat(2_000));
}

/// In the words of other crates, by a client that saw the call, and by a context.
fn record_others(log: &mut FieldLog) {
    use FieldValue::{Bool, Signed, Text};
    for (meaning, value) in [
        (FieldKey::Foreign("gen_ai.request.model"), Text("gpt-4o-mini")),
        (FieldKey::Foreign("gen_ai.provider.name"), Text("OpenAI")),
        (FieldKey::Foreign("gen_ai.request.seed"), Signed(7)),
        (FieldKey::Foreign("gen_ai.usage.input_tokens"), Signed(12)),
        (FieldKey::Foreign("tag.tags"), Text(r#"["beta \"1\"","x:y"]"#)),
        (FieldKey::EventStart("gen_ai.user.message"), Bool(false)),
        (FieldKey::EventField("content"), Text("what is it?")),
        (FieldKey::Logged, Text("logged")),
    ] {
        assert!(log.push(meaning, value), "{meaning:?}");
    }
    let seen = Annotation::new().tag("seen", "1").metadata("seen", true).output(Message::assistant("seen"));
    let read = || Annotation::new().metric("output_tokens", 3).tag("read", "later");
    log.annotate(RecordedAnnotation::from(seen).with_precedence(Precedence::Fallback));
    log.annotate(RecordedAnnotation::deferred(10, read).with_precedence(Precedence::Fallback));
    let assumed = Annotation::new().tag("assumed", "1").name("assumed");
    log.annotate(RecordedAnnotation::from(assumed).with_precedence(Precedence::Context));
}

fn record_both(log: &mut FieldLog) {
    record_others(log);
    record_fields(log);
}

fn others(kind: SpanKind, source: KindSource, record: impl Fn(&mut FieldLog)) -> Recording {
    let plan = AttributePlan::new(Conventions::ALL, "app", "work", ["gen_ai.request.model"]);
    let Recording { head, log } = recording(kind, record);
    Recording { head: Head { plan: Some(Arc::new(plan)), source, ..head }, log }
}

fn record_nothing(_: &mut FieldLog) {}

/// The item of a recording: straight from its buffer, or by way of an event.
fn item(assembler: &Assembler, mut recording: Recording, by_event: bool) -> String {
    let mut out = Vec::new();
    let mut event = assembler.assemble(&mut recording.head, &mut recording.log);
    if by_event {
        event = SpanEventRef::from(event.into_event());
    }
    encode_within(&mut event, usize::MAX, &mut out).unwrap();
    assembler.take_back(event);
    String::from_utf8(out).unwrap()
}

#[test]
fn what_is_written_does_not_depend_on_who_owns_the_texts() {
    for &kind in SpanKind::ALL {
        for record in [record_nothing, record_fields, record_annotation, record_large] {
            let items = [false, true].map(|by_event| item(&assembler(), recording(kind, record), by_event));
            assert_eq!(items[0], items[1], "{kind}");
            assert!(items[0].contains("\"session_id\":\"session \\\"1\\\"\""), "{}", items[0]);
        }
    }
}

#[test]
fn nor_does_what_others_say_of_it() {
    let parts = [r#""seen":true"#, r#""seen:1""#, r#""read:later""#, r#""assumed:1""#, r#""beta \"1\"","x:y""#];
    for &kind in SpanKind::ALL {
        for source in [KindSource::Explicit, KindSource::Attributes, KindSource::Demoted] {
            for record in [record_others, record_both] {
                let items = [false, true].map(|by_event| item(&assembler(), others(kind, source, record), by_event));
                assert_eq!(items[0], items[1], "{kind}");
                let missing: Vec<_> = parts.iter().filter(|part| !items[0].contains(**part)).collect();
                assert!(missing.is_empty(), "{missing:?} in {}", items[0]);
            }
        }
    }
}

#[test]
fn nothing_of_one_span_is_left_for_the_next() {
    let used = assembler();
    for record in [record_fields, record_annotation, record_large, record_others] {
        item(&used, others(SpanKind::Llm, KindSource::Attributes, record), false);
        let items =
            [&used, &assembler()].map(|assembler| item(assembler, recording(SpanKind::Task, record_nothing), false));
        assert_eq!(items[0], items[1]);
    }
}
