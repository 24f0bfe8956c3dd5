//! One evaluation or feedback, as far as it is shown beside its span.

use serde_json::Value;

use llmobs_model::{SpanId, TraceId};

/// What was thought of a span, or of what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Evaluation {
    pub(in super::super) about: About,
    /// From a user, not from a program.
    pub(in super::super) is_feedback: bool,
    pub(in super::super) label: String,
    pub(in super::super) value: String,
    /// `pass` or `fail`.
    pub(in super::super) assessment: Option<String>,
    pub(in super::super) reasoning: Option<String>,
}

/// What is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in super::super) enum About {
    Span(SpanId),
    /// Every span with this tag.
    Tag(String, String),
    Trace(TraceId),
    Session(String),
}

impl Evaluation {
    /// Reads an evaluation or feedback; `None` for one without a about.
    ///
    /// Shape: `join_on.span.span_id` or `join_on.tag` (v2), `span_id` (v1 and feedback), `trace_id`, `session_id` or
    /// `feedback_join_key` (feedback), and the value in `<metric_type>_value`.
    pub(in super::super) fn read(json: &Value) -> Option<Self> {
        let metric_type = json.get("metric_type").and_then(Value::as_str).unwrap_or_default();
        let value = json.get(format!("{metric_type}_value")).unwrap_or(&Value::Null);
        Some(Self {
            about: about(json)?,
            is_feedback: json.get("event_kind").and_then(Value::as_str) == Some("feedback"),
            label: json.get("label").map(text).unwrap_or_default(),
            value: text(value),
            assessment: json.get("assessment").map(text),
            reasoning: json.get("reasoning").map(text),
        })
    }
}

fn about(json: &Value) -> Option<About> {
    let member = |name: &str| json.get(name).map(text).filter(|id| !id.is_empty());
    let joined = json.pointer("/join_on/span/span_id").map(text);
    if let Some(span_id) = joined.or_else(|| member("span_id")) {
        return span_id.parse().ok().map(About::Span);
    }
    if let Some(tag) = json.pointer("/join_on/tag") {
        return Some(About::Tag(text(tag.get("key")?), text(tag.get("value")?)));
    }
    if let Some(trace_id) = member("trace_id") {
        return trace_id.parse().ok().map(About::Trace);
    }
    let key = || member("feedback_join_key").map(|key| About::Tag("feedback_join_key".to_owned(), key));
    member("session_id").map(About::Session).or_else(key)
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
        let tag = |key: &str, value: &str| About::Tag(key.to_owned(), value.to_owned());
        let span = || About::Span("7".parse().unwrap());
        for (json, about, read) in [
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
            (json!({"trace_id": "t-1", "label": "x"}), Some(About::Trace("t-1".parse().unwrap())), "x null - -"),
            (json!({"session_id": "s", "label": "x"}), Some(About::Session("s".to_owned())), "x null - -"),
            (json!({"feedback_join_key": "k"}), Some(tag("feedback_join_key", "k")), " null - -"),
            (json!({"label": "x"}), None, ""),
        ] {
            let found = Evaluation::read(&json);
            assert_eq!(found.as_ref().map(|one| &one.about), about.as_ref());
            let shown = found.map(|one| {
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                format!("{} {} {} {}", one.label, one.value, or_none(one.assessment), or_none(one.reasoning))
            });
            assert_eq!(shown.unwrap_or_default(), read);
        }
    }
}
