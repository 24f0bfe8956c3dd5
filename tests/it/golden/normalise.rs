//! Requests as comparable facts: the rules that the files in `tests/golden/` were made with.
//!
//! - Ids become `<span#1>`, `<trace#1>`, `<apm#1>`, counted along the names from the root down.
//! - Times become `<int>`, versions, keys, language, error types and stacks a word in angle brackets.
//! - A string that holds a JSON object or array becomes `{"$json": …}`, so that spacing does not count.
//! - `1.0` is `1`; empty objects, arrays and strings and null are as good as absent.
//! - What only the Python SDK has (`agent_service`, sampling) or what repeats other members is left out.
//! - Long strings are counted, and so are spans when there are more than a hundred.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::intake::{Answer, Request};

/// `{"requests": {…}, "spans": {…}, "evaluations": […]}` of what an intake was sent; `null` if there are no evaluations.
pub(super) fn normalise(requests: &[Request]) -> Value {
    // Which of the two goes first is the exporter's affair.
    let to = |end: &str| requests.iter().filter(move |one| one.path.ends_with(end)).collect::<Vec<_>>();
    let requests = [to("/api/v2/llmobs"), to("/api/intake/llm-obs/v2/eval-metric")].concat();
    let bodies: Vec<Value> =
        requests.iter().map(|one| serde_json::from_slice(&one.body).expect("a body of JSON")).collect();
    let spans = bodies.iter().flat_map(envelopes).flat_map(|envelope| array(&envelope["spans"])).cloned().collect();
    let spans = Spans::new(spans);
    let evaluations: Vec<_> = bodies.iter().flat_map(metrics).map(|metric| spans.evaluation(metric)).collect();
    let evaluations = if evaluations.is_empty() { Value::Null } else { json!(evaluations) };
    json!({"requests": facts(&requests, &bodies), "spans": spans.normalise(), "evaluations": evaluations})
}

/// Collects the distinct heads of requests, and their responses; over how many accepted requests the spans
/// are spread is the exporter's affair.
fn facts(requests: &[&Request], bodies: &[Value]) -> Value {
    let mut facts: Vec<Value> = Vec::new();
    for (request, body) in requests.iter().zip(bodies) {
        let headers: Map<_, _> = request
            .headers
            .iter()
            .filter(|(name, _)| !IGNORED_HEADERS.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), json!(if name == "dd-api-key" { "<api key>" } else { value })))
            .collect();
        let outer = if body.is_array() { "array" } else { "object" };
        let (method, path) = (&request.method, &request.path);
        let mut fact = json!({"method": method, "path": path, "headers": headers, "outer": outer});
        if let Some(data) = body["data"].as_object() {
            fact["data"] = json!(data);
            fact["data"]["attributes"] = data["attributes"].as_object().unwrap().keys().cloned().collect();
        } else {
            fact["envelopes"] = shapes_of_envelopes(body);
        }
        push_new(&mut facts, fact);
    }
    let mut answers: Vec<Value> = Vec::new();
    for request in requests {
        let answer = match request.answer {
            Answer::Status(status) => json!(status),
            Answer::Close => json!("close"),
        };
        if answer != 202 || answers.last() != Some(&answer) {
            answers.push(answer);
        }
    }
    json!({"answers": answers, "facts": facts})
}

/// Every distinct envelope without its spans.
fn shapes_of_envelopes(body: &Value) -> Value {
    let mut shapes: Vec<Value> = Vec::new();
    for envelope in envelopes(body) {
        let mut shape = envelope.clone();
        shape["spans"] = json!(array(&envelope["spans"]).len());
        if shape["_dd.tracer_version"].as_str().is_some_and(|version| !version.is_empty()) {
            shape["_dd.tracer_version"] = json!("<version>");
        }
        push_new(&mut shapes, shape);
    }
    json!(shapes)
}

/// All spans of a scenario.
struct Spans {
    spans: Vec<Value>,
    ids: Ids,
}

impl Spans {
    /// Orders them along the names from the root down; clocks decide only between namesakes.
    fn new(mut spans: Vec<Value>) -> Self {
        let by_id = by_id(&spans);
        let tags = |span: &Value| array(&span["tags"]).to_vec();
        let app =
            |span: &Value| tags(span).iter().find_map(|tag| tag.as_str()?.strip_prefix("ml_app:").map(String::from));
        spans.sort_by_cached_key(|span| (path(span, &by_id), app(span), span["start_ns"].as_u64()));
        let mut ids = Ids::default();
        for span in &spans {
            ids.add("span", &span["span_id"]);
        }
        // Parents that were not sent: taken out, or in another process.
        for parent in spans.iter().map(|span| &span["parent_id"]) {
            if !ids.has("span", parent) {
                ids.add("ext-span", parent);
            }
        }
        for span in &spans {
            ids.add("trace", &span["trace_id"]);
            ids.add("apm", &span["_dd"]["apm_trace_id"]);
        }
        Self { spans, ids }
    }

    fn normalise(&self) -> Value {
        let by_id = by_id(&self.spans);
        let mut out = Map::new();
        for span in &self.spans {
            let names: Vec<_> = path(span, &by_id).into_iter().map(|(name, _)| name).collect();
            let label = names.join("/");
            let namesakes = 1 + out.keys().filter(|key| key.split('#').next() == Some(&label)).count();
            let label = if namesakes == 1 { label } else { format!("{label}#{namesakes}") };
            out.insert(label, shorten(soften(self.span(span))));
        }
        if out.len() > MANY { shapes(&out) } else { Value::Object(out) }
    }

    /// An evaluation or feedback; an id of no span stays as it is, and so does the one time that scenarios give.
    fn evaluation(&self, metric: &Value) -> Value {
        let mut metric = metric.clone();
        let members = [("span", "/span_id"), ("trace", "/trace_id")];
        for (kind, pointer) in members.into_iter().chain(JOINED) {
            if let Some(id) = metric.pointer_mut(pointer)
                && let Some(word) = self.ids.words.get(&(kind, text(id)))
            {
                *id = json!(word);
            }
        }
        if metric["timestamp_ms"].as_u64().is_some_and(|time| time != GIVEN_TIME) {
            metric["timestamp_ms"] = json!("<int>");
        }
        metric["tags"] = tags(&metric["tags"]);
        shorten(soften(metric))
    }

    fn span(&self, span: &Value) -> Value {
        let mut span = span.clone();
        for (kind, pointer) in [
            ("span", "/span_id"),
            ("span", "/parent_id"),
            ("trace", "/trace_id"),
            ("apm", "/_dd/apm_trace_id"),
            ("span", "/meta/agent_attribution/pagent_span_id"),
        ] {
            if let Some(id) = span.pointer_mut(pointer) {
                *id = self.ids.get(kind, id);
            }
        }
        for member in ["start_ns", "duration"] {
            if span[member].is_u64() {
                span[member] = json!("<int>");
            }
        }
        for (pointer, word) in [("/meta/error/stack", "<stack>"), ("/meta/error/type", "<error type>")] {
            if let Some(text) = span.pointer_mut(pointer).filter(|text| text.as_str() != Some("")) {
                *text = json!(word);
            }
        }
        span["tags"] = tags(&span["tags"]);
        span["meta"] = json_in_text(span["meta"].take());
        for (holder, member) in IGNORED_MEMBERS {
            span.pointer_mut(holder).and_then(Value::as_object_mut).and_then(|members| members.remove(*member));
        }
        span
    }
}

/// Tags by key; several values of one key are a sorted array.
fn tags(tags: &Value) -> Value {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for tag in array(tags) {
        let tag = tag.as_str().expect("a tag is a string");
        let (key, value) = tag.split_once(':').unwrap_or((tag, ""));
        values.entry(key).or_default().push(match (key, value) {
            ("ddtrace.version", version) if !version.is_empty() => "<version>",
            ("language", "rust") => "<language>",
            ("error_type", error_type) if !error_type.is_empty() => "<error type>",
            (_, value) => value,
        });
    }
    let mut out = Map::new();
    for (key, mut values) in values {
        values.sort_unstable();
        out.insert(key.to_owned(), if let [one] = values[..] { json!(one) } else { json!(values) });
    }
    Value::Object(out)
}

/// The words that stand for ids.
#[derive(Default)]
struct Ids {
    words: BTreeMap<(&'static str, String), String>,
}

impl Ids {
    fn add(&mut self, kind: &'static str, id: &Value) {
        let Some(id) = id.as_str().filter(|id| !id.is_empty() && *id != ROOT) else { return };
        let next = 1 + self.words.keys().filter(|(other, _)| *other == kind).count();
        self.words.entry((kind, id.to_owned())).or_insert_with(|| format!("<{kind}#{next}>"));
    }

    fn has(&self, kind: &'static str, id: &Value) -> bool {
        self.words.contains_key(&(kind, id.as_str().unwrap_or_default().to_owned()))
    }

    fn get(&self, kind: &'static str, id: &Value) -> Value {
        let text = id.as_str().unwrap_or_default();
        let foreign = || self.words.get(&("ext-span", text.to_owned())).filter(|_| kind == "span");
        match self.words.get(&(kind, text.to_owned())).or_else(foreign) {
            Some(word) => json!(word),
            None if text.is_empty() || text == ROOT => id.clone(),
            None => json!(format!("<unknown {kind}>")),
        }
    }
}

fn by_id(spans: &[Value]) -> BTreeMap<String, Value> {
    spans.iter().map(|span| (text(&span["span_id"]), span.clone())).collect()
}

/// Name and kind of every span from the root to this one.
fn path(span: &Value, by_id: &BTreeMap<String, Value>) -> Vec<(String, String)> {
    let mut path = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = Some(span);
    while let Some(span) = next.filter(|span| seen.insert(text(&span["span_id"]))) {
        path.push((text(&span["name"]), text(&span["meta"]["span"]["kind"])));
        next = by_id.get(&text(&span["parent_id"]));
    }
    path.reverse();
    path
}

/// JSON inside a string, as JSON.
fn json_in_text(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => match serde_json::from_str::<Value>(&text) {
            Ok(inner) => json!({"$json": inner}),
            Err(_) => Value::String(text),
        },
        Value::Array(items) => items.into_iter().map(json_in_text).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, json_in_text(value))).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// `1.0` is `1`, and a member that holds nothing is no member.
fn soften(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, value)| (key, soften(value)));
            members.filter(|(_, value)| !is_empty(value)).collect()
        }
        Value::Array(items) => items.into_iter().map(soften).collect(),
        Value::Number(number) if number.is_f64() => {
            let whole = format!("{number}").strip_suffix(".0").and_then(|digits| digits.parse::<i64>().ok());
            whole.map_or(Value::Number(number), |whole| json!(whole))
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Long strings, counted.
fn shorten(value: Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > LONG => {
            let first = text.chars().next().unwrap_or_default();
            let bytes = text.len();
            if text.chars().all(|one| one == first) {
                json!(format!("<{bytes} bytes of '{first}'>"))
            } else {
                json!(format!("<{bytes} bytes, {}>", text.chars().take(20).collect::<String>()))
            }
        }
        Value::Array(items) => items.into_iter().map(shorten).collect(),
        Value::Object(members) => members.into_iter().map(|(key, value)| (key, shorten(value))).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// Many spans, counted, and every distinct one without its name and ids.
fn shapes(spans: &Map<String, Value>) -> Value {
    let mut shapes: Vec<Value> = Vec::new();
    for span in spans.values() {
        let mut shape = span.clone();
        shape["name"] = json!("<name>");
        shape["span_id"] = json!("<span>");
        shape["trace_id"] = json!("<trace>");
        shape["_dd"]["apm_trace_id"] = json!("<apm>");
        push_new(&mut shapes, shape);
    }
    let shapes = shapes.into_iter().zip(1..).map(|(shape, at)| (format!("<shape#{at}>"), shape));
    std::iter::once(("<count>".to_owned(), json!(spans.len()))).chain(shapes).collect()
}

fn envelopes(body: &Value) -> &[Value] {
    if body["spans"].is_array() { std::slice::from_ref(body) } else { array(body) }
}

fn metrics(body: &Value) -> &[Value] {
    array(&body["data"]["attributes"]["metrics"])
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn push_new(values: &mut Vec<Value>, value: Value) {
    if !values.contains(&value) {
        values.push(value);
    }
}

const JOINED: [(&str, &str); 2] = [("span", "/join_on/span/span_id"), ("trace", "/join_on/span/trace_id")];
const GIVEN_TIME: u64 = 1_700_000_000_123;
const ROOT: &str = "undefined";
const LONG: usize = 1_000;
const MANY: usize = 100;
const IGNORED_HEADERS: &[&str] = &["host", "content-length", "user-agent", "accept", "accept-encoding", "connection"];
const IGNORED_MEMBERS: &[(&str, &str)] = &[
    ("/tags", "agent_service"),
    ("/_dd", "sample_rate"),
    ("/_dd", "sampling_decision"),
    ("/_dd", "trace_id"),
    ("/_dd", "span_id"),
];
