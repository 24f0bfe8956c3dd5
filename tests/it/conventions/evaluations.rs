//! Evaluations in the words of other crates: events, spans of their own, fields.

use serde_json::Value;
use tracing::field::Empty;
use tracing::{Level, event, info_span};
use tracing_llmobs::testing::Recorder;
use tracing_llmobs::{LlmObsSpanExt, Problem, SpanEvent, SpanKind};

use super::programs::run;

fn shown(evaluation: &Value) -> [String; 3] {
    ["label", "metric_type", "join_on"].map(|member| evaluation[member].to_string())
}

#[test]
fn an_evaluation_is_about_the_span_around_it_however_it_is_told() {
    let mut span_id = String::new();
    let recorder = run(|| {
        let chat = info_span!("chat", gen_ai.operation.name = "chat", gen_ai.response.id = "r1");
        span_id = chat.llmobs_context().unwrap().span_id.to_string();
        let _inside = chat.enter();
        event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = "In an Event", gen_ai.evaluation.score.value = 4);
        let told = info_span!("evaluation", gen_ai.evaluation.name = "a span", gen_ai.evaluation.score.label = "good");
        // What starts inside is below the span that is evaluated.
        told.in_scope(|| drop(info_span!("judge", llmobs.kind = "task")));
        drop(told);
        let about_itself = info_span!(
            "step",
            openinference.span.kind = "CHAIN",
            "annotations.0.annotation.name" = "itself",
            "annotations.0.annotation.score" = 1
        );
        drop(about_itself);
    });
    assert_eq!(recorder.tree(), "llm chat\n  task judge\n  workflow step\n");
    let evaluations = recorder.evaluations();
    let labels: Vec<_> = evaluations.iter().map(|one| one["label"].as_str().unwrap().to_owned()).collect();
    assert_eq!(labels, ["In_an_Event", "a_span", "itself"]);
    for evaluation in &evaluations[..2] {
        assert_eq!(evaluation["join_on"]["span"]["span_id"], span_id, "{:?}", shown(evaluation));
    }
    assert_eq!(evaluations[2]["join_on"]["span"]["span_id"], recorder.span("step").span_id.to_string());
    assert_eq!(recorder.handle().stats().offered, 6);
}

#[test]
fn without_a_span_the_response_says_what_an_evaluation_is_about() {
    let recorder = run(|| {
        event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = "e", gen_ai.evaluation.score.value = 1, gen_ai.response.id = "r9");
        drop(info_span!(
            "evaluation",
            gen_ai.evaluation.name = "s",
            gen_ai.evaluation.score.value = 1,
            gen_ai.response.id = "r9"
        ));
        event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = "about nothing", gen_ai.evaluation.score.value = 1);
    });
    let evaluations = recorder.evaluations();
    assert_eq!(evaluations.len(), 2, "{evaluations:?}");
    for evaluation in &evaluations {
        assert_eq!(evaluation["join_on"]["tag"], serde_json::json!({"key": "response.id", "value": "r9"}));
    }
    assert_eq!(recorder.handle().stats().problems(Problem::Evaluation), 1);
    assert_eq!(recorder.tree(), "");
}

/// The spans that the evaluations are about, one for each.
fn judged(recorder: &Recorder) -> Vec<SpanEvent> {
    let spans = recorder.spans();
    let of = |id: &str| spans.iter().find(|span| span.span_id.to_string() == id).unwrap().clone();
    recorder.evaluations().iter().map(|one| of(one["join_on"]["span"]["span_id"].as_str().unwrap())).collect()
}

#[test]
fn an_evaluation_that_names_a_response_is_about_the_span_that_told_of_it() {
    let recorder = run(|| {
        let agent = info_span!("agent", llmobs.kind = "agent");
        let _agent = agent.enter();
        // A framework repeats the response of the call inside.
        let outer = info_span!("outer", openinference.span.kind = "LLM", gen_ai.response.id = Empty);
        outer.in_scope(|| {
            let chat = info_span!("chat", gen_ai.operation.name = "chat", gen_ai.response.id = Empty);
            chat.record("gen_ai.response.id", "r1");
            drop(info_span!("again", gen_ai.operation.name = "chat", gen_ai.response.id = "r2"));
        });
        outer.record("gen_ai.response.id", "r1");
        drop(outer);
        drop(info_span!("later", gen_ai.operation.name = "chat", gen_ai.response.id = "r2"));
        let judge = info_span!("judge", gen_ai.operation.name = "chat", gen_ai.response.id = "r3");
        let _judge = judge.enter();
        for response in ["r1", "r2", "r3", "nobody's"] {
            event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = response, gen_ai.evaluation.score.value = 1, gen_ai.response.id = response);
        }
        drop(info_span!(
            "e",
            gen_ai.evaluation.name = "span",
            gen_ai.evaluation.score.value = 1,
            gen_ai.response.id = "r1"
        ));
    });
    let names: Vec<_> = judged(&recorder).into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["chat", "later", "judge", "judge", "chat"]);
}

#[test]
fn an_agent_that_repeats_the_response_of_its_call_does_not_take_it_over() {
    let recorder = run(|| {
        for (response, is_early) in [("r1", true), ("r2", false)] {
            let agent = info_span!("agent", gen_ai.operation.name = "invoke_agent", gen_ai.response.id = Empty);
            if is_early {
                agent.record("gen_ai.response.id", response);
            }
            agent.in_scope(|| {
                drop(info_span!("chat", gen_ai.operation.name = "chat", gen_ai.response.id = response));
            });
            agent.record("gen_ai.response.id", response);
            drop(agent);
            event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = "e", gen_ai.evaluation.score.value = 1, gen_ai.response.id = response);
        }
        // One that says it alone is the one.
        drop(info_span!("alone", gen_ai.operation.name = "invoke_agent", gen_ai.response.id = "r3"));
        event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = "e", gen_ai.evaluation.score.value = 1, gen_ai.response.id = "r3");
    });
    let kinds: Vec<_> = judged(&recorder).into_iter().map(|span| span.kind).collect();
    assert_eq!(kinds, [SpanKind::Llm, SpanKind::Llm, SpanKind::Agent]);
}

#[test]
fn an_evaluation_of_a_response_that_is_left_alone_or_kept_back_says_no_more_than_it() {
    use tracing_llmobs::{Builder, CapturePolicy};

    let settings = Builder::without_environment().ml_app("test-app").capture_policy(SpanKind::Llm, CapturePolicy::None);
    let recorder = super::programs::run_with(settings, || {
        drop(info_span!(
            "quiet",
            gen_ai.operation.name = "chat",
            gen_ai.response.id = "off",
            dd_llmobs_enabled = false
        ));
        let late =
            info_span!("late", gen_ai.operation.name = "chat", gen_ai.response.id = "late", dd_llmobs_enabled = Empty);
        late.record("dd_llmobs_enabled", false);
        drop(late);
        drop(info_span!("chat", gen_ai.operation.name = "chat", gen_ai.response.id = "r1"));
        info_span!("ours", llmobs.kind = "task").in_scope(|| {
            for response in ["off", "late", "r1"] {
                event!(name: "gen_ai.evaluation.result", Level::INFO, gen_ai.evaluation.name = response, gen_ai.evaluation.score.value = 1, gen_ai.evaluation.explanation = "canary", gen_ai.response.id = response);
            }
        });
    });
    let evaluations = recorder.evaluations();
    let labels: Vec<_> = evaluations.iter().map(|one| one["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["r1"]);
    assert!(!format!("{evaluations:?}").contains("canary"));
}
