//! Warnings reach stderr if no layer of the process listens to them: a wrong address does not go unnoticed.

use tracing_llmobs::Builder;
use tracing_subscriber::prelude::*;

use crate::harness::{run_scene_with, scene};

const ACTOR: &str = "last_resort::child_sends_a_span_to_an_address_where_nobody_listens";
/// The beginning of each line.
const OURS: &str = "tracing-llmobs: ";

/// Returns the lines of ours on stdout and stderr.
fn lines(scene: &str, rule: &str) -> Vec<String> {
    let environment = [
        ("DD_TRACE_AGENT_URL", "http://127.0.0.1:1"),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "false"),
        ("DD_LLMOBS_SAMPLERATE", "0.5"),
        ("DD_LLMOBS_ML_APP", "last-resort"),
        ("DD_LLMOBS_STDERR", rule),
    ];
    let output = run_scene_with(ACTOR, scene, &environment);
    assert!(!output.contains("canary"), "{output}");
    output.lines().filter(|line| line.starts_with(OURS)).map(str::to_owned).collect()
}

#[test]
fn a_failure_is_printed_if_no_layer_listens_and_only_then() {
    for scene in ["alone", "filtered"] {
        let lines = lines(scene, "");
        let has = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
        assert_eq!(has("did you mean DD_LLMOBS_SAMPLE_RATE?"), 1, "{lines:#?}");
        assert_eq!(has("1 batches (1 spans) stay queued"), 1, "{lines:#?}");
        assert_eq!(has("0 were delivered"), 1, "{lines:#?}");
        assert!(lines.len() < 6, "{lines:#?}");
    }
    assert_eq!(lines("heard", ""), [""; 0]);
}

#[test]
fn the_switch_turns_the_lines_off_or_on_always() {
    assert_eq!(lines("alone", "never"), [""; 0]);
    assert!(lines("heard", "always").len() >= 3, "a layer may listen and show nothing");
}

/// A scene of the tests above.
#[test]
fn child_sends_a_span_to_an_address_where_nobody_listens() {
    let Some(scene) = scene() else { return };
    let (layer, guard) = Builder::from_env().unwrap().start().unwrap();
    let registry = tracing_subscriber::registry().with(layer);
    let fmt = tracing_subscriber::fmt::layer().without_time();
    match scene.as_str() {
        "heard" => registry.with(fmt).init(),
        "filtered" => registry.with(fmt.with_filter(tracing_subscriber::EnvFilter::new("my_crate=info"))).init(),
        _ => registry.init(),
    }
    drop(tracing::info_span!("step", llmobs.kind = "task", llmobs.input = "canary"));
    drop(guard);
}
