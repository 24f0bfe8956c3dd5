//! Evaluations and feedback: what is refused, what is sent where, and that they are counted like spans.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llmobs_receiver::Answer;
use serde_json::{Value, json};
use tracing::{Span, info, info_span};
use tracing_llmobs::FlushError;
use tracing_llmobs::{
    Assessment, Builder, Evaluation, EvaluationError, EvaluationScope, Feedback, LlmObsSpanExt as _, LossReason,
    Problem, SpanContext, TraceId,
};

use crate::harness::recording::{problems, record, record_beside_fmt};
use crate::harness::{NEVER, Pipeline, SOON, receiver, run_scene_with, scene, to};

fn context() -> SpanContext {
    SpanContext::new(TraceId::new(7), "9007199254740993".parse().unwrap())
}

fn score() -> Evaluation {
    Evaluation::score("faithful", 0.9)
}

/// The fault of an evaluation or feedback, by the term of the other SDKs.
fn kind<T: std::fmt::Debug>(refused: Result<T, EvaluationError>) -> &'static str {
    refused.unwrap_err().kind()
}

/// The rows stand in the order of the checks; each has the mistakes of all that follow, so that the first one counts.
#[test]
fn mistakes_are_told_in_the_order_of_the_other_sdks() {
    let pipeline = Pipeline::start(to("http://127.0.0.1:9"));
    let handle = pipeline.guard.handle();
    let refused = |evaluation: Evaluation| kind(handle.submit_evaluation(evaluation));
    let before_1970 = UNIX_EPOCH - Duration::from_secs(1);
    let bad_end = |evaluation: Evaluation| evaluation.metadata_map("x");
    let bad_tags = |evaluation: Evaluation| bad_end(evaluation.tag("", "v"));
    let bad_value = |label: &str| bad_tags(Evaluation::score(label, f64::NAN));
    let all_bad = |label: &str| bad_value(label).timestamp(before_1970);
    let table = [
        (all_bad(""), "provided_both_span_and_tag_joining_key"),
        (all_bad("").span(context()).span_with_tag("k", "v"), "provided_both_span_and_tag_joining_key"),
        (all_bad("").span(context()).span(context()), "provided_both_span_and_tag_joining_key"),
        (all_bad("").span_with_tag("", "v"), "invalid_joining_key"),
        (all_bad("").span_with_tag("k", ""), "invalid_joining_key"),
        (all_bad("").span(context()), "invalid_timestamp"),
        (bad_value("").span(context()), "invalid_metric_label"),
        (bad_value(" ").span(context()), "invalid_metric_label"),
        (bad_value("a.b").span(context()), "invalid_label_value"),
        (bad_value("l").span(context()), "invalid_metric_value"),
        (bad_tags(score()).span(context()), "invalid_tags"),
        (bad_end(score()).span(context()), "invalid_metadata"),
        (score().span(context()).metadata("m", std::collections::HashMap::from([((1, 2), 3)])), "invalid_metadata"),
    ];
    for (evaluation, expected) in table {
        let shown = format!("{evaluation:?}");
        assert_eq!(refused(evaluation), expected, "{shown}");
    }
    for score in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(refused(Evaluation::score("l", score).span(context())), "invalid_metric_value");
    }
    let deep = || (0..100_000).fold(json!(1), |inner, _| Value::Array(vec![inner]));
    assert_eq!(refused(Evaluation::json("l", [("deep", deep())]).span(context())), "invalid_metric_value");
    assert_eq!(handle.stats().offered, 0, "what is refused for its content was never an item");
}

#[test]
fn a_value_that_comes_with_the_name_of_its_type_is_checked() {
    let pipeline = Pipeline::start(to("http://127.0.0.1:9"));
    let handle = pipeline.guard.handle();
    let submit = |metric_type, value| {
        handle.submit_evaluation(Evaluation::of_type("l", metric_type, value).span(context())).map_err(|one| one.kind())
    };
    for (metric_type, value, expected) in [
        ("numeric", json!(1), Err("invalid_metric_type")),
        ("", json!(1), Err("invalid_metric_type")),
        ("text", json!("only feedback has text"), Err("invalid_metric_type")),
        ("categorical", json!(1), Err("invalid_metric_value")),
        ("score", json!("1"), Err("invalid_metric_value")),
        ("score", json!(true), Err("invalid_metric_value")),
        ("boolean", json!(1), Err("invalid_metric_value")),
        ("json", json!([1]), Err("invalid_metric_value")),
        ("json", json!("{}"), Err("invalid_metric_value")),
        ("Categorical", json!("x"), Ok(())),
        ("SCORE", json!(1), Ok(())),
        ("boolean", json!(false), Ok(())),
        ("json", json!({}), Ok(())),
    ] {
        assert_eq!(submit(metric_type, value.clone()), expected, "{metric_type} {value}");
    }
    assert_eq!(kind("session".parse::<EvaluationScope>()), "invalid_eval_scope");
    assert_eq!(kind("maybe".parse::<Assessment>()), "invalid_assessment");
}

#[test]
fn feedback_is_about_one_thing_and_comes_from_somebody() {
    let pipeline = Pipeline::start(to("http://127.0.0.1:9"));
    let handle = pipeline.guard.handle();
    let bad = || Feedback::of_type("a.b", "smell", json!(1)).tag("", "v");
    let text = |label: &str| Feedback::text(label, "nice").session_id("s").submitter("u");
    for (feedback, expected) in [
        (bad(), "invalid_target_count"),
        (bad().span(&context()).trace_id(TraceId::new(7)), "invalid_target_count"),
        (bad().session_id("s").session_id("s"), "invalid_target_count"),
        (bad().session_id(""), "invalid_session_id"),
        (bad().feedback_join_key(""), "invalid_feedback_join_key"),
        (bad().span(&context()), "invalid_submitter"),
        (bad().span(&context()).submitter(""), "invalid_submitter"),
        (bad().span(&context()).submitter("u").timestamp(UNIX_EPOCH - SOON), "invalid_timestamp"),
        (text(""), "invalid_metric_label"),
        (bad().span(&context()).submitter("u"), "invalid_label_value"),
        (Feedback::of_type("l", "smell", json!(1)).session_id("s").submitter("u"), "invalid_metric_type"),
        (Feedback::of_type("l", "text", json!(1)).session_id("s").submitter("u"), "invalid_metric_value"),
        (Feedback::score("l", f64::NAN).session_id("s").submitter("u"), "invalid_metric_value"),
        (text("l").tag(" ", "v"), "invalid_tags"),
    ] {
        let shown = format!("{feedback:?}");
        assert_eq!(kind(handle.submit_feedback(feedback)), expected, "{shown}");
    }
    assert_eq!(handle.submit_feedback(text("l")), Ok(()));
}

#[test]
fn a_timestamp_is_kept_and_now_is_the_default() {
    let recorder = record(|| {});
    let handle = recorder.handle();
    recorder.clock().advance(Duration::from_millis(1_500));
    let at = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    for evaluation in [score(), score().timestamp(at), score().timestamp_ms(1_700_000_000_123), score().timestamp_ms(0)]
    {
        handle.submit_evaluation(evaluation.span(context())).unwrap();
    }
    let now = json!(tracing_llmobs::testing::ManualClock::EPOCH_NS / 1_000_000 + 1_500);
    let times: Vec<_> = recorder.evaluations().iter().map(|one| one["timestamp_ms"].clone()).collect();
    assert_eq!(times, [now.clone(), json!(1_700_000_000_123_u64), json!(1_700_000_000_123_u64), now]);
}

#[test]
fn a_span_can_be_evaluated_while_open_and_after_finish_and_by_its_context() {
    let mut finished = None;
    let recorder = record(|| {
        let span = info_span!("chat", llmobs.kind = "llm", llmobs.ml_app = "other-app");
        span.evaluate(score()).unwrap();
        finished = span.llmobs_context();
        assert!(span.finish());
        span.evaluate(Evaluation::boolean("late", true)).unwrap();
        assert_eq!(span.evaluate(score().span_with_tag("k", "v")), Err(EvaluationError::JoinCount));
    });
    recorder.handle().submit_evaluation(Evaluation::categorical("later", "x").span(finished.unwrap())).unwrap();
    let event = recorder.span("chat");
    let join = json!({"span": {"span_id": event.span_id.to_string(), "trace_id": event.trace_id.to_string()}});
    let evaluations = recorder.evaluations();
    let labels: Vec<_> = evaluations.iter().map(|one| (&one["label"], &one["join_on"], &one["ml_app"])).collect();
    let [other, own] = [json!("other-app"), json!("test-app")];
    let expected = [(json!("faithful"), &other), (json!("late"), &other), (json!("later"), &own)];
    let expected: Vec<_> = expected.iter().map(|(label, ml_app)| (label, &join, *ml_app)).collect();
    assert_eq!(labels, expected, "the span's application holds as long as there is a span");
    assert_eq!(evaluations[0]["tags"][1], "ml_app:other-app");
}

#[test]
fn what_is_no_llm_span_cannot_be_evaluated() {
    let recorder = record_beside_fmt(|| {
        let kindless = info_span!("kindless", llmobs.name = "n");
        let plain = info_span!("plain");
        for span in [Span::none(), kindless, plain] {
            assert_eq!(kind(span.evaluate(score())), "invalid_span", "{span:?}");
        }
    });
    assert_eq!(recorder.evaluations(), Vec::<Value>::new());
    assert_eq!(kind(info_span!("no subscriber", llmobs.kind = "llm").evaluate(score())), "invalid_span");
    let (_layer, guard) =
        Builder::without_environment().enabled(false).start::<tracing_subscriber::Registry>().unwrap();
    assert_eq!(guard.handle().evaluate(&Span::none(), score()), Ok(()), "disabled takes everything");
    assert_eq!(kind(guard.handle().submit_evaluation(score())), "provided_both_span_and_tag_joining_key");
    assert_eq!(kind(guard.handle().submit_feedback(Feedback::text("l", "t"))), "invalid_target_count");
}

/// The evaluation of an event, joined to `span`, without what all of them have.
fn said(recorder: &crate::harness::recording::Recorder, span: &str) -> Vec<Value> {
    let id = recorder.span(span).span_id.to_string();
    let ours = recorder.evaluations().into_iter().filter(|one| one["join_on"]["span"]["span_id"] == id.as_str());
    let strip = |mut one: Value| {
        let members = one.as_object_mut().unwrap();
        for name in ["event_kind", "join_on", "timestamp_ms", "eval_scope", "ml_app"] {
            assert!(members.remove(name).is_some(), "{name}");
        }
        let tags = members.remove("tags").unwrap();
        if tags.as_array().unwrap().len() > 2 {
            members.insert("own_tags".to_owned(), tags.as_array().unwrap()[2..].into());
        }
        one
    };
    ours.map(strip).collect()
}

#[test]
fn an_event_is_an_evaluation_of_the_nearest_llm_span() {
    let recorder = record_beside_fmt(|| {
        let outer = info_span!("outer", llmobs.kind = "workflow").entered();
        let inner = info_span!("inner", llmobs.kind = "llm");
        {
            let _inner = inner.enter();
            let _between = info_span!("between").entered();
            let _kindless = info_span!("kindless", llmobs.name = "n").entered();
            info!(llmobs.eval.label = "faithful", llmobs.eval.score = 0.9);
            info!(
                llmobs.eval.label = "mood",
                llmobs.eval.categorical = "good",
                llmobs.eval.assessment = %Assessment::Pass,
                llmobs.eval.reasoning = "it \"smiles\"",
                llmobs.eval.tags.evaluator = "rule",
                llmobs.eval.metadata.judge = "gpt",
                llmobs.eval.metadata.round = 2,
                llmobs.eval.metadata = r#"{"a": [1]}"#,
            );
        }
        info!(parent: &inner, llmobs.eval.label = "ok", llmobs.eval.boolean = true);
        info!(llmobs.eval.label = "form", llmobs.eval.json = r#"{"a": 1}"#, llmobs.output = "both");
        info!(llmobs.eval.label = "stars", llmobs.eval.score = 4);
        drop(outer);
    });
    let inner = [
        json!({"label": "faithful", "metric_type": "score", "score_value": 0.9}),
        json!({"label": "mood", "metric_type": "categorical", "categorical_value": "good", "assessment": "pass",
            "reasoning": "it \"smiles\"", "own_tags": ["evaluator:rule"],
            "metadata": {"judge": "gpt", "round": 2, "a": [1]}}),
        json!({"label": "ok", "metric_type": "boolean", "boolean_value": true}),
    ];
    assert_eq!(said(&recorder, "inner"), inner);
    let outer = [
        json!({"label": "form", "metric_type": "json", "json_value": {"a": 1}}),
        json!({"label": "stars", "metric_type": "score", "score_value": 4}),
    ];
    assert_eq!(said(&recorder, "outer"), outer);
    let events = recorder.spans();
    assert_eq!(recorder.span("outer").output, Some("both".into()), "other fields are about the span as ever");
    assert!(events.iter().all(|span| span.metadata.is_empty() && span.tags.get("evaluator").is_none()));
    assert_eq!(problems(&recorder), []);
}

#[test]
fn an_event_that_says_no_valid_evaluation_is_a_problem_and_nothing_else() {
    let recorder = record(|| {
        info!(llmobs.eval.label = "outside", llmobs.eval.score = 1);
        let _span = info_span!("chat", llmobs.kind = "llm").entered();
        info!(llmobs.eval.label = "no value");
        info!(llmobs.eval.score = 1);
        info!(llmobs.eval.label = "a.b", llmobs.eval.score = 1);
        info!(llmobs.eval.label = "two", llmobs.eval.score = 1, llmobs.eval.boolean = true);
        info!(llmobs.eval.label = "l", llmobs.eval.score = f64::NAN);
        info!(llmobs.eval.label = "l", llmobs.eval.score = "high");
        info!(llmobs.eval.label = "l", llmobs.eval.boolean = "perhaps");
        info!(llmobs.eval.label = "l", llmobs.eval.json = "[1]");
        info!(llmobs.eval.label = "l", llmobs.eval.score = 1, llmobs.eval.assessment = "maybe");
        info!(llmobs.eval.label = "l", llmobs.eval.score = 1, llmobs.eval.metadata = "x");
        info!(llmobs.eval.label = "l", llmobs.eval.score = 1, llmobs.eval.tags.x = "fine");
    });
    assert_eq!(recorder.evaluations().len(), 1);
    assert_eq!(problems(&recorder), [(Problem::Evaluation, 11)]);
    assert_eq!(recorder.handle().stats().offered, 2);
}

#[test]
fn each_way_has_its_path_and_headers() {
    for agentless in [true, false] {
        let receiver = receiver();
        let builder = Builder::without_environment().ml_app("a").api_key("test-key").flush_interval(NEVER);
        let builder = builder.agentless(agentless).agent_url(receiver.url()).request_timeout(SOON);
        let builder = if agentless { builder.override_origin(receiver.url()) } else { builder };
        let pipeline = Pipeline::start(builder);
        pipeline.emit(1);
        let handle = pipeline.guard.handle();
        handle.submit_evaluation(score().span(context())).unwrap();
        handle.submit_feedback(Feedback::boolean("thumb", true).session_id("s").submitter("u")).unwrap();
        pipeline.guard.flush(SOON).unwrap();
        let requests = receiver.requests();
        let facts: Vec<_> = requests
            .iter()
            .map(|one| {
                let header = |name| one.header(name).map(str::to_owned);
                let path = one.path.clone();
                (
                    one.method.clone(),
                    path,
                    header("dd-api-key"),
                    header("x-datadog-evp-subdomain"),
                    header("content-type"),
                )
            })
            .collect();
        let fact = |path: &str, subdomain: &str| {
            let (prefix, key, subdomain) =
                if agentless { ("", Some("test-key"), None) } else { ("/evp_proxy/v2", None, Some(subdomain)) };
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let json = Some("application/json".to_owned());
            ("POST".to_owned(), format!("{prefix}{path}"), owned(key), owned(subdomain), json)
        };
        let evaluations = fact("/api/intake/llm-obs/v2/eval-metric", "api");
        // Each has a lane of its own, so they come in any order.
        let spans = fact("/api/v2/llmobs", "llmobs-intake");
        let count = |fact| facts.iter().filter(|other| **other == fact).count();
        assert_eq!((facts.len(), count(evaluations), count(spans)), (3, 2, 1));
        let bodies = requests.iter().filter(|one| one.path.contains("eval-metric")).map(|one| one.json().unwrap());
        let bodies: Vec<_> = bodies.collect();
        assert!(bodies.iter().all(|body| body["data"]["type"] == "evaluation_metric"));
        let metric = |body: &Value| body["data"]["attributes"]["metrics"][0].clone();
        assert_eq!(bodies.iter().map(metric).collect::<Vec<_>>(), receiver.evaluations());
        let mut kinds: Vec<_> = receiver.evaluations().iter().map(|one| one["event_kind"].to_string()).collect();
        kinds.sort();
        assert_eq!(kinds, ["\"evaluation\"", "\"feedback\""]);
    }
}

#[test]
fn after_the_shutdown_and_in_a_full_queue_they_are_refused_and_counted() {
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()).queue_max_bytes(4_000));
    let handle = pipeline.guard.handle();
    let submit = || handle.submit_evaluation(score().span(context()));
    let large = Evaluation::categorical("l", "x".repeat(5_000)).span(context());
    assert_eq!(
        (submit(), handle.submit_evaluation(large), submit()),
        (Ok(()), Err(EvaluationError::QueueFull), Ok(()))
    );
    assert_eq!(handle.stats().lost(LossReason::QueueBytes), 1);
    // One was refused.
    assert!(pipeline.guard.shutdown(SOON).is_err());
    assert_eq!(kind(submit()), "closed");
    let feedback = Feedback::text("l", "t").session_id("s").submitter("u");
    assert_eq!(handle.submit_feedback(feedback), Err(EvaluationError::Closed));
    let stats = handle.stats();
    assert_eq!((stats.offered, stats.delivered, stats.lost(LossReason::Closed)), (5, 2, 2), "{stats:?}");
    assert!(stats.is_balanced() && receiver.evaluations().len() == 2, "{stats:?}");
}

#[test]
fn they_are_repeated_split_and_lost_like_spans() {
    for (answers, size, delivered, lost) in [
        (vec![503, 429], 10, 4, None),
        (vec![413], 10, 4, None),
        (vec![413, 413], 10, 4, None),
        (vec![400], 10, 4, None),
        (vec![405], 10, 0, Some((LossReason::Rejected, 4))),
        (vec![403], 10, 4, None),
        (vec![500, 500, 500], 10, 4, None),
        (vec![], 2_000, 0, Some((LossReason::TooLarge, 4))),
    ] {
        let receiver = receiver();
        let fast = |status| Answer::status(status).header("x-ratelimit-reset", "0.01");
        receiver.answer_next(answers.iter().map(|status| fast(*status)));
        let pipeline = Pipeline::start(to(receiver.url()).max_event_bytes(1_000));
        let handle = pipeline.guard.handle();
        for _ in 0..4 {
            handle.submit_evaluation(Evaluation::categorical("l", "x".repeat(size)).span(context())).unwrap();
        }
        let _ = pipeline.guard.flush(SOON);
        let stats = handle.stats();
        assert!(stats.is_balanced() && stats.delivered == delivered, "{answers:?} {stats:?}");
        assert_eq!(receiver.evaluations().len() as u64, delivered, "{answers:?}");
        if let Some((reason, count)) = lost {
            assert_eq!(stats.lost(reason), count, "{answers:?} {stats:?}");
        }
    }
}

/// A flush is over when as many items are settled as had been accepted; items of the other kind that came later must not
/// be among them. Both are sent in many batches here, with the other one always waiting.
#[test]
fn a_flush_covers_both_kinds_whichever_fills_its_batches() {
    for (spans, evaluations, bytes) in [(200_usize, 1_usize, 10), (1, 200, 500), (200, 200, 500), (3, 200, 2_000)] {
        let receiver = receiver();
        // Answers take a moment, so that a flush which is answered too early is seen.
        receiver.answer_next((0..2_000).map(|_| Answer::status(202).delay(Duration::from_millis(1))));
        let pipeline = Pipeline::start(to(receiver.url()).max_payload_bytes(3_000));
        let handle = pipeline.guard.handle();
        let (mut sent_spans, mut sent_evaluations) = (0, 0);
        for step in 0..200 {
            if step < evaluations {
                let evaluation = Evaluation::categorical("l", "x".repeat(bytes)).span(context());
                handle.submit_evaluation(evaluation).unwrap();
                sent_evaluations += 1;
            }
            if step < spans {
                pipeline.emit(1);
                sent_spans += 1;
            }
            if step % 50 == 25 {
                let later = handle.clone();
                std::thread::scope(|scope| {
                    // What comes while the flush waits must not be taken for what it waits for.
                    scope.spawn(move || {
                        for _ in 0..20 {
                            later.submit_evaluation(Evaluation::boolean("later", true).span(context())).unwrap();
                        }
                    });
                    pipeline.guard.flush(SOON).unwrap();
                    let arrived = receiver.evaluations().iter().filter(|one| one["label"] == "l").count();
                    assert_eq!((receiver.spans().len(), arrived), (sent_spans, sent_evaluations));
                });
            }
        }
        pipeline.guard.shutdown(SOON).unwrap();
        let stats = handle.stats();
        assert!(stats.is_balanced() && stats.lost_total() == 0, "{stats:?}");
        assert_eq!(stats.delivered, (spans + evaluations + 80) as u64, "{stats:?}");
    }
}

#[test]
fn the_receivers_tree_shows_them_at_their_span() {
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()));
    tracing::dispatcher::with_default(&pipeline.dispatch, || {
        let span = info_span!("chat", llmobs.kind = "llm");
        span.evaluate(score().assessment(Assessment::Pass)).unwrap();
        let thumb = Feedback::boolean("thumb", false).span(&span.llmobs_context().unwrap()).submitter("u");
        pipeline.guard.handle().submit_feedback(thumb.timestamp(SystemTime::now())).unwrap();
    });
    pipeline.guard.flush(SOON).unwrap();
    let tree = receiver.traces()[0].to_string();
    assert!(tree.contains("faithful") && tree.contains("0.9") && tree.contains("thumb"), "{tree}");
}

#[test]
fn evaluations_of_converted_spans_say_so() {
    let own = "evaluations::evaluations_of_converted_spans_say_so";
    let Some(url) = scene() else {
        let receiver = receiver();
        run_scene_with(own, receiver.url(), &[("DD_TRACE_OTEL_ENABLED", "true")]);
        let tags: Vec<_> = receiver.evaluations().iter().map(|one| one["tags"][2].clone()).collect();
        assert_eq!(tags, [json!("source:otel"), json!("source:mine"), Value::Null], "feedback needs no conversion");
        return;
    };
    let builder = tracing_llmobs::builder().ml_app("a").agentless(true).api_key("test-key");
    let pipeline = Pipeline::start(builder.override_origin(url));
    let handle = pipeline.guard.handle();
    handle.submit_evaluation(score().span(context())).unwrap();
    handle.submit_evaluation(score().span(context()).tag("source", "mine")).unwrap();
    handle.submit_feedback(Feedback::text("l", "t").session_id("s").submitter("u")).unwrap();
    pipeline.guard.shutdown(SOON).unwrap();
}

#[test]
fn a_flush_waits_for_the_one_item_of_a_kind_while_the_other_kind_pours_in() {
    for evaluation_is_alone in [true, false] {
        let receiver = receiver();
        receiver.answer_next((0..100_000).map(|_| Answer::status(202).delay(Duration::from_millis(1))));
        let pipeline = Pipeline::start(to(receiver.url()).max_payload_bytes(3_000).queue_max_items(20_000));
        let handle = pipeline.guard.handle();
        // What pours in must not mind that the queue is full now and then.
        let evaluate = || drop(handle.submit_evaluation(Evaluation::categorical("l", "x".repeat(900)).span(context())));
        let (mut alone, mut pour): (Box<dyn FnMut()>, Box<dyn FnMut() + Send>) = (
            if evaluation_is_alone { Box::new(evaluate) } else { Box::new(|| pipeline.emit(1)) },
            if evaluation_is_alone { Box::new(|| pipeline.emit(1)) } else { Box::new(evaluate) },
        );
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            (0..500).for_each(|_| pour());
            alone();
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    pour();
                }
            });
            let flushed = pipeline.guard.flush(SOON);
            is_over.store(true, Ordering::Relaxed);
            assert!(!matches!(flushed, Err(FlushError::TimedOut { .. })), "{flushed:?}");
        });
        drop((alone, pour));
        let arrived = if evaluation_is_alone { receiver.evaluations().len() } else { receiver.spans().len() };
        assert_eq!(arrived, 1, "an evaluation among spans: {evaluation_is_alone}");
        // What is left is of no interest.
        let _ = pipeline.guard.shutdown(Duration::ZERO);
        assert!(handle.stats().is_balanced());
    }
}
