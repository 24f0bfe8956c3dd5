//! Wrong settings are named at start, and nothing is left running.

use std::error::Error as _;
use std::time::Duration;

use tracing::Level;
use tracing_llmobs::{Builder, ConfigError};
use tracing_subscriber::Registry;
use tracing_subscriber::prelude::*;

use crate::harness::{CollectedLog, NEVER, SOON, in_own_process, receiver, run_scene_with, scene};
#[cfg(target_os = "linux")]
use crate::harness::{exporter_threads, open_files, until};

/// Compares an error with the expected one.
type Is = fn(&ConfigError) -> bool;

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_work_is_a_typed_error_that_names_the_setting_and_leaves_nothing_behind() {
    if !in_own_process(
        "configuration::what_cannot_work_is_a_typed_error_that_names_the_setting_and_leaves_nothing_behind",
    ) {
        return;
    }
    let fresh = || Builder::without_environment().ml_app("configuration");
    let keyed = || fresh().api_key("test-key");
    let cleartext: Is = |error| matches!(error, ConfigError::Cleartext { .. });
    let url: Is = |error| matches!(error, ConfigError::Url { .. });
    let table: Vec<(Builder, Is, &str)> = vec![
        (fresh().agentless(true), |error| matches!(error, ConfigError::MissingApiKey { .. }), "DD_API_KEY"),
        (
            fresh().agentless(true).api_key(" "),
            |error| matches!(error, ConfigError::MissingApiKey { .. }),
            "DD_API_KEY",
        ),
        (fresh().api_key("kéy"), |error| matches!(error, ConfigError::ApiKey { .. }), "api_key"),
        (keyed().site("evil.example"), |error| matches!(error, ConfigError::Site { .. }), "site"),
        (keyed().site("datadoghq.com@evil.example"), |error| matches!(error, ConfigError::Site { .. }), "site"),
        (keyed().agent_url("localhost:8126"), url, "agent_url"),
        (keyed().agent_url("http://user:canary@localhost"), url, "agent_url"),
        (keyed().override_origin("ftp://localhost"), url, "override_origin"),
        (keyed().agent_url("canary-pasted-key"), url, "agent_url"),
        (keyed().agent_url("canary://localhost"), url, "agent_url"),
        (keyed().agent_url("http://datadog-agent:8126"), cleartext, "agent_url"),
        (keyed().agentless(false).agent_url("http://10.0.0.1:8126"), cleartext, "agent_url"),
        (keyed().override_origin("http://gateway.example"), cleartext, "override_origin"),
        (keyed().agentless(true).override_origin("http://10.0.0.1:80/x"), cleartext, "override_origin"),
        (fresh().ml_app("No Good"), |error| matches!(error, ConfigError::MlApp { .. }), "ml_app"),
    ];
    let before = open_files().len();
    for (builder, is_expected, name) in table {
        let error = builder.start::<Registry>().unwrap_err();
        assert!(is_expected(&error), "{name}: {error:?}");
        assert!(error.to_string().contains(name), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        assert!(error.source().is_none(), "{error:?}");
        assert_eq!((exporter_threads(), open_files().len()), (0, before), "{name}");
    }
}

#[test]
fn the_environment_is_read_at_start_and_a_bad_variable_is_named() {
    // A process has one environment, so each row is a process.
    for (variables, name) in [
        (&[("DD_LLMOBS_AGENTLESS_ENABLED", "1")][..], "DD_API_KEY"),
        (&[("DD_SITE", "evil.example")], "DD_SITE"),
        (&[("DD_TRACE_AGENT_URL", "nonsense")], "DD_TRACE_AGENT_URL"),
        (&[("DD_AGENT_HOST", "a b")], "DD_AGENT_HOST"),
        (&[("DD_TRACE_AGENT_PORT", "70000")], "DD_TRACE_AGENT_PORT"),
        (
            &[("DD_LLMOBS_OVERRIDE_ORIGIN", "http://gateway.example"), ("DD_API_KEY", "test-key")],
            "DD_LLMOBS_OVERRIDE_ORIGIN",
        ),
    ] {
        let said = run_scene_with("configuration::child_starts_with_its_environment", "start", variables);
        assert!(said.contains(&format!("start says: {name} ")), "{variables:?}: {said}");
        assert!(!said.contains("test-key"), "{said}");
    }
}

/// A row of the test above.
#[test]
fn child_starts_with_its_environment() {
    if scene().is_none() {
        return;
    }
    let error = tracing_llmobs::builder().start::<Registry>().unwrap_err();
    eprintln!("start says: {error}");
    #[cfg(target_os = "linux")]
    assert_eq!(exporter_threads(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn bad_numbers_are_replaced_and_said_once_to_a_subscriber_that_comes_later() {
    if !in_own_process("configuration::bad_numbers_are_replaced_and_said_once_to_a_subscriber_that_comes_later") {
        return;
    }
    let receiver = receiver();
    let builder = Builder::without_environment().agentless(true).api_key("test-key").override_origin(receiver.url());
    let builder =
        builder.ml_app("configuration").sample_rate(f64::NAN).queue_max_items(0).request_timeout(Duration::ZERO);
    let (layer, guard) = builder.flush_interval(NEVER * 2).start().unwrap();
    // The worker is up, and whatever it says now is said to nobody.
    until("the worker runs", || exporter_threads() == 1);
    guard.flush(Duration::ZERO).unwrap();
    let collected = CollectedLog::default();
    tracing_subscriber::registry().with(layer).with(collected.clone()).init();
    for _ in 0..3 {
        drop(tracing::info_span!("step", llmobs.kind = "task"));
        guard.flush(SOON).unwrap();
    }
    assert_eq!(receiver.spans().len(), 3, "the defaults hold");
    guard.shutdown(SOON).unwrap();
    let said = collected.ours(Level::WARN);
    for name in ["sample_rate", "queue_max_items", "request_timeout", "flush_interval"] {
        assert_eq!(said.iter().filter(|said| said.text.contains(name)).count(), 1, "{name}: {said:#?}");
    }
}

#[test]
fn tags_of_the_code_are_above_settings_and_identity_may_be_a_number() {
    let (layer, recorder) = tracing_llmobs::testing::recorder_of::<Registry>(
        Builder::without_environment().env("prod").service("svc").tag("env", "code").tag("team", "a"),
    )
    .unwrap();
    tracing::subscriber::with_default(
        tracing_subscriber::layer::SubscriberExt::with(tracing_subscriber::registry(), layer),
        || {
            tracing::info_span!("t", llmobs.kind = "task", llmobs.session_id = 42_u64, llmobs.ml_app = 7_u64)
                .in_scope(|| {});
        },
    );
    let span = recorder.span("t");
    let tag = |key| span.tags.get(key);
    assert_eq!((tag("env"), tag("service"), tag("team")), (Some("code"), Some("svc"), Some("a")));
    assert_eq!((tag("session_id"), tag("ml_app"), span.session_id.as_deref()), (Some("42"), Some("7"), Some("42")));
}
