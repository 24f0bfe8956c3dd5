//! OTLP traces: spans of any `OpenTelemetry` program ─▶ span events, by the mapping that the layer has.

use std::collections::HashMap;

use llmobs_conventions::{
    AttributePlan, AttributeValue, Classification, Conventions, ForeignAttributes, UNKNOWN_MODEL,
};
use llmobs_model::{SpanError, SpanEvent, SpanId, SpanKind, Status, TraceId};
use llmobs_receiver::{DecodedRequest, ReceivedSpan};
use serde_json::Value;

/// Returns whether requests to this path bring OTLP traces.
pub(crate) fn is_path(path: &str) -> bool {
    path.trim_end_matches('/').ends_with("/v1/traces")
}

/// Maps an export request in the form of OTLP's JSON. Spans that are no LLM spans are left out; those below them hang below
/// the nearest LLM span above.
pub(crate) fn map(request: &Value) -> DecodedRequest {
    let mut spans = Vec::new();
    for resource in items(request, "resourceSpans") {
        let attributes = attributes(resource.get("resource").unwrap_or(&Value::Null));
        let service = attributes
            .iter()
            .find(|(name, _)| name == "service.name")
            .and_then(|(_, value)| value.as_str())
            .unwrap_or_default()
            .to_owned();
        for scope in items(resource, "scopeSpans") {
            let target = scope.pointer("/scope/name").and_then(Value::as_str).unwrap_or_default();
            spans.extend(items(scope, "spans").map(|span| Exported { span, target, service: service.clone() }));
        }
    }
    let mut decoded = DecodedRequest::default();
    let mut parents: HashMap<String, Option<String>> = HashMap::new();
    let mut mapped = Vec::new();
    for span in &spans {
        let event = span.event();
        if event.is_none() {
            parents.insert(span.id("spanId"), Some(span.id("parentSpanId")).filter(|id| !id.is_empty()));
        }
        mapped.extend(event.map(|event| (event, span.id("parentSpanId"))));
    }
    for (mut event, parent) in mapped {
        event.parent_id = nearest(parent, &parents);
        let received = serde_json::to_value(&event).ok().and_then(|json| ReceivedSpan::new(&json).ok());
        decoded.spans.extend(received);
    }
    decoded
}

/// Follows parents that are no LLM spans upwards.
fn nearest(parent: String, skipped: &HashMap<String, Option<String>>) -> Option<SpanId> {
    let mut at = Some(parent).filter(|id| !id.is_empty());
    for _ in 0..=skipped.len() {
        match at.as_ref().and_then(|id| skipped.get(id)) {
            Some(above) => at.clone_from(above),
            None => break,
        }
    }
    at.and_then(|id| u64::from_str_radix(&id, 16).ok()).and_then(SpanId::new)
}

/// A span of a request, with its scope and resource.
#[derive(Debug, Clone)]
struct Exported<'a> {
    span: &'a Value,
    target: &'a str,
    service: String,
}

impl Exported<'_> {
    fn id(&self, name: &str) -> String {
        let text = self.span.get(name).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        // An id of zeros is no id.
        if text.bytes().all(|digit| digit == b'0') { String::new() } else { text }
    }

    fn event(&self) -> Option<SpanEvent> {
        let name = self.span.get("name").and_then(Value::as_str).unwrap_or_default();
        let own = attributes(self.span);
        let events: Vec<_> = items(self.span, "events")
            .map(|event| (event.get("name").and_then(Value::as_str).unwrap_or_default(), attributes(event)))
            .collect();
        let plan = AttributePlan::new(Conventions::ALL, self.target, name, own.iter().map(|(name, _)| name.as_str()));
        let mut foreign = ForeignAttributes::with_capacity(&plan, own.len());
        for (name, value) in own.iter().filter(|(name, _)| Conventions::ALL.captures_attribute(self.target, name)) {
            foreign.push(name, borrowed(value));
        }
        let is_captured = |event: &&(&str, Vec<(String, Value)>)| {
            Conventions::ALL.captures_event(event.0, false, event.1.iter().map(|(name, _)| name.as_str()))
        };
        for (name, attributes) in events.iter().filter(is_captured) {
            foreign.push_event(name, false);
            for (name, value) in attributes {
                foreign.push_event_attribute(name, borrowed(value));
            }
        }
        let Classification::Span(kind) = foreign.classify() else { return None };
        let span_id = SpanId::new(u64::from_str_radix(&self.id("spanId"), 16).ok()?)?;
        let trace_id: TraceId = self.id("traceId").parse().ok()?;
        let mut event = SpanEvent::new(span_id, trace_id, kind, name);
        self.fill(&mut event, foreign.map(kind, false).annotation);
        Some(event)
    }

    fn fill(&self, event: &mut SpanEvent, annotation: llmobs_model::Annotation) {
        let time = |name| self.span.get(name).and_then(number).unwrap_or(0);
        event.start_ns = time("startTimeUnixNano");
        event.duration_ns = time("endTimeUnixNano").saturating_sub(event.start_ns);
        event.name = annotation.name.filter(|name| !name.is_empty()).unwrap_or_else(|| std::mem::take(&mut event.name));
        if event.kind.has_model() || event.kind == SpanKind::Llm {
            let or_unknown = |text: Option<String>| Some(text.unwrap_or_else(|| UNKNOWN_MODEL.to_owned()));
            event.model_name = or_unknown(annotation.model_name);
            event.model_provider = or_unknown(annotation.model_provider.map(|name| name.to_lowercase()));
        }
        (event.input, event.output) = (annotation.input, annotation.output);
        (event.metadata, event.metrics, event.tags) = (annotation.metadata, annotation.metrics, annotation.tags);
        event.session_id = annotation.session_id;
        event.error = annotation.error;
        if let Some(details) = annotation.details {
            event.prompt = details.prompt.map(Box::new);
            event.tool_definitions = details.tool_definitions.unwrap_or_default();
        }
        if !self.service.is_empty() {
            event.tags.insert("ml_app", self.service.as_str());
            event.tags.insert("service", self.service.as_str());
        }
        event.tags.insert("source", "otel");
        let status = self.span.get("status").unwrap_or(&Value::Null);
        let is_error = matches!(status.get("code"), Some(Value::String(code)) if code == "STATUS_CODE_ERROR")
            || status.get("code").and_then(number) == Some(2);
        if is_error && event.error.is_none() {
            event.error = Some(SpanError::new(status.get("message").and_then(Value::as_str).unwrap_or_default()));
        }
        event.status = if event.error.is_some() { Status::Error } else { Status::Ok };
    }
}

fn items<'a>(json: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    json.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// Returns the attributes of a span, event or resource; lists and maps as JSON text.
fn attributes(json: &Value) -> Vec<(String, Value)> {
    let pair = |pair: &Value| Some((pair.get("key")?.as_str()?.to_owned(), plain(pair.get("value")?, 0)?));
    let flat = |(name, value): (String, Value)| {
        let is_nested = value.is_array() || value.is_object();
        (name, if is_nested { Value::String(value.to_string()) } else { value })
    };
    items(json, "attributes").filter_map(pair).map(flat).collect()
}

/// Turns a value of OTLP's JSON into the JSON that it means.
fn plain(value: &Value, depth: usize) -> Option<Value> {
    let (kind, inner) = value.as_object()?.iter().next()?;
    if depth > MAX_DEPTH {
        return None;
    }
    let below = depth.saturating_add(1);
    match kind.as_str() {
        // 64-bit numbers are strings in JSON.
        "intValue" => match inner {
            Value::String(text) => text.parse::<i64>().ok().map(Value::from),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(inner.clone()),
        },
        "arrayValue" => Some(items(inner, "values").filter_map(|item| plain(item, below)).collect()),
        "kvlistValue" => {
            let pair = |pair: &Value| Some((pair.get("key")?.as_str()?.to_owned(), plain(pair.get("value")?, below)?));
            Some(Value::Object(items(inner, "values").filter_map(pair).collect()))
        }
        _ => Some(inner.clone()),
    }
}

fn borrowed(value: &Value) -> AttributeValue<'_> {
    match value {
        Value::String(text) => AttributeValue::Text(text),
        Value::Bool(flag) => AttributeValue::Bool(*flag),
        Value::Number(number) => {
            let integer =
                number.as_u64().map(AttributeValue::Unsigned).or_else(|| number.as_i64().map(AttributeValue::Signed));
            integer.unwrap_or_else(|| AttributeValue::Float(number.as_f64().unwrap_or(0.0)))
        }
        Value::Null | Value::Array(_) | Value::Object(_) => AttributeValue::Text(""),
    }
}

fn number(json: &Value) -> Option<u64> {
    json.as_u64().or_else(|| json.as_str()?.parse().ok())
}

const MAX_DEPTH: usize = 32;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn spans_of_opentelemetry_become_span_events_below_the_nearest_llm_span() {
        let text = |name: &str, text: &str| json!({"key": name, "value": {"stringValue": text}});
        let span = |id: &str, parent: &str, attributes: Value| {
            json!({"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": id,
            "parentSpanId": parent, "name": "chat", "startTimeUnixNano": "5", "endTimeUnixNano": "9", "attributes": attributes})
        };
        let request = json!({"resourceSpans": [{"resource": {"attributes": [text("service.name", "shop")]}, "scopeSpans": [{"spans": [
            span("00000000000000a1", "", json!([text("gen_ai.operation.name", "invoke_agent")])),
            span("00000000000000a2", "00000000000000a1", json!([text("http.method", "POST")])),
            span("00000000000000a3", "00000000000000a2", json!([text("gen_ai.operation.name", "chat"), text("gen_ai.request.model", "gpt-4o"),
                {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}}])),
        ]}]}]});
        let decoded = map(&request);
        let seen: Vec<_> = decoded
            .spans
            .iter()
            .map(|span| (span.event.kind, span.event.parent_id.map(SpanId::as_u64), span.event.duration_ns))
            .collect();
        assert_eq!(seen, [(SpanKind::Agent, None, 4), (SpanKind::Llm, Some(0xa1), 4)]);
        let call = &decoded.spans[1].event;
        assert_eq!((call.model_name.as_deref(), call.tags.get("ml_app")), (Some("gpt-4o"), Some("shop")));
        assert_eq!(call.metrics.get("input_tokens").and_then(serde_json::Number::as_u64), Some(12));
    }
}
