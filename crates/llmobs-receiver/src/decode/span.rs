//! Span events, as any Datadog SDK writes them.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde_json::{Map, Value};

use llmobs_model::{SpanEvent, SpanId, TraceId};

/// A span as it was received.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ReceivedSpan {
    /// The span event.
    pub event: SpanEvent,
    /// The kind as it was sent. Other kinds than those of [`SpanKind`](llmobs_model::SpanKind) exist (`experiment`, `step`);
    /// `event.kind` is the nearest one then.
    pub kind: String,
    /// The event as it was sent, as JSON text: parsed, it would take ten times the memory.
    json: Box<str>,
    /// The memory that this takes.
    pub(in super::super) retained_bytes: usize,
}

impl ReceivedSpan {
    /// Decodes a span event.
    ///
    /// # Errors
    ///
    /// Those of [`decode_span`].
    pub fn new(json: &Value) -> Result<Self, DecodeError> {
        let event = decode_span(json)?;
        let kind = json.get("meta").and_then(kind_text).unwrap_or_default().to_owned();
        let json: Box<str> = json.to_string().into();
        let own = event.retained_bytes().saturating_add(kind.len()).saturating_add(json.len());
        let retained_bytes = own.saturating_add(size_of::<Self>().saturating_sub(size_of::<SpanEvent>()));
        Ok(Self { event, kind, json, retained_bytes })
    }

    /// Returns the text of [`json`](Self::json), without parsing it.
    pub fn json_text(&self) -> &str {
        &self.json
    }

    /// Returns the event as it was sent. An event that rode an APM trace has the ids and times of its APM span, and its tags
    /// are an object.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.json).unwrap_or_default()
    }
}

/// Decodes a span event.
///
/// Shape: the element of `spans`, `{"span_id":"…","trace_id":"…","meta":{…},…}`, as any Datadog SDK writes it:
/// `meta.span.kind`, `meta.error.message` and so on may be nested or be one flat key with dots. Units:
/// nanoseconds. Members that a [`SpanEvent`] has no place for are not kept.
/// Source: `dd-trace-py` `ddtrace/llmobs/_llmobs.py`, `dd-trace-js` `packages/dd-trace/src/llmobs/span_processor.js`.
///
/// # Errors
///
/// The event is not an object, or its ids or its kind are missing or not valid.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use llmobs_model::SpanKind;
/// use llmobs_receiver::decode_span;
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
    if kind_text(meta).is_none() {
        return Err(DecodeError::new("meta.span.kind", "is missing"));
    }
    check_id::<TraceId>(event, "trace_id", "is empty")?;
    check_id::<SpanId>(event, "span_id", NOT_AN_ID)?;
    SpanEvent::deserialize(json).map_err(|_| DecodeError::new("parent_id", NOT_AN_ID))
}

/// The error of a value that is not a span event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The path to the wrong part, for example `[0].spans[2].span_id`; empty for the whole value.
    pub path: String,
    problem: &'static str,
}

impl DecodeError {
    pub(super) fn new(path: impl Into<String>, problem: &'static str) -> Self {
        Self { path: path.into(), problem }
    }

    /// Returns the error with a longer path, as seen from further out.
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

/// Adds the path of a part to its error.
pub(super) fn at<T>(place: &str, part: Result<T, DecodeError>) -> Result<T, DecodeError> {
    part.map_err(|error| error.inside(place))
}

/// Returns the kind: nested as Python sends it, flat as Node, Go and Java do, or as in the public HTTP API.
fn kind_text(meta: &Value) -> Option<&str> {
    let nested = meta.get("span").and_then(|span| span.get("kind"));
    nested.or_else(|| meta.get("span.kind")).or_else(|| meta.get("kind")).and_then(Value::as_str)
}

/// Checks an id that is a string or a number.
fn check_id<T: FromStr>(event: &Map<String, Value>, name: &str, problem: &'static str) -> Result<(), DecodeError> {
    let id = text(event.get(name)).filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| DecodeError::new(name, "is missing"))?;
    id.parse::<T>().map(drop).map_err(|_| DecodeError::new(name, problem))
}

/// Returns a text, or the text of a number.
pub(super) fn text(json: Option<&Value>) -> Option<String> {
    match json? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

const NOT_AN_ID: &str = "is not a decimal number of 64 bits";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use llmobs_model::SpanKind;

    #[test]
    fn only_ids_and_kind_are_required() {
        let least = json!({"span_id": 7, "trace_id": "t", "duration": 12.75, "meta": {"span.kind": "step"}});
        let span = ReceivedSpan::new(&least).unwrap();
        assert_eq!((span.kind.as_str(), span.event.kind, span.event.name.as_str()), ("step", SpanKind::Task, "step"));
        assert_eq!((span.event.duration_ns, span.event.parent_id), (12, None));
        for (part, value, message) in [
            ("span_id", json!("x"), "span_id is not a decimal number of 64 bits"),
            ("span_id", json!(null), "span_id is missing"),
            ("parent_id", json!("-1"), "parent_id is not a decimal number of 64 bits"),
            ("trace_id", json!(""), "trace_id is missing"),
            ("meta", json!({}), "meta.span.kind is missing"),
            ("meta", json!(7), "meta.span.kind is missing"),
        ] {
            let mut json = least.clone();
            json[part] = value;
            assert_eq!(decode_span(&json).unwrap_err().to_string(), message);
        }
    }
}
