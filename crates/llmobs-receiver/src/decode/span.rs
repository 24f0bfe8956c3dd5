//! One span event.

use std::fmt;

use serde_json::{Map, Value};

use super::content::content;
use super::details::{links, prompt, tool_definitions};
use llmobs_model::{
    AgentAttribution, AgentManifest, Metrics, RESERVED, Sampling, SpanError, SpanEvent, SpanId, SpanKind, Status, Tags,
    TraceId, retained_json_bytes,
};

/// A span as it was received.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReceivedSpan {
    /// The span in our words.
    pub event: SpanEvent,
    /// The kind as it was sent. Others than our seven exist (`experiment`, `step`); `event.kind` is then the
    /// nearest of ours.
    pub kind: String,
    /// The event as it was sent. One that rode an APM trace has the ids and times of its APM span, and its
    /// tags are an object.
    pub json: Value,
    /// What this takes in memory, about.
    pub(in super::super) bytes: usize,
}

impl ReceivedSpan {
    /// Reads a span event.
    ///
    /// # Errors
    ///
    /// Those of [`decode_span`].
    pub fn new(json: Value) -> Result<Self, DecodeError> {
        let event = decode_span(&json)?;
        let kind = json.get("meta").and_then(kind_text).unwrap_or_default().to_owned();
        Ok(Self { event, kind, bytes: retained_json_bytes(&json), json })
    }
}

/// Reads a span event.
///
/// Shape: the element of `spans`, `{"span_id":"…","trace_id":"…","meta":{…},…}`, as any Datadog SDK writes it:
/// `meta.span.kind`, `meta.error.message` and so on may be nested or be one flat key with dots. Units:
/// nanoseconds. What a [`SpanEvent`] has no place for is not kept.
/// Source: `dd-trace-py` `ddtrace/llmobs/_llmobs.py`, `dd-trace-js` `packages/dd-trace/src/llmobs/span_processor.js`.
///
/// # Errors
///
/// The event is no object, or its ids or its kind are missing or are none.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use tracing_llmobs::{SpanKind, receiver::decode_span};
///
/// let event = decode_span(&json!({
///     "span_id": "7", "trace_id": "9", "parent_id": "undefined", "name": "format",
///     "start_ns": 1, "duration": 2, "status": "ok", "meta": {"span": {"kind": "task"}},
/// }))?;
/// assert_eq!((event.kind, event.duration_ns), (SpanKind::Task, 2));
/// # Ok::<(), llmobs_receiver::DecodeError>(())
/// ```
pub fn decode_span(json: &Value) -> Result<SpanEvent, DecodeError> {
    let event = json.as_object().ok_or_else(|| DecodeError::new("", "is not an object"))?;
    let meta = event.get("meta").unwrap_or(&Value::Null);
    let kind = kind_text(meta).ok_or_else(|| DecodeError::new("meta.span.kind", "is missing"))?;
    let name = text(event.get("name")).unwrap_or_else(|| kind.to_owned());
    let trace = trace_id(event.get("trace_id")).ok_or_else(|| DecodeError::new("trace_id", "is missing"))?;
    let id = span_id(event, "span_id")?.ok_or_else(|| DecodeError::new("span_id", "is missing"))?;

    let mut span = SpanEvent::new(id, trace, our_kind(kind), name);
    span.parent_id = span_id(event, "parent_id")?;
    span.start_ns = event.get("start_ns").and_then(whole).unwrap_or_default();
    span.duration_ns = event.get("duration").and_then(whole).unwrap_or_default();
    span.status = if text(event.get("status")).as_deref() == Some("error") { Status::Error } else { Status::Ok };
    span.error = error(meta);
    span.model_name = text(meta.get("model_name"));
    span.model_provider = text(meta.get("model_provider"));
    span.input = meta.get("input").and_then(content);
    span.output = meta.get("output").and_then(content);
    span.metadata = object(meta.get("metadata")).cloned().unwrap_or_default();
    let reserved = span.metadata.remove(RESERVED).unwrap_or_default();
    span.cost_tags = strings(reserved.get("cost_tags")).map(|key| key.to_owned().into()).collect();
    span.agent_manifest = object(reserved.get("agent_manifest")).cloned().map(AgentManifest::from);
    span.prompt = meta.get("input").and_then(|input| input.get("prompt")).and_then(prompt).map(Box::new);
    span.tool_definitions = tool_definitions(meta.get("tool_definitions"));
    span.tool_version =
        text(meta.get("tool").and_then(|tool| tool.get("version")).or_else(|| meta.get("tool.version")));
    span.intent = text(meta.get("intent"));
    span.links = links(event.get("span_links"));
    span.metrics = metrics(event.get("metrics"));
    span.tags = tags(event.get("tags"));
    span.session_id = text(event.get("session_id"));
    span.agent_attribution = agent_attribution(meta.get("agent_attribution"));
    let internal = event.get("_dd").unwrap_or(&Value::Null);
    span.apm_trace_id = trace_id(internal.get("apm_trace_id")).filter(|id| *id != span.trace_id);
    span.sampling = sampling(internal);
    span.collection_errors = strings(event.get("collection_errors")).map(str::to_owned).collect();
    Ok(span)
}

/// Why a value is no span event, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The place, for example `[0].spans[2].span_id`; empty for the whole value.
    pub path: String,
    problem: &'static str,
}

impl DecodeError {
    pub(super) fn new(path: impl Into<String>, problem: &'static str) -> Self {
        Self { path: path.into(), problem }
    }

    /// The same, seen from further out.
    pub(super) fn inside(mut self, place: impl Into<String>) -> Self {
        let mut path = place.into();
        if !self.path.is_empty() {
            path.push('.');
            path.push_str(&self.path);
        }
        self.path = path;
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "body" } else { &self.path };
        write!(f, "{path} {}", self.problem)
    }
}

impl std::error::Error for DecodeError {}

/// Says where the error of a part is.
pub(super) fn at<T>(place: &str, part: Result<T, DecodeError>) -> Result<T, DecodeError> {
    part.map_err(|error| error.inside(place))
}

/// Nested as Python sends it, flat as Node, Go and Java do, or as in the public HTTP API.
fn kind_text(meta: &Value) -> Option<&str> {
    let nested = meta.get("span").and_then(|span| span.get("kind"));
    nested.or_else(|| meta.get("span.kind")).or_else(|| meta.get("kind")).and_then(Value::as_str)
}

/// Kinds that are not ours are a sort of step or of workflow.
fn our_kind(kind: &str) -> SpanKind {
    match kind {
        "step" => SpanKind::Task,
        other => other.parse().unwrap_or(SpanKind::Workflow),
    }
}

fn span_id(event: &Map<String, Value>, name: &str) -> Result<Option<SpanId>, DecodeError> {
    match text(event.get(name)).as_deref() {
        None | Some("" | "0" | "undefined") => Ok(None),
        Some(id) => id.parse().map(Some).map_err(|_| DecodeError::new(name, "is not a decimal number of 64 bits")),
    }
}

pub(super) fn trace_id(json: Option<&Value>) -> Option<TraceId> {
    text(json)?.parse().ok()
}

/// Nested `error.message` or flat; what is missing is empty.
fn error(meta: &Value) -> Option<SpanError> {
    let nested = meta.get("error");
    let part = |name: &str, flat: &str| text(nested.and_then(|error| error.get(name)).or_else(|| meta.get(flat)));
    let (message, error_type, stack) =
        (part("message", "error.message"), part("type", "error.type"), part("stack", "error.stack"));
    if message.is_none() && error_type.is_none() && stack.is_none() {
        return None;
    }
    let error = SpanError::new(message.unwrap_or_default());
    Some(error.error_type(error_type.unwrap_or_default()).stack(stack.unwrap_or_default()))
}

/// Numbers only; what else an SDK lets through has no meaning.
fn metrics(json: Option<&Value>) -> Metrics {
    let members = object(json).into_iter().flatten();
    let numbers = members.filter_map(|(name, value)| Some((name.clone(), value.as_number()?.clone())));
    numbers.collect()
}

/// The first colon separates; a key that comes often has a list of values. In an APM trace they are an object.
fn tags(json: Option<&Value>) -> Tags {
    if let Some(members) = object(json) {
        return members.iter().filter_map(|(key, value)| Some((key.clone(), text(Some(value))?))).collect();
    }
    let pairs = strings(json).map(|tag| tag.split_once(':').unwrap_or((tag, "")));
    let mut tags = Tags::new();
    for (key, value) in pairs {
        tags.add(key.to_owned(), value.to_owned());
    }
    tags
}

fn agent_attribution(json: Option<&Value>) -> Option<AgentAttribution> {
    let json = json?;
    let span_id = text(json.get("pagent_span_id"))?.parse().ok()?;
    Some(AgentAttribution::new(text(json.get("pagent_name")).as_deref(), span_id))
}

fn sampling(internal: &Value) -> Option<Sampling> {
    let rate = text(internal.get("sample_rate"))?.parse().ok()?;
    let keep = text(internal.get("sampling_decision"))? == "1";
    Some(Sampling::new(rate, keep))
}

pub(super) fn object(json: Option<&Value>) -> Option<&Map<String, Value>> {
    json.and_then(Value::as_object)
}

pub(super) fn strings(json: Option<&Value>) -> impl Iterator<Item = &str> {
    json.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

/// A text, or the text of a number.
pub(super) fn text(json: Option<&Value>) -> Option<String> {
    match json? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A count of nanoseconds; Java sends a float.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the fraction of a nanosecond is nothing, and `as` saturates"
)]
fn whole(json: &Value) -> Option<u64> {
    json.as_u64().or_else(|| json.as_f64().map(|float| float as u64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> Value {
        json!({
            "span_id": "9007199254740993",
            "trace_id": "6a87950000000000a1b2c3d4e5f60718",
            "parent_id": "11529215046068469761",
            "name": "chat", "start_ns": 1_787_270_400_125_456_789_u64, "duration": 2_100_000_000, "status": "error",
            "session_id": "session-42",
            "meta": {
                "span": {"kind": "llm"},
                "error": {"message": "boom", "stack": "", "type": "a::B"},
                "model_name": "gpt-4o-mini", "model_provider": "openai",
                "input": {"value": "[dropped]"},
                "metadata": {"temperature": 0, "_dd": {"cost_tags": ["team"]}},
                "agent_attribution": {"pagent_name": null, "pagent_span_id": "7"},
            },
            "metrics": {"input_tokens": 212, "total_cost": 6.2e-5, "flag": true},
            "tags": ["error:1", "error_type:a::B", "alone"],
            "_dd": {"span_id": "9007199254740993", "trace_id": "0af7651916cd43dd8448eb211c80319c",
                    "apm_trace_id": "0af7651916cd43dd8448eb211c80319c", "sample_rate": "0.5", "sampling_decision": "0"},
            "collection_errors": ["dropped_io"],
        })
    }

    #[test]
    fn every_member_finds_its_field() {
        let trace_id = "6a87950000000000a1b2c3d4e5f60718".parse().unwrap();
        let mut event = SpanEvent::new("9007199254740993".parse().unwrap(), trace_id, SpanKind::Llm, "chat");
        event.parent_id = SpanId::new(11_529_215_046_068_469_761);
        event.start_ns = 1_787_270_400_125_456_789;
        event.duration_ns = 2_100_000_000;
        event.status = Status::Error;
        event.error = Some(SpanError::new("boom").error_type("a::B"));
        event.model_name = Some("gpt-4o-mini".to_owned());
        event.model_provider = Some("openai".to_owned());
        event.input = Some("[dropped]".into());
        event.metadata.insert("temperature".to_owned(), json!(0));
        event.cost_tags = vec!["team".into()];
        event.metrics.insert("input_tokens", 212);
        event.metrics.insert("total_cost", 6.2e-5);
        event.tags = Tags::from_iter([("error", "1"), ("error_type", "a::B"), ("alone", "")]);
        event.session_id = Some("session-42".to_owned());
        event.agent_attribution = Some(AgentAttribution::new(None, SpanId::new(7).unwrap()));
        event.apm_trace_id = "0af7651916cd43dd8448eb211c80319c".parse().ok();
        event.sampling = Some(Sampling::new(0.5, false));
        event.collection_errors = vec!["dropped_io".to_owned()];
        assert_eq!(decode_span(&full()).unwrap(), event);
    }

    #[test]
    fn flat_keys_mean_the_same_as_nested_ones() {
        let mut flat = full();
        let meta = flat["meta"].as_object_mut().unwrap();
        meta.remove("span");
        meta.remove("error");
        meta.insert("span.kind".to_owned(), json!("llm"));
        meta.insert("error.message".to_owned(), json!("boom"));
        meta.insert("error.type".to_owned(), json!("a::B"));
        meta.insert("output".to_owned(), json!({}));
        assert_eq!(decode_span(&flat).unwrap(), decode_span(&full()).unwrap());
    }

    #[test]
    fn an_apm_trace_that_is_the_same_trace_is_none() {
        let mut json = full();
        json["_dd"]["apm_trace_id"] = json["trace_id"].clone();
        assert_eq!(decode_span(&json).unwrap().apm_trace_id, None);
    }

    #[test]
    fn only_what_places_a_span_is_required() {
        let least = json!({"span_id": 7, "trace_id": "t", "duration": 12.75, "meta": {"span.kind": "step"}});
        let span = ReceivedSpan::new(least).unwrap();
        assert_eq!((span.kind.as_str(), span.event.kind, span.event.name.as_str()), ("step", SpanKind::Task, "step"));
        assert_eq!((span.event.duration_ns, span.event.parent_id), (12, None));
        for (part, value, said) in [
            ("/span_id", json!("x"), "span_id is not a decimal number of 64 bits"),
            ("/span_id", json!(null), "span_id is missing"),
            ("/parent_id", json!("-1"), "parent_id is not a decimal number of 64 bits"),
            ("/trace_id", json!(""), "trace_id is missing"),
            ("/meta", json!({}), "meta.span.kind is missing"),
        ] {
            let mut json = full();
            *json.pointer_mut(part).unwrap() = value;
            assert_eq!(decode_span(&json).unwrap_err().to_string(), said);
        }
    }
}
