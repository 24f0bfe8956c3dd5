//! Span events that ride an APM trace.
//!
//! Current `ddtrace` for Python sends them so when it talks to an Agent and APM is not switched off.

use serde_json::{Map, Value};

use super::envelope::Found;
use super::span::{DecodeError, ReceivedSpan, at, text};

/// Takes the span events out of APM traces; spans that carry none are skipped.
///
/// Shape: a list of traces, each a list of spans (v0.3, v0.4), or `{"chunks":[{"spans":[…]}, …]}` (v0.7). A span
/// has `{"span_id":7,"trace_id":9,"start":1,"duration":2,"error":0,"meta":{…},"meta_struct":{"_llmobs":{…}}}`.
/// Units: nanoseconds.
/// Source: `dd-trace-py` 4.16 `ddtrace/llmobs/_processor.py`, `_event_types.py` (`LLMObsSpanData`) and `_llmobs.py`
/// (`_llmobs_span_event`); `datadog-agent` `pkg/trace/api/version.go`.
pub(in super::super) fn traces(body: Value) -> Found<ReceivedSpan> {
    let mut found = Found::nothing();
    let place = if body.is_object() { "chunks" } else { "" };
    let Value::Array(traces) = inside(body, "chunks") else {
        found.reject(place, "is not an array");
        return found;
    };
    for (number, trace) in traces.into_iter().enumerate() {
        let place = format!("{place}[{number}]");
        let Value::Array(spans) = inside(trace, "spans") else {
            found.reject(place, "is not an array");
            continue;
        };
        let high_bits = spans.iter().find_map(|span| text(span.get("meta")?.get(HIGH_BITS)));
        for (number, span) in spans.into_iter().enumerate() {
            if let Some(event) = event_of(span, high_bits.as_deref()) {
                found.add(at(
                    &format!("{place}[{number}].meta_struct._llmobs"),
                    event.and_then(|event| ReceivedSpan::new(&event)),
                ));
            }
        }
    }
    found
}

/// Returns a member of an object, or the value itself when it is not an object.
fn inside(json: Value, name: &str) -> Value {
    if let Value::Object(mut members) = json { members.remove(name).unwrap_or_default() } else { json }
}

/// Returns the event of a span as Python would have sent it by itself, but for the tags, which stay an object; `None` when
/// the span has no event.
fn event_of(mut span: Value, high_bits: Option<&str>) -> Option<Result<Value, DecodeError>> {
    let carried = span.get_mut("meta_struct")?.get_mut("_llmobs").map(Value::take)?;
    let Value::Object(mut event) = carried else {
        return Some(Err(DecodeError::new("", "is not an object")));
    };
    let id = text(span.get("span_id")).unwrap_or_default();
    let apm_trace_id = apm_trace_id(&span, high_bits);
    let has_failed = span.get("error").and_then(Value::as_i64).is_some_and(|error| error != 0);
    let name = span.get("name").cloned().unwrap_or_default();
    event.entry("name").or_insert(name);
    event.insert("span_id".to_owned(), id.clone().into());
    event.insert("start_ns".to_owned(), span.get("start").cloned().unwrap_or_default());
    event.insert("duration".to_owned(), span.get("duration").cloned().unwrap_or_default());
    event.insert("status".to_owned(), if has_failed { "error" } else { "ok" }.into());
    attribute(&mut event);
    if let Value::Object(internal) = event.entry("_dd").or_insert_with(|| Map::new().into()) {
        internal.insert("span_id".to_owned(), id.into());
        internal.insert("trace_id".to_owned(), apm_trace_id.clone().into());
        internal.insert("apm_trace_id".to_owned(), apm_trace_id.into());
    }
    Some(Ok(Value::Object(event)))
}

/// Returns 32 hexadecimal digits, the first half of which only one span of a trace has; without it, the decimal number.
fn apm_trace_id(span: &Value, high_bits: Option<&str>) -> String {
    let low_bits = span.get("trace_id");
    match (high_bits, low_bits.and_then(Value::as_u64)) {
        (Some(high_bits), Some(low_bits)) => format!("{high_bits}{low_bits:016x}"),
        (None, _) | (_, None) => text(low_bits).unwrap_or_default(),
    }
}

/// Moves the agent attribution from the event into its `meta`, where events that are sent by themselves have it.
fn attribute(event: &mut Map<String, Value>) {
    let name = event.remove("pagent_name").unwrap_or_default();
    let id = event.remove("pagent_span_id").unwrap_or_default();
    if name.is_null() && id.is_null() {
        return;
    }
    if let Some(meta) = event.get_mut("meta").and_then(Value::as_object_mut) {
        let attribution = Map::from_iter([("pagent_name".to_owned(), name), ("pagent_span_id".to_owned(), id)]);
        meta.insert("agent_attribution".to_owned(), attribution.into());
    }
}

const HIGH_BITS: &str = "_dd.p.tid";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use llmobs_model::{AgentAttribution, SpanId, Status};

    fn carrier(id: u64, error: u8, carried: &Value) -> Value {
        json!({"service": "s", "name": "apm", "resource": "r", "type": "llm", "span_id": id, "trace_id": 9,
            "parent_id": 3, "start": 1_795_188_269_789_156_775_u64, "duration": 20, "error": error,
            "meta": {"language": "python"}, "metrics": {"process_id": 1.0}, "meta_struct": {"_llmobs": carried}})
    }

    fn carried() -> Value {
        json!({"name": "chat", "parent_id": "5", "trace_id": "6b00662d00000000fd1381e85682b37a", "ml_app": "app",
            "session_id": "S", "tags": {"ml_app": "app", "env": "prod", "count": 1}, "metrics": {"input_tokens": 1},
            "meta": {"span": {"kind": "llm"}, "input": {"messages": [{"content": "hi", "role": ""}]}},
            "pagent_name": "planner", "pagent_span_id": "5", "_dd": {"sample_rate": "0.5", "sampling_decision": "1"}})
    }

    #[test]
    fn ids_and_times_are_those_of_the_apm_span() {
        let mut first = carrier(6, 0, &json!(null));
        first["meta_struct"] = json!({});
        first["meta"]["_dd.p.tid"] = json!("6b00662d00000000");
        let found = traces(json!([[first, carrier(u64::MAX, 1, &carried())]]));
        assert_eq!(found.rejected, []);
        let event = &found.items[0].event;
        assert_eq!((event.span_id.as_u64(), event.parent_id), (u64::MAX, SpanId::new(5)));
        assert_eq!(event.trace_id.to_string(), "6b00662d00000000fd1381e85682b37a");
        assert_eq!((event.start_ns, event.duration_ns), (1_795_188_269_789_156_775, 20));
        assert_eq!((event.status, event.name.as_str()), (Status::Error, "chat"));
        assert_eq!(event.tags.get("env"), Some("prod"));
        assert_eq!(event.tags.get("count"), Some("1"));
        assert_eq!(event.apm_trace_id, "6b00662d000000000000000000000009".parse().ok());
        assert_eq!(event.agent_attribution, Some(AgentAttribution::new(Some("planner"), SpanId::new(5).unwrap())));
        assert_eq!(found.items[0].json()["tags"], carried()["tags"]);
    }

    #[test]
    fn good_events_are_taken_and_bad_ones_reported() {
        let plain = json!({"span_id": 1, "trace_id": 9, "start": 1, "duration": 1, "name": "web", "meta": {}});
        for (body, ids, said) in [
            (json!([[carrier(1, 0, &carried()), plain], [carrier(2, 0, &carried())], []]), &[1, 2][..], &[][..]),
            (json!({"chunks": [{"priority": 1, "spans": [carrier(3, 0, &carried())]}]}), &[3], &[]),
            (json!([[7, null, [], "text"]]), &[], &[]),
            (json!([]), &[], &[]),
            (json!({}), &[], &["chunks is not an array"]),
            (json!("text"), &[], &["body is not an array"]),
            (json!([7, [carrier(4, 0, &carried())], {}]), &[4], &["[0] is not an array", "[2] is not an array"]),
            (
                json!([[carrier(1, 0, &json!("text")), carrier(5, 0, &carried()), carrier(6, 0, &json!({}))]]),
                &[5],
                &[
                    "[0][0].meta_struct._llmobs is not an object",
                    "[0][2].meta_struct._llmobs.meta.span.kind is missing",
                ],
            ),
        ] {
            let found = traces(body);
            let found_ids: Vec<_> = found.items.iter().map(|span| span.event.span_id.as_u64()).collect();
            let rejected: Vec<_> = found.rejected.iter().map(ToString::to_string).collect();
            assert_eq!((found_ids.as_slice(), rejected), (ids, said.iter().map(ToString::to_string).collect()));
        }
    }
}
