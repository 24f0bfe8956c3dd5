//! One evaluation or feedback, as far as it is shown beside its span.

use serde_json::Value;

use crate::model::SpanId;

/// What was thought of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Evaluation {
    pub(in super::super) span_id: SpanId,
    pub(in super::super) label: String,
    pub(in super::super) value: String,
    /// `pass` or `fail`.
    pub(in super::super) assessment: Option<String>,
}

impl Evaluation {
    /// Reads an evaluation that names a span; `None` for one that names a tag, a session or nothing.
    ///
    /// Shape: `join_on.span.span_id` (v2) or `span_id` (v1 and feedback), and the value in `<metric_type>_value`.
    pub(in super::super) fn read(json: &Value) -> Option<Self> {
        let span_id = json.pointer("/join_on/span/span_id").or_else(|| json.get("span_id"))?;
        let metric_type = json.get("metric_type").and_then(Value::as_str).unwrap_or_default();
        let value = json.get(format!("{metric_type}_value")).unwrap_or(&Value::Null);
        Some(Self {
            span_id: text(span_id).parse().ok()?,
            label: json.get("label").map(text).unwrap_or_default(),
            value: text(value),
            assessment: json.get("assessment").map(text),
        })
    }
}

fn text(json: &Value) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_versions_and_feedback_are_read() {
        for (json, read) in [
            (
                json!({"join_on": {"span": {"span_id": "7", "trace_id": "t"}}, "label": "helpful",
                    "metric_type": "score", "score_value": 0.85, "assessment": "pass"}),
                Some("7 helpful 0.85 pass"),
            ),
            (
                json!({"span_id": "7", "label": "mood", "metric_type": "categorical", "categorical_value": "good"}),
                Some("7 mood good "),
            ),
            (json!({"join_on": {"tag": {"key": "a", "value": "b"}}, "label": "x"}), None),
            (json!({"session_id": "s", "label": "x"}), None),
        ] {
            let found = Evaluation::read(&json).map(|one| {
                format!("{} {} {} {}", one.span_id, one.label, one.value, one.assessment.unwrap_or_default())
            });
            assert_eq!(found.as_deref(), read);
        }
    }
}
