//! Evaluations and feedback, as far as a trace shows them.

use serde_json::Value;

use llmobs_model::{SpanId, TraceId};

/// An evaluation of a span, a trace or a session, or feedback on one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct ReceivedEvaluation {
    pub(in super::super) target: EvaluationTarget,
    /// True for feedback of a user.
    pub(in super::super) is_feedback: bool,
    pub(in super::super) label: String,
    pub(in super::super) value: String,
    /// `pass` or `fail`.
    pub(in super::super) assessment: Option<String>,
    pub(in super::super) reasoning: Option<String>,
}

/// The subject of an evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) enum EvaluationTarget {
    Span(SpanId),
    /// Every span with this tag.
    Tag(String, String),
    Trace(TraceId),
    Session(String),
}

impl ReceivedEvaluation {
    /// Decodes an evaluation or feedback; `None` for one without a target.
    ///
    /// Shape: `join_on.span.span_id` or `join_on.tag` (v2), `span_id` (v1 and feedback), `trace_id`, `session_id` or
    /// `feedback_join_key` (feedback), and the value in `<metric_type>_value`.
    pub(in super::super) fn read(json: &Value) -> Option<Self> {
        let metric_type = json.get("metric_type").and_then(Value::as_str).unwrap_or_default();
        let value = json.get(format!("{metric_type}_value")).unwrap_or(&Value::Null);
        Some(Self {
            target: target(json)?,
            is_feedback: json.get("event_kind").and_then(Value::as_str) == Some("feedback"),
            label: json.get("label").map(text).unwrap_or_default(),
            value: text(value),
            assessment: json.get("assessment").map(text),
            reasoning: json.get("reasoning").map(text),
        })
    }
}

fn target(json: &Value) -> Option<EvaluationTarget> {
    let member = |name: &str| json.get(name).map(text).filter(|id| !id.is_empty());
    let joined = json.pointer("/join_on/span/span_id").map(text);
    if let Some(span_id) = joined.or_else(|| member("span_id")) {
        return span_id.parse().ok().map(EvaluationTarget::Span);
    }
    if let Some(tag) = json.pointer("/join_on/tag") {
        return Some(EvaluationTarget::Tag(text(tag.get("key")?), text(tag.get("value")?)));
    }
    if let Some(trace_id) = member("trace_id") {
        return trace_id.parse().ok().map(EvaluationTarget::Trace);
    }
    let key = || member("feedback_join_key").map(|key| EvaluationTarget::Tag("feedback_join_key".to_owned(), key));
    member("session_id").map(EvaluationTarget::Session).or_else(key)
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
        let tag = |key: &str, value: &str| EvaluationTarget::Tag(key.to_owned(), value.to_owned());
        let span = || EvaluationTarget::Span("7".parse().unwrap());
        for (json, target, read) in [
            (
                json!({"join_on": {"span": {"span_id": "7", "trace_id": "t"}}, "label": "helpful",
                    "metric_type": "score", "score_value": 0.85, "assessment": "pass", "reasoning": "short"}),
                Some(span()),
                "helpful 0.85 pass short",
            ),
            (
                json!({"span_id": "7", "label": "mood", "metric_type": "categorical", "categorical_value": "good"}),
                Some(span()),
                "mood good - -",
            ),
            (json!({"join_on": {"tag": {"key": "a", "value": "b"}}, "label": "x"}), Some(tag("a", "b")), "x null - -"),
            (
                json!({"trace_id": "t-1", "label": "x"}),
                Some(EvaluationTarget::Trace("t-1".parse().unwrap())),
                "x null - -",
            ),
            (json!({"session_id": "s", "label": "x"}), Some(EvaluationTarget::Session("s".to_owned())), "x null - -"),
            (json!({"feedback_join_key": "k"}), Some(tag("feedback_join_key", "k")), " null - -"),
            (json!({"label": "x"}), None, ""),
        ] {
            let found = ReceivedEvaluation::read(&json);
            assert_eq!(found.as_ref().map(|one| &one.target), target.as_ref());
            let shown = found.map(|one| {
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                format!("{} {} {} {}", one.label, one.value, or_none(one.assessment), or_none(one.reasoning))
            });
            assert_eq!(shown.unwrap_or_default(), read);
        }
    }
}
