//! Events as JSON, to compare with.

use std::fmt::Write;

use serde_json::{Map, Value, json};
use tracing_llmobs::{Content, Message, SpanEvent, SpanId, metric};

/// The trees of these events: kind, name, model, input, output, metrics, metadata, tools, error, children in the order in
/// which they started. What there is none of is left out, ids are left out, and the time to the first token is only `true`.
pub fn trees(spans: &[SpanEvent]) -> Value {
    let is_here = |id: SpanId| spans.iter().any(|span| span.span_id == id);
    let mut sorted: Vec<&SpanEvent> = spans.iter().collect();
    sorted.sort_by_key(|span| (span.start_ns, span.span_id));
    let roots = sorted.iter().filter(|span| !span.parent_id.is_some_and(is_here));
    roots.map(|root| tree(root, &sorted)).collect()
}

/// This object with these members, beside its own or instead of them.
pub fn with(base: &Value, more: Value) -> Value {
    let (mut all, more): (Value, Map<String, Value>) = (base.clone(), serde_json::from_value(more).unwrap());
    all.as_object_mut().unwrap().extend(more);
    all
}

/// This tree with a finish reason beside the other metadata of its root.
#[expect(clippy::indexing_slicing, reason = "a member that is missing is made, or the test fails")]
pub fn ended(tree: &Value, reason: &str) -> Value {
    let mut tree = tree.clone();
    tree["metadata"]["finish_reason"] = json!(reason);
    tree
}

/// These trees with the finish reasons of their `llm` spans that came to an end, in order.
pub fn finished(mut trees: Value, reasons: &[&str]) -> Value {
    let mut reasons = reasons.iter();
    finish(&mut trees, &mut reasons);
    assert_eq!(reasons.next(), None, "more reasons than calls");
    trees
}

#[expect(clippy::indexing_slicing, reason = "a member that is missing is made, or the test fails")]
fn finish(trees: &mut Value, reasons: &mut std::slice::Iter<'_, &str>) {
    for tree in trees.as_array_mut().into_iter().flatten() {
        let is_call = tree["span"].as_str().is_some_and(|span| span.starts_with("llm "));
        if is_call && let Some(reason) = reasons.next() {
            tree["metadata"]["finish_reason"] = json!(reason);
        }
        if tree.get("children").is_some() {
            finish(&mut tree["children"], reasons);
        }
    }
}

/// Returns this tree without the error at its root, whose type must be this.
pub fn without_error(mut tree: Value, of: &str) -> Value {
    let error = tree.as_object_mut().unwrap().remove("error").unwrap_or_default();
    assert!(error.as_str().is_some_and(|error| error.starts_with(of)), "{error}");
    tree
}

fn tree(span: &SpanEvent, all: &[&SpanEvent]) -> Value {
    let mut node = Map::new();
    let mut put = |key: &str, value: Value| {
        let is_empty = match &value {
            Value::Null => true,
            Value::Array(items) => items.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        };
        if !is_empty {
            node.insert(key.to_owned(), value);
        }
    };
    put("span", json!(format!("{} {}", span.kind, span.name)));
    let model = span.model_provider.as_ref().zip(span.model_name.as_ref());
    put("model", model.map_or(Value::Null, |(provider, name)| json!(format!("{provider}/{name}"))));
    put("input", span.input.as_ref().map_or(Value::Null, content));
    put("output", span.output.as_ref().map_or(Value::Null, content));
    put("metrics", metrics(span));
    put("metadata", Value::Object(span.metadata.clone()));
    put("tools", span.tool_definitions.iter().map(|tool| json!(tool.name)).collect());
    let error = span.error.as_ref().map(|error| format!("{}: {}", error.error_type, error.message));
    put("error", json!(error));
    let children = all.iter().filter(|child| child.parent_id == Some(span.span_id));
    put("children", children.map(|child| tree(child, all)).collect());
    Value::Object(node)
}

fn metrics(span: &SpanEvent) -> Value {
    let shown = |name: &str, value: Value| if name == metric::TIME_TO_FIRST_TOKEN { json!(true) } else { value };
    let each = |(name, number): (&str, &serde_json::Number)| (name.to_owned(), shown(name, number.clone().into()));
    span.metrics.iter().map(each).collect()
}

fn content(content: &Content) -> Value {
    match content {
        Content::Text(text) => json!(text),
        Content::Messages(messages) => messages.iter().map(message).collect(),
        Content::Documents(documents) => documents.iter().map(|one| json!({"document": one.text})).collect(),
        Content::Json(value) => json!({"json": value}),
        other => json!(format!("{other:?}")),
    }
}

/// `user: hi`, and behind it what tools are called and have answered.
fn message(message: &Message) -> Value {
    let mut text = format!("{}: {}", message.role.as_str(), message.content);
    for call in &message.tool_calls {
        let id = call.tool_id.as_deref().unwrap_or_default();
        let arguments = Value::Object(call.arguments.clone());
        write!(text, " [call {id} {} {arguments}]", call.name).unwrap();
    }
    for result in &message.tool_results {
        let (id, name) = (result.tool_id.as_deref().unwrap_or_default(), result.name.as_deref().unwrap_or_default());
        write!(text, " [result {id} {name} {}]", result.result).unwrap();
    }
    json!(text)
}
