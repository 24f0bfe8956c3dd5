//! Envelopes around spans and evaluations.
//!
//! A malformed item is left out and its error kept; the other items of the request stay.

use serde_json::Value;

use super::span::{DecodeError, ReceivedSpan, at};

/// The items of a body, and the errors of the rest.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Found<T> {
    pub(in super::super) items: Vec<T>,
    pub(in super::super) rejected: Vec<DecodeError>,
}

impl<T> Found<T> {
    pub(super) const fn nothing() -> Self {
        Self { items: Vec::new(), rejected: Vec::new() }
    }

    pub(super) fn add(&mut self, item: Result<T, DecodeError>) {
        match item {
            Ok(item) => self.items.push(item),
            Err(error) => self.rejected.push(error),
        }
    }

    pub(super) fn reject(&mut self, place: impl Into<String>, problem: &'static str) {
        self.rejected.push(DecodeError::new(place, problem));
    }
}

/// Takes the spans out of a request.
///
/// Shape: `[{"event_type":"span","spans":[…]}, …]` as Python, Node and Go send, or one such envelope as Java
/// sends, which is empty when there are no spans.
pub(in super::super) fn spans(body: Value) -> Found<ReceivedSpan> {
    let mut found = Found::nothing();
    let Value::Array(envelopes) = body else {
        open(body, "", &mut found);
        return found;
    };
    for (place, envelope) in envelopes.into_iter().enumerate() {
        open(envelope, &format!("[{place}]"), &mut found);
    }
    found
}

/// Takes the evaluations and the feedback out of a request.
///
/// Shape: `{"data":{"type":"evaluation_metric","attributes":{"metrics":[…]}}}`.
pub(in super::super) fn evaluations(mut body: Value) -> Found<Value> {
    const PLACE: &str = "data.attributes.metrics";
    let mut found = Found::nothing();
    let Some(Value::Array(metrics)) = body.pointer_mut("/data/attributes/metrics").map(Value::take) else {
        found.reject(PLACE, "is not an array");
        return found;
    };
    for (place, metric) in metrics.into_iter().enumerate() {
        let problem = || DecodeError::new(format!("{PLACE}[{place}]"), "is not an object");
        found.add(if metric.is_object() { Ok(metric) } else { Err(problem()) });
    }
    found
}

fn open(envelope: Value, place: &str, found: &mut Found<ReceivedSpan>) {
    let inner = if place.is_empty() { "spans".to_owned() } else { format!("{place}.spans") };
    let Value::Object(mut members) = envelope else {
        return found.reject(place, "is not an object");
    };
    match members.remove("spans") {
        Some(Value::Array(spans)) => {
            for (place, json) in spans.into_iter().enumerate() {
                found.add(at(&format!("{inner}[{place}]"), ReceivedSpan::new(&json)));
            }
        }
        None if members.is_empty() => {}
        _ => found.reject(inner, "is not an array"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn span(id: &str) -> Value {
        json!({"span_id": id, "trace_id": "t", "name": "n", "meta": {"span.kind": "task"}})
    }

    #[test]
    fn good_items_are_taken_and_bad_ones_reported() {
        for (body, ids, said) in [
            (json!([{"spans": [span("1")]}, {"spans": [span("2"), span("3")]}]), &[1, 2, 3][..], &[][..]),
            (json!({"event_type": "span", "_dd.stage": "raw", "spans": [span("4"), span("5")]}), &[4, 5], &[]),
            (json!({}), &[], &[]),
            (json!([]), &[], &[]),
            (json!(7), &[], &["body is not an object"]),
            (json!([{"spans": 7}, {"spans": [span("6")]}]), &[6], &["[0].spans is not an array"]),
            (json!({"event_type": "span"}), &[], &["spans is not an array"]),
            (
                json!([{}, {"spans": [span("1"), span("x"), 7, span("2")]}, null]),
                &[1, 2],
                &[
                    "[1].spans[1].span_id is not a decimal number of 64 bits",
                    "[1].spans[2] is not an object",
                    "[2] is not an object",
                ],
            ),
        ] {
            let found = spans(body);
            let found_ids: Vec<_> = found.items.iter().map(|span| span.event.span_id.as_u64()).collect();
            let rejected: Vec<_> = found.rejected.iter().map(ToString::to_string).collect();
            assert_eq!((found_ids.as_slice(), rejected), (ids, said.iter().map(ToString::to_string).collect()));
        }
    }

    #[test]
    fn evaluations_are_found() {
        let body = |metrics: Value| json!({"data": {"type": "evaluation_metric", "attributes": {"metrics": metrics}}});
        for (body, items, said) in [
            (body(json!([{"label": "a"}, {"label": "b"}])), vec![json!({"label": "a"}), json!({"label": "b"})], None),
            (
                body(json!([7, {"label": "b"}])),
                vec![json!({"label": "b"})],
                Some("data.attributes.metrics[0] is not an object"),
            ),
            (json!({"data": {}}), vec![], Some("data.attributes.metrics is not an array")),
        ] {
            let found = evaluations(body);
            assert_eq!(found.items, items);
            assert_eq!(found.rejected.first().map(ToString::to_string).as_deref(), said);
        }
    }
}
