//! Evaluations, feedback, and the contexts that they are joined by.

use serde_json::{Value, json};
use tracing::{Span, info_span};
use tracing_llmobs::{
    Assessment, Evaluation, EvaluationError, EvaluationScope, Feedback, Handle, LlmObsSpanExt as _, SpanContext,
};

fn context() -> SpanContext {
    SpanContext::new("0123456789abcdef0123456789abcdef".parse().unwrap(), "1234567890".parse().unwrap())
}

const TIME: u64 = 1_700_000_000_123;

pub(in super::super) fn all_options(handle: &Handle) {
    let relevance =
        Evaluation::of_type("relevance", "SCORE", json!(0.7)).span(context()).tag("a", "b").tag("k:c", "v:w");
    let relevance =
        relevance.ml_app("eval-app").timestamp_ms(TIME).metadata("judge", "gpt").metadata("n", json!({"x": 1}));
    let relevance = relevance.assessment(Assessment::Pass).reasoning("because").scope(EvaluationScope::Trace);
    handle.submit_evaluation(relevance).unwrap();
    let empty = Evaluation::categorical("relevance", "").span(context()).assessment(Assessment::Fail).reasoning("");
    handle.submit_evaluation(empty).unwrap();
}

pub(in super::super) fn with_spans(handle: &Handle) {
    let root = {
        let workflow = info_span!("w", llmobs.kind = "workflow");
        let llm = info_span!(parent: &workflow, "l", llmobs.kind = "llm", llmobs.model_name = "m");
        let context = llm.llmobs_context().unwrap();
        llm.evaluate(Evaluation::score("a", 1)).unwrap();
        drop(llm);
        handle.submit_evaluation(Evaluation::categorical("b", "x").span(context)).unwrap();
        workflow.llmobs_context().unwrap()
    };
    handle.submit_evaluation(Evaluation::boolean("c", true).span(root)).unwrap();
}

/// Wrong values that the types let through; ids, tags and reasoning of a wrong type do not compile.
pub(in super::super) fn invalid(handle: &Handle) {
    let joined = |metric_type, value: Value| Evaluation::of_type("l", metric_type, value).span(context());
    let score = || joined("score", json!(1));
    let labelled = |label| Evaluation::score(label, 1).span(context());
    for (what, evaluation, kind) in [
        ("no join", Evaluation::score("l", 1), "provided_both_span_and_tag_joining_key"),
        ("both joins", score().span_with_tag("a", "b"), "provided_both_span_and_tag_joining_key"),
        ("label_empty", labelled(""), "invalid_metric_label"),
        ("label_dot", labelled("a.b"), "invalid_label_value"),
        ("type_unknown", joined("numeric", json!(1)), "invalid_metric_type"),
        ("categorical_int", joined("categorical", json!(1)), "invalid_metric_value"),
        ("score_str", joined("score", json!("1")), "invalid_metric_value"),
        ("boolean_int", joined("boolean", json!(1)), "invalid_metric_value"),
        ("json_list", joined("json", json!([1])), "invalid_metric_value"),
        ("timestamp_negative", score().timestamp(before_1970()), "invalid_timestamp"),
        ("metadata_str", score().metadata_map("x"), "invalid_metadata"),
    ] {
        let refused = handle.submit_evaluation(evaluation).map_err(|error| error.kind());
        assert_eq!(refused, Err(kind), "{what}");
    }
    assert_eq!("maybe".parse::<Assessment>().map_err(|error| error.kind()), Err("invalid_assessment"));
    assert_eq!("session".parse::<EvaluationScope>().map_err(|error| error.kind()), Err("invalid_eval_scope"));
}

fn before_1970() -> std::time::SystemTime {
    std::time::UNIX_EPOCH - std::time::Duration::from_millis(1)
}

pub(in super::super) fn json(handle: &Handle) {
    let members = [("a", json!({"b": [1, null]})), ("t", json!("\u{e9}"))];
    handle.submit_evaluation(Evaluation::json("structured", members).span(context())).unwrap();
}

pub(in super::super) fn scores(handle: &Handle) {
    let harm = Evaluation::score("harmfulness", 10).span(context()).tag("evaluation_provider", "ragas");
    handle.submit_evaluation(harm).unwrap();
    let score = |value: f64| Evaluation::score("s", value);
    for score in
        [score(0.5), Evaluation::score("s", 0), score(-1.25), score(1e-9), Evaluation::score("s", 10_u64.pow(12))]
    {
        handle.submit_evaluation(score.span(context())).unwrap();
    }
}

/// The old calling form, which the Python SDK refuses, has no counterpart that compiles; the span is sent.
pub(in super::super) fn context_first(_: &Handle) {
    let span = info_span!(
        "invoke_llm",
        llmobs.kind = "llm",
        llmobs.model_name = "claude",
        llmobs.model_provider = "anthropic",
    );
    assert!(span.llmobs_context().is_some());
}

pub(in super::super) fn contexts(_: &Handle) {
    let workflow = info_span!("w", llmobs.kind = "workflow");
    let active = workflow.in_scope(|| Span::current().llmobs_context());
    let explicit = workflow.llmobs_context();
    let child = workflow.in_scope(|| {
        info_span!("t", llmobs.kind = "task").in_scope(|| {
            assert_eq!(workflow.llmobs_context(), explicit);
            Span::current().llmobs_context()
        })
    });
    let (active, child) = (active.unwrap(), child.unwrap());
    assert_eq!(explicit.as_ref(), Some(&active));
    assert!(child.trace_id == active.trace_id && child.span_id != active.span_id);
}

pub(in super::super) fn no_contexts(_: &Handle) {
    assert_eq!(Span::current().llmobs_context(), None);
    let foreign = info_span!("apm");
    assert_eq!(foreign.llmobs_context(), None);
    assert_eq!(foreign.in_scope(|| Span::current().llmobs_context()), None);
    assert_eq!(foreign.evaluate(Evaluation::score("l", 1)), Err(EvaluationError::Span));
    drop(info_span!("t", llmobs.kind = "task"));
}

pub(in super::super) fn feedback(handle: &Handle) {
    let by_user = |feedback: Feedback| feedback.submitter("user-1").submitter_type("end_user").timestamp_ms(TIME);
    let span = SpanContext::new("22".parse().unwrap(), "11".parse().unwrap());
    for feedback in [
        by_user(Feedback::categorical("thumb", "up").span(&span)),
        Feedback::score("stars", 4.5).submitter("user-2").span_id(span.span_id).timestamp_ms(TIME),
        by_user(Feedback::boolean("ok", false).trace_id(span.trace_id.clone())),
        by_user(Feedback::json("form", [("q", 1)]).session_id("sess")),
        by_user(Feedback::text("comment", "nice").feedback_join_key("ticket-9").tag("a", "b"))
            .assessment(Assessment::Pass)
            .reasoning("r")
            .ml_app("fb-app"),
    ] {
        handle.submit_feedback(feedback).unwrap();
    }
    let two_targets = by_user(Feedback::score("l", 1).span(&span).trace_id(span.trace_id.clone()));
    assert_eq!(handle.submit_feedback(two_targets), Err(EvaluationError::TargetCount));
    let nobodys = Feedback::score("l", 1).span(&span);
    assert_eq!(handle.submit_feedback(nobodys), Err(EvaluationError::Submitter));
}
