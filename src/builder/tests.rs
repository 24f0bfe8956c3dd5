//! Tests of what the builder's methods and the environment lead to.

use std::time::Duration;

use super::*;
use crate::config::{Config, Mode, Settings};

/// A builder that looks at no environment but this.
fn with(environment: &'static [(&str, &str)]) -> Builder {
    let read = |name: &str| environment.iter().find(|(own, _)| *own == name).map(|(_, value)| value.into());
    Builder { environment: Some(Config::from_env(&read)), ..builder() }
}

#[test]
fn code_beats_environment() {
    let environment = &[
        ("DD_LLMOBS_ENABLED", "false"),
        ("DD_LLMOBS_ML_APP", "NOT GOOD"),
        ("DD_SERVICE", "other"),
        ("DD_ENV", "other"),
        ("DD_VERSION", "other"),
        ("DD_TAGS", "team:other"),
        ("DD_SITE", "evil.com"),
        ("DD_API_KEY", "ключ"),
        ("DD_LLMOBS_AGENTLESS_ENABLED", "false"),
        ("DD_TRACE_AGENT_URL", "no"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", "no"),
        ("DD_LLMOBS_SAMPLE_RATE", "no"),
        ("DD_LLMOBS_EVENT_SIZE_BYTES", "no"),
        ("DD_LLMOBS_PAYLOAD_SIZE_BYTES", "no"),
        ("_DD_LLMOBS_WRITER_INTERVAL", "no"),
        ("_DD_LLMOBS_WRITER_TIMEOUT", "no"),
        ("DD_TRACE_AGENT_TIMEOUT_SECONDS", "no"),
        ("DD_LLMOBS_QUEUE_MAX_ITEMS", "no"),
        ("DD_LLMOBS_QUEUE_MAX_BYTES", "no"),
        ("DD_LLMOBS_OPEN_SPANS_MAX_BYTES", "no"),
        ("DD_LLMOBS_SHUTDOWN_TIMEOUT_SECONDS", "no"),
        ("DD_LLMOBS_CAPTURE_INSTRUMENT", "perhaps"),
    ];
    let names = with(environment).enabled(true).ml_app("app").service("svc").env("e").version("v").tag("team", "a");
    let ways = names.site("datadoghq.eu").api_key("test-key").agentless(true).agent_url("http://a:1");
    let sizes = ways.override_origin("http://[::1]:2").sample_rate(0.5).max_event_bytes(2_000);
    let second = Duration::from_secs(1);
    let times = sizes.max_payload_bytes(3_000).flush_interval(second * 2).request_timeout(second * 3);
    let limits = times.info_timeout(second * 4).queue_max_items(5).queue_max_bytes(6).open_spans_max_bytes(7);
    let settings = limits.shutdown_timeout(second * 8).capture_instrument(false).settings().unwrap();
    assert!(settings.warnings.is_empty(), "what is not used is not warned about: {:?}", settings.warnings);
    assert!(settings.enabled && !settings.capture_instrument && settings.mode == Mode::Agentless);
    let texts = [&settings.ml_app, &settings.service, &settings.env, &settings.version];
    assert_eq!(texts, ["app", "svc", "e", "v"]);
    assert_eq!(settings.code_tags.get("team"), Some("a"));
    let address = settings.override_origin.unwrap().to_string();
    let places = [settings.site.as_str(), &settings.agent.to_string(), &address].map(str::to_owned);
    assert_eq!(places, ["datadoghq.eu", "http://a:1", "http://[::1]:2"]);
    assert_eq!(
        (settings.tuning.sample_rate, settings.tuning.max_event_bytes, settings.tuning.max_payload_bytes),
        (0.5, 2_000, 3_000)
    );
    assert_eq!((settings.tuning.queue_max_items, settings.tuning.queue_max_bytes), (5, 6));
    assert_eq!((settings.tuning.open_spans_max_bytes, settings.tuning.shutdown_timeout), (7, second * 8));
    let times = [settings.tuning.flush_interval, settings.tuning.request_timeout, settings.tuning.info_timeout];
    assert_eq!(times, [second * 2, second * 3, second * 4]);
}

#[test]
fn blank_in_code_is_unset() {
    let environment = &[("DD_LLMOBS_ML_APP", "app"), ("DD_SITE", "datadoghq.eu"), ("DD_API_KEY", "test-key")];
    let blank = with(environment).ml_app(" ").service("").site("").api_key("\n").agent_url("").override_origin(" ");
    let settings = blank.agentless(true).settings().unwrap();
    assert_eq!((settings.ml_app.as_str(), settings.site.as_str()), ("app", "datadoghq.eu"));
    assert!(settings.api_key.is_some() && settings.override_origin.is_none());
}

#[test]
#[expect(clippy::large_stack_arrays, reason = "a table of builders")]
fn an_error_names_the_method() {
    let table = [
        (with(&[]).ml_app("a__b"), "ml_app"),
        (with(&[]).site("evil.com"), "site"),
        (with(&[]).api_key("ключ"), "api_key"),
        (with(&[]).agent_url("a"), "agent_url"),
        (with(&[]).override_origin("a"), "override_origin"),
        (with(&[]).override_origin("http://gw").api_key("test-key"), "override_origin"),
    ];
    for (builder, method) in table {
        let error = builder.settings().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{method} is ")), "{error}");
    }
}

#[test]
fn numbers_out_of_range_are_replaced_and_warned_about() {
    let builder = with(&[]).sample_rate(f64::NAN).max_event_bytes(0).max_payload_bytes(usize::MAX);
    let builder = builder.flush_interval(Duration::ZERO).request_timeout(Duration::MAX).info_timeout(Duration::ZERO);
    let builder = builder.queue_max_items(0).queue_max_bytes(0).open_spans_max_bytes(usize::MAX);
    let settings = builder.shutdown_timeout(Duration::MAX).tag(" ", "x").settings().unwrap();
    assert_eq!(settings.warnings.len(), 11, "{:?}", settings.warnings);
    let fresh = with(&[]).settings().unwrap();
    let warnings = Vec::new();
    assert_eq!(format!("{:?}", Settings { warnings, ..settings }), format!("{fresh:?}"));
}

#[test]
fn neither_builder_nor_settings_show_a_secret() {
    let builder =
        with(&[]).api_key("test-key").agent_url("http://user:test-key@h").override_origin("http://h?test-key");
    assert!(!format!("{builder:?} {builder:#?}").contains("test-key"));
    assert!(!format!("{:?}", builder.clone().settings()).contains("test-key"));
    let settings = with(&[("DD_API_KEY", "test-key")]).settings().unwrap();
    assert!(settings.api_key.is_some() && !format!("{settings:?}").contains("test-key"));
}
