//! Input and output of every form.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};
use tracing::info_span;
use tracing_llmobs::{Annotation, Content, Document, Handle, LlmObsSpanExt as _, Message, ToolCall, ToolResult};

pub(in super::super) fn explicit_span(_: &Handle) {
    let outer = info_span!("outer", llmobs.kind = "workflow");
    let _outer = outer.enter();
    let inner = info_span!("inner", llmobs.kind = "task");
    let _inner = inner.enter();
    outer.annotate(Annotation::new().input("for outer").tag("who", "outer"));
    tracing::Span::current().annotate(Annotation::new().input("for inner"));
}

pub(in super::super) fn text(_: &Handle) {
    let span = info_span!("s", llmobs.kind = "llm", llmobs.model_name = "m");
    span.annotate(Annotation::new().input("What is 2+2?").output("4"));
}

pub(in super::super) fn one_message(_: &Handle) {
    let span = info_span!("s", llmobs.kind = "llm", llmobs.model_name = "m");
    span.annotate(Annotation::new().input(Message::user("hi")).output(Message::assistant("hello")));
}

pub(in super::super) fn messages(_: &Handle) {
    let span = info_span!(
        "llm_call",
        llmobs.kind = "llm",
        llmobs.model_name = "model_name",
        llmobs.model_provider = "model_provider",
    );
    span.annotate(
        Annotation::new()
            .input([Message::system("You are helpful."), Message::user("Hello world!")])
            .output([Message::assistant("How can I help?")])
            .metadata("temperature", 0)
            .metadata("max_tokens", 200)
            .metric("input_tokens", 4)
            .metric("output_tokens", 6)
            .metric("total_tokens", 10)
            .tag("host", "host_name"),
    );
}

pub(in super::super) fn tool_calls(_: &Handle) {
    let span = info_span!("tools", llmobs.kind = "llm", llmobs.model_name = "m");
    let arguments = json!({"city": "Paris", "n": 1, "deep": {"a": [1, null, true]}});
    let call = ToolCall::new("get_weather", arguments).id("call_1").kind("function");
    let result = ToolResult::new(r#"{"t": 21}"#).name("get_weather").id("call_1").kind("function_result");
    let minimal = ToolCall::new("minimal", json!({}));
    let two = ToolCall::new("two", json!({"x": 1})).id("call_2");
    span.annotate(
        Annotation::new()
            .input([
                Message::user("weather?"),
                Message::assistant("").tool_call(call),
                Message::new("tool", "").tool_result(result),
            ])
            .output([
                Message::assistant("").tool_call(minimal).tool_call(two),
                Message::tool(ToolResult::new("just result")),
            ]),
    );
}

pub(in super::super) fn retrieval(_: &Handle) {
    let found = |text: &str, name: &str, id: &str, score| Document::new(text).name(name).id(id).score(score);
    let cases: [(&str, Content, Content); 4] = [
        ("string", "Hello world!".into(), "one doc".into()),
        (
            "dict",
            json!({"q": "x", "k": 3}).into(),
            found("Hello world is ...", "Hello, World! program", "document_id", 0.9893).into(),
        ),
        (
            "list",
            json!(["q1", "q2"]).into(),
            [found("a", "n", "1", 1.0), Document::new("b").score(0.0), "c".into()].into(),
        ),
        ("empty", "q".into(), Vec::<Document>::new().into()),
    ];
    for (name, input, output) in cases {
        let span = info_span!("search", llmobs.kind = "retrieval", llmobs.name = name);
        span.annotate(Annotation::new().input(input).output(output));
    }
}

pub(in super::super) fn json_for_text_kinds(_: &Handle) {
    let values = [
        ("dict", json!({"b": 2, "a": {"y": [1, 2.5, null, true], "x": "\u{e9}"}}).into()),
        ("list", json!([1, "two", {"three": 3}]).into()),
        ("int", json!(42).into()),
        ("float", json!(0.1).into()),
        ("bool", json!(true).into()),
        ("zero", json!(0).into()),
        ("empty", "".into()),
        ("empty_dict", json!({}).into()),
        ("messages", json!([{"role": "user", "content": "hi"}]).into()),
        ("int_keys", Content::json(NumberKeys).unwrap()),
    ];
    for kind in ["workflow", "agent", "tool", "task"] {
        for (label, value) in &values {
            let span = info_span!("step", llmobs.kind = kind, llmobs.name = format!("{kind}_{label}"));
            span.annotate(Annotation::new().input(value.clone()).output(value.clone()));
        }
    }
}

/// A map whose keys are numbers of two types, as Python's dictionaries may be: `{1: "c", 2.5: "b"}`.
struct NumberKeys;

impl Serialize for NumberKeys {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(&1, &Value::from("c"))?;
        map.serialize_entry(&2.5, "b")?;
        map.end()
    }
}
