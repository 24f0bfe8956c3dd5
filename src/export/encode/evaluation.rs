//! An evaluation or feedback, top to bottom as it is on the wire; `docs/wire.md` is its table.

use super::json::Writer;
use crate::stats::LossReason;
use llmobs_model::{
    EvaluationMetric, EvaluationScope, EvaluationValue, FeedbackSubmitter, FeedbackTarget, JoinOn, Submission,
    SubmissionKind, Tags,
};

/// Appends one metric, an item of a payload.
///
/// Shape:
///
/// ```text
/// {"event_kind":"evaluation","join_on":{"span":{"span_id":"7","trace_id":"6a87…"}},
///  "label":"helpful","metric_type":"score","score_value":0.85,"timestamp_ms":1787270405000,"ml_app":"app",
///  "tags":["ddtrace.version:0.1.0","ml_app:app"],"eval_scope":"span","assessment":"pass","reasoning":"…","metadata":{…}}
/// {"event_kind":"feedback","session_id":"s",
///  "label":"thumb","metric_type":"boolean","boolean_value":true,"timestamp_ms":1787270405000,"ml_app":"app",
///  "tags":[…],"submitter":{"id":"user-7","type":"end_user"},"assessment":"pass","reasoning":"…"}
/// ```
///
/// Units: `timestamp_ms` is milliseconds since 1970.
///
/// # Errors
///
/// [`LossReason::TooLarge`] when it is not smaller than `max_bytes`; nothing is appended then.
///
/// Source: dd-trace-py 4.15 `ddtrace/llmobs/_eval_metric.py`, dd-trace-js `packages/dd-trace/src/llmobs/sdk.js`,
/// August 2026; where they differ, all members of both.
pub(crate) fn encode_submission(
    submission: &Submission,
    common: Common<'_>,
    max_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<(), LossReason> {
    let before = out.len();
    let mut json = Writer::new(out);
    let metric = &submission.metric;
    match &submission.kind {
        SubmissionKind::Evaluation { join, scope, metadata } => {
            json.raw(r#"{"event_kind":"evaluation","join_on":{"#);
            encode_join(join, &mut json);
            encode_metric(metric, common, json.raw("}"));
            encode_scope(*scope, &mut json);
            encode_opinion(metric, &mut json);
            if !metadata.is_empty() {
                json.raw(r#","metadata":"#).object(metadata, 0);
            }
        }
        SubmissionKind::Feedback { target, submitter } => {
            json.raw(r#"{"event_kind":"feedback","#);
            encode_target(target, &mut json);
            encode_metric(metric, Common { source: None, ..common }, &mut json);
            encode_submitter(submitter, &mut json);
            encode_opinion(metric, &mut json);
        }
    }
    json.raw("}");
    if out.len().saturating_sub(before) < max_bytes {
        return Ok(());
    }
    out.truncate(before);
    Err(LossReason::TooLarge)
}

/// The values that all evaluations of a process share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Common<'a> {
    /// The application of those that name none.
    pub(crate) ml_app: &'a str,
    /// The tag of evaluations that says where the spans come from; for `otel` the intake waits until they are there.
    pub(crate) source: Option<&'a str>,
}

fn encode_join(join: &JoinOn, json: &mut Writer<'_>) {
    match join {
        JoinOn::Span(context) => {
            json.raw(r#""span":{"span_id":""#).integer(context.span_id.as_u64());
            json.raw(r#"","trace_id":"#).trace_id(&context.trace_id)
        }
        JoinOn::Tag { key, value } => json.raw(r#""tag":{"key":"#).text(key).raw(r#","value":"#).text(value),
    };
    json.raw("}");
}

fn encode_target(target: &FeedbackTarget, json: &mut Writer<'_>) {
    match target {
        FeedbackTarget::Span(id) => json.raw(r#""span_id":""#).integer(id.as_u64()).raw("\""),
        FeedbackTarget::Trace(id) => json.raw(r#""trace_id":"#).trace_id(id),
        FeedbackTarget::Session(id) => json.raw(r#""session_id":"#).text(id),
        FeedbackTarget::JoinKey(key) => json.raw(r#""feedback_join_key":"#).text(key),
    };
}

fn encode_metric(metric: &EvaluationMetric, common: Common<'_>, json: &mut Writer<'_>) {
    let ml_app = metric.ml_app.as_deref().unwrap_or(common.ml_app);
    let metric_type = metric.value.metric_type();
    json.raw(r#","label":"#).text(&metric.label);
    json.raw(r#","metric_type":""#).raw(metric_type);
    json.raw(r#"",""#).raw(metric_type).raw(r#"_value":"#);
    encode_value(&metric.value, json);
    json.raw(r#","timestamp_ms":"#).integer(metric.timestamp_ms);
    json.raw(r#","ml_app":"#).text(ml_app);
    encode_tags(&metric.tags, Common { ml_app, ..common }, json);
}

fn encode_value(measure: &EvaluationValue, json: &mut Writer<'_>) {
    match measure {
        EvaluationValue::Categorical(text) | EvaluationValue::Text(text) => json.text(text),
        EvaluationValue::Score(number) => json.number(number),
        EvaluationValue::Boolean(flag) => json.raw(if *flag { "true" } else { "false" }),
        EvaluationValue::Json(members) => json.object(members, 0),
    };
}

/// Tags of the user's with our names are left out: the intake would see two values.
fn encode_tags(tags: &Tags, common: Common<'_>, json: &mut Writer<'_>) {
    json.raw(concat!(r#","tags":["ddtrace.version:"#, env!("CARGO_PKG_VERSION"), r#"","ml_app:"#)).part(common.ml_app);
    json.raw("\"");
    if let Some(source) = common.source.filter(|_| tags.get("source").is_none()) {
        json.raw(r#","source:"#).part(source).raw("\"");
    }
    for (key, value) in tags.iter().filter(|(key, _)| !OWN_TAGS.contains(key)) {
        json.raw(r#",""#).part(key).raw(":").part(value).raw("\"");
    }
    json.raw("]");
}

fn encode_scope(scope: EvaluationScope, json: &mut Writer<'_>) {
    json.raw(r#","eval_scope":""#).raw(scope.as_str()).raw("\"");
}

fn encode_submitter(submitter: &FeedbackSubmitter, json: &mut Writer<'_>) {
    json.raw(r#","submitter":{"id":"#).text(&submitter.id);
    json.optional(r#","type":"#, submitter.submitter_type.as_deref()).raw("}");
}

fn encode_opinion(metric: &EvaluationMetric, json: &mut Writer<'_>) {
    json.optional(r#","assessment":"#, metric.assessment.map(llmobs_model::Assessment::as_str));
    json.optional(r#","reasoning":"#, metric.reasoning.as_deref());
}

const OWN_TAGS: [&str; 2] = ["ddtrace.version", "ml_app"];

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use llmobs_model::{Assessment, Evaluation, Feedback, SpanContext, TraceId};

    const COMMON: Common<'_> = Common { ml_app: "weather-bot", source: None };

    fn context() -> SpanContext {
        SpanContext::new(TraceId::new(0x6a87_9500_0000_0000_a1b2_c3d4_e5f6_0718), "9007199254740993".parse().unwrap())
    }

    fn written(submission: &Submission) -> Value {
        let mut out = Vec::new();
        encode_submission(submission, COMMON, usize::MAX, &mut out).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn evaluated(evaluation: Evaluation) -> Value {
        written(&evaluation.check(1_787_270_405_000).unwrap())
    }

    fn answered(feedback: Feedback) -> Value {
        written(&feedback.submitter("user-7").check(1_787_270_405_000).unwrap())
    }

    #[test]
    fn an_evaluation_has_every_member() {
        let all = Evaluation::score("helpfulness", 0.85).span(context()).assessment(Assessment::Pass);
        let all = all.reasoning("Answered \"it\".").metadata("judge", "gpt-4o").tag("evaluator", "ragas");
        assert_eq!(
            evaluated(all.scope(EvaluationScope::Trace).tag("ml_app", "other")),
            json!({
                "event_kind": "evaluation",
                "join_on": {"span": {"span_id": "9007199254740993", "trace_id": "6a87950000000000a1b2c3d4e5f60718"}},
                "label": "helpfulness", "metric_type": "score", "score_value": 0.85,
                "timestamp_ms": 1_787_270_405_000_u64, "ml_app": "weather-bot",
                "tags": [format!("ddtrace.version:{}", env!("CARGO_PKG_VERSION")), "ml_app:weather-bot", "evaluator:ragas"],
                "eval_scope": "trace", "assessment": "pass", "reasoning": "Answered \"it\".",
                "metadata": {"judge": "gpt-4o"},
            }),
        );
        let least = evaluated(Evaluation::categorical("sentiment", "").span_with_tag("msg_id", "1:2").ml_app("b,\"c"));
        assert_eq!(
            least,
            json!({
                "event_kind": "evaluation", "join_on": {"tag": {"key": "msg_id", "value": "1:2"}},
                "label": "sentiment", "metric_type": "categorical", "categorical_value": "",
                "timestamp_ms": 1_787_270_405_000_u64, "ml_app": "b,\"c",
                "tags": [format!("ddtrace.version:{}", env!("CARGO_PKG_VERSION")), "ml_app:b,\"c"],
                "eval_scope": "span",
            }),
        );
    }

    #[test]
    fn each_type_has_its_member() {
        for (evaluation, metric_type, value) in [
            (Evaluation::score("l", 10), "score", json!(10)),
            (Evaluation::score("l", -1.25), "score", json!(-1.25)),
            (Evaluation::score("l", u64::MAX), "score", json!(u64::MAX)),
            (Evaluation::boolean("l", false), "boolean", json!(false)),
            (Evaluation::json("l", [("a", json!({"b": [1, null]}))]), "json", json!({"a": {"b": [1, null]}})),
            (Evaluation::json("l", Vec::<(String, Value)>::new()), "json", json!({})),
            (Evaluation::of_type("l", "SCORE", json!(1e-9)), "score", json!(1e-9)),
        ] {
            let got = evaluated(evaluation.span(context()));
            assert_eq!((&got["metric_type"], &got[format!("{metric_type}_value")]), (&json!(metric_type), &value));
        }
    }

    #[test]
    fn feedback_has_one_target_and_a_submitter_and_no_join() {
        let id = "9007199254740993".parse().unwrap();
        for (feedback, target, value) in [
            (Feedback::text("t", "nice").span(&context()), "span_id", "9007199254740993"),
            (Feedback::text("t", "nice").span_id(id), "span_id", "9007199254740993"),
            (Feedback::text("t", "nice").trace_id("22".parse().unwrap()), "trace_id", "22"),
            (Feedback::text("t", "nice").session_id("s"), "session_id", "s"),
            (Feedback::text("t", "nice").feedback_join_key("k"), "feedback_join_key", "k"),
        ] {
            let expected = json!({
                "event_kind": "feedback", target: value, "label": "t", "metric_type": "text", "text_value": "nice",
                "timestamp_ms": 1_787_270_405_000_u64, "ml_app": "weather-bot",
                "tags": [format!("ddtrace.version:{}", env!("CARGO_PKG_VERSION")), "ml_app:weather-bot"],
                "submitter": {"id": "user-7", "type": "end_user"},
            });
            assert_eq!(answered(feedback.submitter_type("end_user")), expected);
        }
    }

    #[test]
    fn what_is_too_large_leaves_nothing_behind() {
        let submission = Evaluation::categorical("l", "x".repeat(500)).span(context()).check(1).unwrap();
        let mut out = b"[".to_vec();
        assert_eq!(encode_submission(&submission, COMMON, 500, &mut out), Err(LossReason::TooLarge));
        assert_eq!(out, b"[");
    }
}
