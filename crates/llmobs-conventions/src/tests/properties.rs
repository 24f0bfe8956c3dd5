//! Whatever is said, nothing panics, nothing explodes, and no text that stands in a message is lost.

use proptest::prelude::*;
use serde_json::Value;

use crate::format::json::Json;
use crate::messages::{conversation, foreign_documents, instructions};
use crate::{AttributePlan, AttributeValue, Conventions, ForeignAttributes, RemarkSet};
use llmobs_model::SpanKind;

const NAMES: &[&str] = &[
    "gen_ai.operation.name",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.prompt",
    "gen_ai.prompt.0.role",
    "gen_ai.prompt.18446744073709551615.content",
    "gen_ai.prompt.0",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.cache_read.input_tokens",
    "gen_ai.request.stop_sequences",
    "gen_ai.request.a.b",
    "gen_ai.request.a",
    "gen_ai.tool.definitions",
    "gen_ai.retrieval.documents",
    "gen_ai.evaluation.name",
    "gen_ai.evaluation.score.value",
    "llm.input_messages",
    "llm.input_messages.0.message.contents.0.message_content.image.image.url",
    "llm.invocation_parameters",
    "llm.tools.0.tool.json_schema",
    "embedding.embeddings",
    "input.value",
    "output.value",
    "metadata",
    "tag.tags",
    "annotations.0.annotation.score",
    "langfuse.usage",
    "ai.values",
    "ai.response.toolCalls",
    "otel.status_code",
    "error",
    "_dd.ml_obs.metadata",
    "_dd.ml_obs.prompt_tracking",
    "content",
    "tool_calls",
    "message",
    "body",
    "event.name",
];

/// `ResolvedAttributes` that make the readers look closer.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "role",
        "content",
        "parts",
        "type",
        "text",
        "tool_call",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "message",
        "choices",
        "messages",
        "image_url",
        "source",
        "data",
        "document",
        "documents",
        "metadata",
        "output",
        "input",
        "reasoning",
        "summary",
        "tool_result",
        "blob",
        "uri",
        "file",
        "inlineData",
        "message.role",
        "message.content",
        "system",
        "user",
        "data:image/png;base64,",
        "{\"a\":1}",
        "[{\"type\":\"text\"}]",
        "null",
    ];
    prop_oneof![4 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => word().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(word(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

#[derive(Debug, Clone)]
enum Written {
    Text(String),
    Shown(String),
    Number(f64),
    Count(i64),
    Flag(bool),
}

impl Written {
    fn value(&self) -> AttributeValue<'_> {
        match self {
            Self::Text(text) => AttributeValue::Text(text),
            Self::Shown(text) => AttributeValue::Formatted(text),
            Self::Number(number) => AttributeValue::Float(*number),
            Self::Count(number) => AttributeValue::Signed(*number),
            Self::Flag(flag) => AttributeValue::Bool(*flag),
        }
    }
}

fn written() -> impl Strategy<Value = Written> {
    prop_oneof![
        4 => any_json().prop_map(|json| Written::Text(json.to_string())),
        2 => any_json().prop_map(|json| Written::Shown(format!("{json:?}"))),
        2 => word().prop_map(Written::Text),
        1 => word().prop_map(Written::Shown),
        1 => any::<f64>().prop_map(Written::Number),
        1 => any::<i64>().prop_map(Written::Count),
        1 => any::<bool>().prop_map(Written::Flag),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(&'static str, Written)>> {
    prop::collection::btree_map(prop::sample::select(NAMES), written(), 0..12)
        .prop_map(|fields| fields.into_iter().collect())
}

proptest! {
    #[test]
    fn no_span_panics(own in fields(), events in prop::collection::vec((word(), any::<bool>(), fields()), 0..4)) {
        let plan = AttributePlan::new(Conventions::ALL, "rig", "chat", []);
        let mut span = ForeignAttributes::new(&plan);
        for (name, value) in &own {
            span.push(name, value.value());
        }
        for (name, is_error, fields) in &events {
            span.push_event(name, *is_error);
            for (name, value) in fields {
                span.push_event_attribute(name, value.value());
            }
        }
        let _ = (span.summarize(), span.has_usage(), span.evaluations(), span.inline_evaluations());
        for &kind in SpanKind::ALL {
            let mapped = span.map(kind, false);
            let _ = span.remarks(kind, false, &mapped);
            let number = |name: &str| mapped.annotation.metrics.get(name).and_then(serde_json::Number::as_f64);
            prop_assert!(number("input_tokens").is_none_or(|count| count >= 0.0));
            prop_assert!(!mapped.annotation.metadata.contains_key("_dd"));
        }
        let _ = span.map(SpanKind::Workflow, true);
    }

    #[test]
    fn no_dialect_panics(value in any_json()) {
        let text = value.to_string();
        let json = Json::parse(&text).unwrap();
        let _ = (conversation(&json, "user"), foreign_documents(&json, &mut RemarkSet::default()), instructions(&json));
    }

    #[test]
    fn the_text_of_a_message_is_kept(text in "[a-z]{3,12}", other in any_json()) {
        let given = serde_json::json!([{"role": "user", "content": [{"type": "text", "text": text}, other]}]).to_string();
        let read = conversation(&Json::parse(&given).unwrap(), "user").unwrap();
        prop_assert!(read.messages.iter().any(|message| message.content.contains(&text)));
    }
}

#[test]
fn content_that_was_too_large_is_told() {
    let lost = |name: &str| {
        let plan = AttributePlan::new(Conventions::ALL, "app", "chat", [name]);
        let mut span = ForeignAttributes::new(&plan);
        span.push(name, AttributeValue::Oversize);
        let mapped = span.map(SpanKind::Llm, false);
        (mapped.has_lost_input, mapped.has_lost_output)
    };
    assert_eq!(lost("gen_ai.input.messages"), (true, false));
    assert_eq!(lost("langfuse.output"), (false, true));
    assert_eq!(lost("gen_ai.request.seed"), (false, false));
}

fn numbered(item: impl Fn(usize) -> String) -> String {
    (0..10_000).map(item).collect::<Vec<_>>().join(",")
}

#[test]
fn long_and_deep_values_take_no_more_than_a_moment() {
    let long = [
        "[".repeat(200_000),
        format!("[{}]", "{\"role\":\"user\",\"content\":\"x\"},".repeat(5_000).trim_end_matches(',')),
        "Some(".repeat(200_000),
        format!("\"{}\"", "\\u{".repeat(100_000)),
        format!("[{}]", vec!["{\"type\":\"text\",\"text\":\"x\"}"; 5_000].join(",")),
        format!("[{}]", numbered(|n| format!("{{\"type\":\"tool_call\",\"id\":\"{n}\",\"name\":\"f\"}}"))),
        format!("[{{{}}}]", numbered(|n| format!("\"message.a{n}\":{n}"))),
        format!("[{}]", numbered(|n| format!("\"{n}\""))),
    ];
    let start = std::time::Instant::now();
    for text in &long {
        for value in [AttributeValue::Text(text), AttributeValue::Formatted(text)] {
            let names =
                ["gen_ai.input.messages", "gen_ai.system_instructions", "llm.output_messages", "tag.tags", "metadata"];
            let plan = AttributePlan::new(Conventions::ALL, "app", "chat", names);
            let mut span = ForeignAttributes::new(&plan);
            for name in names {
                span.push(name, value);
            }
            span.push("gen_ai.operation.name", AttributeValue::Text("chat"));
            let mapped = span.map(SpanKind::Llm, false);
            assert!(mapped.annotation.input.is_some());
        }
    }
    // Quadratic work over one of these would take longer by itself.
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}
