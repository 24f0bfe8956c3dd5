//! Evaluations and feedback as rows.

use rusqlite::Row;
use serde_json::Value;

/// An evaluation of a span, trace or session, or feedback on one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EvaluationRow {
    pub(crate) span: Option<String>,
    pub(crate) trace: Option<String>,
    pub(crate) session: Option<String>,
    /// `key:value` of the spans that it is about.
    pub(crate) tag: Option<String>,
    pub(crate) label: String,
    pub(crate) value: String,
    /// `pass` or `fail`.
    pub(crate) assessment: Option<String>,
    pub(crate) is_feedback: bool,
    pub(crate) reasoning: Option<String>,
}

impl EvaluationRow {
    pub(crate) const COLUMNS: &str = "span, trace, session, tag, label, value, assessment, feedback, reasoning";

    pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            span: row.get(0)?,
            trace: row.get(1)?,
            session: row.get(2)?,
            tag: row.get(3)?,
            label: row.get(4)?,
            value: row.get(5)?,
            assessment: row.get(6)?,
            is_feedback: row.get(7)?,
            reasoning: row.get(8)?,
        })
    }

    /// Reads `join_on.span.span_id` or `join_on.tag` (v2), `span_id` (v1 and feedback), `trace_id`, `session_id` or
    /// `feedback_join_key` (feedback), and the value in `<metric_type>_value`.
    pub(crate) fn of(json: &Value) -> Self {
        let member = |name: &str| json.get(name).and_then(text).filter(|text| !text.is_empty());
        let at = |path: &str| json.pointer(path).and_then(text);
        let joined = |(key, value): (String, String)| format!("{key}:{value}");
        let tag = at("/join_on/tag/key").zip(at("/join_on/tag/value")).map(joined);
        let key = member("feedback_join_key").map(|key| format!("feedback_join_key:{key}"));
        let value = member("metric_type").and_then(|kind| member(&format!("{kind}_value")));
        let span = at("/join_on/span/span_id").or_else(|| member("span_id"));
        Self {
            trace: at("/join_on/span/trace_id").or_else(|| member("trace_id")).filter(|_| span.is_none()),
            span,
            session: member("session_id"),
            tag: tag.or(key),
            label: member("label").unwrap_or_default(),
            value: value.or_else(|| member("value")).unwrap_or_default(),
            assessment: member("assessment"),
            is_feedback: member("event_kind").as_deref() == Some("feedback"),
            reasoning: member("reasoning"),
        }
    }

    /// Returns whether it says that something is bad.
    pub(crate) fn has_failed(&self) -> bool {
        self.assessment.as_deref() == Some("fail") || (self.assessment.is_none() && self.value == "false")
    }
}

fn text(json: &Value) -> Option<String> {
    match json {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
    }
}
