//! What is around spans and evaluations.

use serde_json::Value;

use super::span::{DecodeError, ReceivedSpan, at};

/// Takes the spans out of a request.
///
/// Shape: `[{"event_type":"span","spans":[…]}, …]` as Python, Node and Go send, or one such envelope as Java
/// sends, which is empty when there are no spans.
pub(in super::super) fn spans(body: Value) -> Result<Vec<ReceivedSpan>, DecodeError> {
    let mut found = Vec::new();
    let Value::Array(envelopes) = body else {
        open(body, &mut found)?;
        return Ok(found);
    };
    for (place, envelope) in envelopes.into_iter().enumerate() {
        at(&format!("[{place}]"), open(envelope, &mut found))?;
    }
    Ok(found)
}

/// Takes the evaluations and the feedback out of a request.
///
/// Shape: `{"data":{"type":"evaluation_metric","attributes":{"metrics":[…]}}}`.
pub(in super::super) fn evaluations(mut body: Value) -> Result<Vec<Value>, DecodeError> {
    let metrics = body.pointer_mut("/data/attributes/metrics").map(Value::take);
    let Some(Value::Array(metrics)) = metrics else {
        return Err(DecodeError::new("data.attributes.metrics", "is not an array"));
    };
    match metrics.iter().position(|metric| !metric.is_object()) {
        Some(place) => Err(DecodeError::new(format!("data.attributes.metrics[{place}]"), "is not an object")),
        None => Ok(metrics),
    }
}

fn open(envelope: Value, found: &mut Vec<ReceivedSpan>) -> Result<(), DecodeError> {
    let Value::Object(mut members) = envelope else {
        return Err(DecodeError::new("", "is not an object"));
    };
    let spans = match members.remove("spans") {
        Some(Value::Array(spans)) => spans,
        None if members.is_empty() => return Ok(()),
        _ => return Err(DecodeError::new("spans", "is not an array")),
    };
    for (place, json) in spans.into_iter().enumerate() {
        found.push(at(&format!("spans[{place}]"), ReceivedSpan::new(json))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn span(id: &str) -> Value {
        json!({"span_id": id, "trace_id": "t", "name": "n", "meta": {"span.kind": "task"}})
    }

    #[test]
    fn one_envelope_and_many_are_opened() {
        for (body, ids) in [
            (json!([{"spans": [span("1")]}, {"spans": [span("2"), span("3")]}]), vec![1, 2, 3]),
            (json!({"event_type": "span", "_dd.stage": "raw", "spans": [span("4"), span("5")]}), vec![4, 5]),
            (json!({}), vec![]),
            (json!([]), vec![]),
        ] {
            let found: Vec<_> = spans(body).unwrap().iter().map(|span| span.event.span_id.as_u64()).collect();
            assert_eq!(found, ids);
        }
    }

    #[test]
    fn errors_say_where() {
        for (body, said) in [
            (json!(7), "body is not an object"),
            (json!([{"spans": 7}]), "[0].spans is not an array"),
            (json!({"event_type": "span"}), "spans is not an array"),
            (json!([{}, {"spans": [span("1"), span("x")]}]), "[1].spans[1].span_id is not a decimal number of 64 bits"),
        ] {
            assert_eq!(spans(body).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn evaluations_are_found() {
        let metrics = [json!({"label": "a"}), json!({"label": "b"})];
        let body = json!({"data": {"type": "evaluation_metric", "attributes": {"metrics": metrics}}});
        assert_eq!(evaluations(body).unwrap(), metrics);
        assert!(evaluations(json!({"data": {}})).is_err());
    }
}
