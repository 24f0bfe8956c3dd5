//! Mistakes that would lose spans without a word: each is printed once, with its place and with what to do.
//!
//! Each scene is a process of its own, of which stderr and exit code are looked at.

use tracing_llmobs::{Annotation, Builder, Evaluation, Guard, LlmObsSpanExt};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::prelude::*;

use crate::harness::{receiver, run_scene_with, scene, until};

const ACTOR: &str = "never_silent::child_makes_a_mistake";
/// The beginning of each line on stderr.
const OURS: &str = "tracing-llmobs: ";

/// Runs a scene to its end and returns the lines of ours on stderr.
fn lines(scene: &str) -> Vec<String> {
    lines_with(scene, &[])
}

fn lines_with(scene: &str, environment: &[(&str, &str)]) -> Vec<String> {
    let output = run_scene_with(ACTOR, scene, environment);
    assert!(!output.contains("canary"), "{output}");
    output.lines().filter(|line| line.starts_with(OURS)).map(str::to_owned).collect()
}

#[track_caller]
fn only(lines: &[String], words: &[&str]) {
    let found = lines.iter().filter(|line| words.iter().all(|word| line.contains(word))).count();
    assert_eq!(found, 1, "{words:?}: {lines:#?}");
}

#[test]
fn a_program_without_a_mistake_prints_nothing() {
    for scene in ["right", "right with events", "right with filtered fmt", "disabled"] {
        assert_eq!(lines(scene), [""; 0], "{scene}");
    }
}

#[test]
fn a_misspelled_field_is_named_once_with_its_place_and_the_nearest_name() {
    let lines = lines("typos");
    let place = "never_silent.rs:";
    for (typo, meant) in [
        ("llmobs.model_nme", "llmobs.model_name"),
        ("llmobs.inputs", "llmobs.input"),
        ("llmobs.metric.input_tokens", "llmobs.metrics.input_tokens"),
        ("llmobs.tag.team", "llmobs.tags.team"),
        ("llmobs.session", "llmobs.session_id"),
        ("llmobs.kid", "llmobs.kind"),
        ("llmobs.outptu", "llmobs.output"),
        ("llm_obs.kind", "llmobs.kind"),
    ] {
        only(&lines, &[place, &format!("the field {typo}, "), &format!("did you mean {meant}?")]);
    }
    assert_eq!(lines.len(), 4, "one line for each callsite: {lines:#?}");
}

#[test]
fn a_kind_that_does_not_exist_is_named_with_its_place() {
    let lines = lines("kind");
    only(&lines, &["never_silent.rs:", r#"llmobs.kind = "LLM""#, "did you mean llm?"]);
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[test]
fn a_guard_that_is_dropped_at_once_is_explained() {
    only(&lines("guard in an underscore"), &["before the layer was installed", "let (layer, guard)", "end of main"]);
    only(&lines("guard in a function"), &["before the first LLM span", "let (layer, guard)"]);
}

#[test]
fn a_level_of_the_process_that_hides_spans_is_named_with_that_of_the_layer() {
    for scene in ["level outside", "level inside"] {
        let lines = lines(scene);
        only(&lines, &["more verbose than ERROR of the target it", "the layer captures INFO", "with_filter("]);
        assert_eq!(lines.len(), 1, "{scene}: {lines:#?}");
    }
}

#[test]
fn a_filter_in_front_of_the_layer_that_hides_a_span_is_explained() {
    let output = run_scene_with(ACTOR, "filter inside", &[]);
    let logged: Vec<_> = output.lines().map(str::to_owned).collect();
    only(&logged, &["never_silent.rs:", r#"the span "step""#, "a filter in front of the layer", "with_filter("]);
    #[cfg(feature = "observe")]
    only(&lines("filter outside"), &["the target tracing_llmobs", "tracing_llmobs=info"]);
}

#[test]
fn an_annotation_of_a_disabled_span_is_explained_once() {
    let lines = lines("below the level");
    only(
        &lines,
        &["never_silent.rs:", "is annotated or evaluated here is disabled", "captures INFO", "Builder::max_level"],
    );
    assert_eq!(lines.len(), 1, "{lines:#?}");
}

#[test]
fn the_route_is_one_line_at_info() {
    let output = run_scene_with(ACTOR, "route", &[]);
    let lines: Vec<_> = output.lines().filter(|line| line.contains("LLM spans of")).collect();
    assert_eq!(lines.len(), 1, "{output}");
    assert!(lines[0].contains("INFO") && lines[0].contains("quiet-app"), "{lines:?}");
    assert!(lines[0].contains("the intake at http://127.0.0.1:"), "{lines:?}");
}

#[test]
fn a_failure_names_address_status_backlog_and_next_attempt_and_no_key_that_the_process_does_not_have() {
    let refused = lines("refused by the agent");
    only(
        &refused,
        &["the Datadog Agent at http://127.0.0.1:", "status 403", "1 batches (1 spans) stay queued", "next probe in"],
    );
    assert!(!refused.concat().contains("DD_API_KEY"), "{refused:#?}");
    only(&lines("refused by the intake"), &["the intake at http://127.0.0.1:", "status 403", "Check DD_API_KEY"]);
    let lines = lines_with("unreachable", &[("DD_TRACE_AGENT_URL", "http://127.0.0.1:1")]);
    only(&lines, &["http://127.0.0.1:1", "no connection", "stay queued; next attempt in"]);
}

/// A scene of the tests above.
#[test]
fn child_makes_a_mistake() {
    let Some(scene) = scene() else { return };
    let intake = receiver();
    let builder = Builder::from_env().unwrap().ml_app("quiet-app").override_origin(intake.url());
    let builder = builder.agentless(true).api_key("canary-key");
    match scene.as_str() {
        "unreachable" => return fail(Builder::from_env().unwrap().agentless(false)),
        "refused by the agent" | "refused by the intake" => {
            intake.answer_next((0..50).map(|_| llmobs_receiver::Answer::status(403)));
            return fail(builder.agentless(scene == "refused by the intake"));
        }
        "disabled" => return drop(start(builder.enabled(false), "")),
        "guard in an underscore" => {
            let (layer, _) = builder.start().unwrap();
            tracing_subscriber::registry().with(layer).init();
            return step();
        }
        "guard in a function" => {
            drop(start(builder, ""));
            let _step = tracing::info_span!("step", llmobs.kind = "task").entered();
            return std::thread::sleep(std::time::Duration::from_millis(500));
        }
        _ => {}
    }
    let guard = start(builder, &scene);
    match scene.as_str() {
        "typos" => typos(),
        "kind" => (0..10).for_each(|_| drop(tracing::info_span!("step", llmobs.kind = "LLM"))),
        "below the level" => below_the_level(),
        "right with events" => tracing::info_span!("step", llmobs.kind = "llm", line = 1, level = 2).in_scope(|| {
            tracing::info!(llmobs.output = "canary", letter = 1, llm.model_name = "other");
            tracing::info!(llmobs.eval.label = "good", llmobs.eval.score = 1.0);
        }),
        _ => step(),
    }
    drop(guard);
}

/// Installs a subscriber with the layer in it, whose type depends on what is below.
macro_rules! install {
    ($builder:expr, |$layer:ident| $subscriber:expr) => {{
        let ($layer, guard) = $builder.start().unwrap();
        $subscriber.init();
        guard
    }};
}

fn start(builder: Builder, scene: &str) -> Guard {
    use tracing_subscriber::registry;
    let fmt = || tracing_subscriber::fmt::layer().without_time().with_ansi(false);
    let filter = EnvFilter::new;
    match scene {
        "level outside" => install!(builder, |layer| registry().with(layer).with(filter("error"))),
        "level inside" => install!(builder, |layer| registry().with(filter("error")).with(layer)),
        "filter inside" => {
            let filter = filter("it=info,it::never_silent=warn,tracing_llmobs=info");
            install!(builder, |layer| registry().with(filter).with(layer).with(tracing_subscriber::fmt::layer()))
        }
        "filter outside" => install!(builder, |layer| registry().with(layer).with(filter("it=info"))),
        "right with filtered fmt" => {
            install!(builder, |layer| registry().with(layer).with(fmt().with_filter(filter("error"))))
        }
        "route" => install!(builder, |layer| registry().with(layer).with(fmt().with_filter(filter("info")))),
        _ => install!(builder, |layer| registry().with(layer)),
    }
}

fn step() {
    drop(tracing::info_span!("step", llmobs.kind = "task", llmobs.input = "canary"));
}

/// Sends a span, and ends when a request has failed.
fn fail(builder: Builder) {
    let guard = start(builder.flush_interval(std::time::Duration::from_millis(1)), "");
    step();
    let handle = guard.handle();
    until("a request is sent", || handle.stats().requests > 0);
    let _ = guard.shutdown(std::time::Duration::from_millis(500));
}

fn typos() {
    for _ in 0..10 {
        let span = tracing::info_span!(
            "chat",
            llmobs.kind = "llm",
            llmobs.model_nme = "canary",
            llmobs.inputs = "canary",
            llmobs.metric.input_tokens = 1,
            llmobs.tag.team = "canary",
            llmobs.session = "canary"
        );
        span.in_scope(|| tracing::info!(llmobs.outptu = "canary"));
        drop(tracing::info_span!("tool", llmobs.kid = "tool"));
        drop(tracing::info_span!("task", llm_obs.kind = "task"));
    }
}

fn below_the_level() {
    for _ in 0..10 {
        let span = tracing::debug_span!("step", llmobs.kind = "task");
        assert!(!span.annotate(Annotation::new().input("canary")));
        assert!(span.evaluate(Evaluation::score("quality", 1.0)).is_err());
    }
}
