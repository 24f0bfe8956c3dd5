//! Evaluations in the words of other crates: events, spans of their own, fields.

use serde_json::Value;
use tracing::{Level, event, info_span};
use tracing_llmobs::{LlmObsSpanExt, Problem};

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
