use std::ffi::OsString;
use std::time::Duration;

use super::address::HAS_TLS;
use super::*;
use crate::error::ConfigError;

/// Resolves these variables.
fn resolve(variables: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    config(variables).resolve()
}

fn config(variables: &[(&str, &str)]) -> Config {
    Config::from_env(&|name| {
        let (_, value) = variables.iter().find(|(own, _)| *own == name)?;
        Some(OsString::from(value))
    })
}

/// The names of the settings that were warned about.
fn warned(settings: &Settings) -> Vec<String> {
    settings.warnings.iter().map(|warning| warning.to_string().split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn an_empty_environment_is_enough() {
    let settings = resolve(&[]).unwrap();
    assert!(settings.enabled && settings.capture_instrument && settings.keep_idle_connections);
    assert_eq!((settings.ml_app.as_str(), settings.service.as_str()), ("unnamed-ml-app", ""));
    assert_eq!((settings.mode, settings.site.as_str()), (Mode::Auto, "datadoghq.com"));
    assert_eq!(settings.agent.to_string(), "http://localhost:8126");
    assert_eq!((settings.tuning.max_event_bytes, settings.tuning.max_payload_bytes), (5_000_000, 5_000_000));
    assert_eq!(
        (settings.tuning.flush_interval, settings.tuning.request_timeout),
        (Duration::from_secs(1), Duration::from_secs(5))
    );
    assert_eq!(
        (settings.connect_timeout, settings.tuning.info_timeout),
        (Duration::from_secs(2), Duration::from_secs(2))
    );
    assert_eq!((settings.tuning.queue_max_items, settings.tuning.queue_max_bytes), (131_072, 128 << 20));
    assert!(settings.api_key.is_none() && settings.override_origin.is_none() && settings.tags.is_empty());
    assert!(settings.warnings.is_empty());
}

#[test]
fn the_defaults_that_the_table_tells_are_the_defaults() {
    let unset = format!("{:?}", resolve(&[]).unwrap());
    let mut checked = 0;
    for variable in VARIABLES {
        let is_value = !variable.default.contains(' ') && variable.default != "none";
        if is_value && variable.name != "DD_LLMOBS_AGENTLESS_ENABLED" {
            assert_eq!(format!("{:?}", resolve(&[(variable.name, variable.default)]).unwrap()), unset, "{variable:?}");
            checked += 1;
        }
    }
    assert!(checked >= 14, "{checked}");
}

#[test]
fn the_limits_that_the_table_tells_are_the_limits() {
    let mut checked = 0;
    for variable in VARIABLES {
        let Some((least, most)) = variable.unit.split_once(", ").and_then(|(_, range)| range.split_once(" to ")) else {
            continue;
        };
        for inside in [least, most] {
            assert_eq!(warned(&resolve(&[(variable.name, inside)]).unwrap()), [""; 0], "{variable:?}");
        }
        let beyond = format!("{most}1");
        for outside in ["-1", &beyond, "1e99", "NaN", "inf", "-inf", "12 apples", "0x10", "١"] {
            let settings = resolve(&[(variable.name, outside)]).unwrap();
            assert_eq!(warned(&settings), [variable.name], "{variable:?} {outside}");
            let without = Settings { warnings: Vec::new(), ..settings };
            assert_eq!(format!("{without:?}"), format!("{:?}", resolve(&[]).unwrap()), "{variable:?} {outside}");
        }
        checked += 1;
    }
    assert_eq!(checked, 10);
}

#[test]
fn a_warning_says_what_was_wrong_and_what_holds() {
    let table = [
        (
            "DD_LLMOBS_SAMPLE_RATE",
            "2",
            "DD_LLMOBS_SAMPLE_RATE is not within 0 to 1 (share), so the default 1 is used: \"2.0\"",
        ),
        (
            "_DD_LLMOBS_WRITER_INTERVAL",
            "soon",
            "_DD_LLMOBS_WRITER_INTERVAL is not within 0.001 to 3600 (seconds), so the default 1 is used: \"soon\"",
        ),
        ("DD_LLMOBS_ENABLED", "perhaps", "DD_LLMOBS_ENABLED is neither true nor false, so it is ignored: \"perhaps\""),
        (
            "DD_LLMOBS_CAPTURE_INSTRUMENT",
            "2",
            "DD_LLMOBS_CAPTURE_INSTRUMENT is neither true nor false, so it is ignored: \"2\"",
        ),
        ("DD_TAGS", "a:b,:c", "DD_TAGS has a tag without a key, which is ignored"),
    ];
    for (name, value, expected) in table {
        let settings = resolve(&[(name, value)]).unwrap();
        assert_eq!(settings.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
        assert!(settings.enabled && settings.capture_instrument);
    }
    let settings = resolve(&[("DD_LLMOBS_QUEUE_MAX_ITEMS", &"9".repeat(10_000))]).unwrap();
    assert!(settings.warnings[0].to_string().len() < 300, "an evidence is cut");
}

#[test]
fn blank_is_unset() {
    for variable in VARIABLES {
        for blank in ["", " ", "\t ", "\n"] {
            let settings = resolve(&[(variable.name, blank)]).unwrap();
            assert_eq!(format!("{settings:?}"), format!("{:?}", resolve(&[]).unwrap()), "{variable:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_not_utf8_panics_nowhere_and_leads_no_key_astray() {
    use std::os::unix::ffi::OsStringExt as _;
    let refused = ["DD_API_KEY", "DD_SITE", "DD_TRACE_AGENT_URL", "DD_LLMOBS_OVERRIDE_ORIGIN"];
    let parts = ["DD_TRACE_AGENT_HOSTNAME", "DD_AGENT_HOST", "DD_TRACE_AGENT_PORT", "DD_AGENT_PORT"];
    let texts = [
        "SSL_CERT_FILE",
        "DD_ENV",
        "DD_VERSION",
        "DD_TAGS",
        "AWS_LAMBDA_FUNCTION_NAME",
        "DD_LLMOBS_INSTRUMENTED_PROXY_URLS",
    ];
    for variable in VARIABLES {
        let read = |name: &str| (name == variable.name).then(|| OsString::from_vec(b"http://a\xff".to_vec()));
        match Config::from_env(&read).resolve() {
            Err(error) => {
                assert!(error.to_string().starts_with(variable.name), "{error}");
                assert!(refused.contains(&variable.name) || parts.contains(&variable.name), "{error}");
            }
            Ok(settings) if texts.contains(&variable.name) => assert!(settings.warnings.is_empty(), "{variable:?}"),
            Ok(settings) => assert_eq!(warned(&settings), [variable.name]),
        }
    }
}

#[test]
fn an_error_names_its_variable() {
    let table = [
        ("DD_API_KEY", "ключ", "ASCII"),
        ("DD_SITE", "datadog.eu", "datadog.eu"),
        ("DD_TRACE_AGENT_URL", "localhost:8126", "http://"),
        ("DD_TRACE_AGENT_HOSTNAME", "a b", "host"),
        ("DD_AGENT_HOST", "http://a", "host"),
        ("DD_TRACE_AGENT_PORT", "80a", "port"),
        ("DD_AGENT_PORT", "70000", "port"),
        ("DD_LLMOBS_OVERRIDE_ORIGIN", "ftp://a", "unix://"),
    ];
    for (name, value, word) in table {
        let error = resolve(&[(name, value)]).unwrap_err().to_string();
        assert!(error.starts_with(name) && error.contains(word), "{error}");
        assert!(config(&[(name, value)]).check().is_err(), "{name}: early too");
    }
}

#[test]
fn the_way_is_chosen_or_open() {
    let table =
        [("1", Mode::Agentless), ("TRUE", Mode::Agentless), ("no", Mode::Agent), ("0", Mode::Agent), ("", Mode::Auto)];
    for (value, expected) in table {
        let variables = [("DD_API_KEY", "test-key"), ("DD_LLMOBS_AGENTLESS_ENABLED", value)];
        assert_eq!(resolve(&variables).unwrap().mode, expected);
    }
    let missing = config(&[("DD_LLMOBS_AGENTLESS_ENABLED", "1")]);
    assert!(missing.check().is_ok(), "code may still bring the key");
    let error = missing.resolve().unwrap_err();
    assert!(matches!(error, ConfigError::MissingApiKey { setting: "DD_API_KEY", .. }), "{error}");
}

#[test]
fn switches_are_read_in_every_spelling() {
    let on = ["1", "true", "TRUE", "True", " yes ", "on"];
    let off = ["0", "false", "FALSE", "No", "off"];
    for (value, expected) in on.map(|word| (word, true)).into_iter().chain(off.map(|word| (word, false))) {
        assert_eq!(resolve(&[("DD_LLMOBS_ENABLED", value)]).unwrap().enabled, expected, "{value}");
    }
}

#[test]
fn a_key_does_not_travel_in_clear() {
    let (auto, agentless, agent) = ("", "true", "false");
    let far = "http://gateway:80";
    let table = [
        (agentless, far, "test-key", false),
        (auto, far, "test-key", false),
        (agent, far, "test-key", false),
        (auto, far, "", true),
        (agent, far, "", true),
        (agentless, "https://gateway", "test-key", true),
        (agentless, "http://localhost:1", "test-key", true),
        (auto, "http://[::1]:1/vcr", "test-key", true),
    ];
    for (mode, origin, key, is_good) in table {
        let variables =
            [("DD_LLMOBS_AGENTLESS_ENABLED", mode), ("DD_LLMOBS_OVERRIDE_ORIGIN", origin), ("DD_API_KEY", key)];
        let result = resolve(&variables);
        assert_eq!(result.is_ok(), is_good, "{variables:?}");
        if let Err(error) = result {
            assert!(matches!(error, ConfigError::Cleartext { setting: "DD_LLMOBS_OVERRIDE_ORIGIN", .. }), "{error}");
        }
    }
}

/// Variables, and the one that is warned about.
type CleartextRow<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);

#[test]
fn prompts_reach_another_machine_in_clear_only_without_a_key_and_with_one_warning() {
    let (url, name, host, origin) =
        ("DD_TRACE_AGENT_URL", "DD_TRACE_AGENT_HOSTNAME", "DD_AGENT_HOST", "DD_LLMOBS_OVERRIDE_ORIGIN");
    let table: [CleartextRow<'_>; 10] = [
        (&[(url, "http://datadog-agent:8126")], Some(url)),
        (&[(name, "agent"), (host, "localhost")], Some(name)),
        (&[(host, "10.0.0.1")], Some(host)),
        (&[(host, "fe80::1")], Some(host)),
        (&[(url, "http://localhost:1"), (origin, "http://gateway")], Some(origin)),
        (&[(url, "http://datadog-agent:8126"), (origin, "http://127.0.0.1:1")], None),
        (&[(url, "https://datadog-agent:8126")], None),
        (&[(url, "unix:///var/run/x")], None),
        (&[(host, "127.0.0.7")], None),
        (&[], None),
    ];
    for (variables, cleartext) in table {
        for mode in ["", "false"] {
            let variables = [variables, &[("DD_LLMOBS_AGENTLESS_ENABLED", mode)]].concat();
            if !HAS_TLS && variables.iter().any(|(_, value)| value.starts_with("https")) {
                continue;
            }
            let settings = resolve(&variables).unwrap();
            let expected: Vec<&str> = cleartext.into_iter().collect();
            assert_eq!(warned(&settings), expected, "{variables:?}");
            let keyed = [&variables[..], &[("DD_API_KEY", "test-key")]].concat();
            match (resolve(&keyed), cleartext) {
                (Err(ConfigError::Cleartext { setting, .. }), Some(expected)) => assert_eq!(setting, expected),
                (result, expected) => assert!(result.is_ok() && expected.is_none(), "{keyed:?}: {result:?}"),
            }
        }
    }
    let unused = [(host, "10.0.0.1"), ("DD_LLMOBS_AGENTLESS_ENABLED", "1"), ("DD_API_KEY", "test-key")];
    assert_eq!(resolve(&unused).is_ok(), HAS_TLS, "nothing is sent to the Agent");
}

#[test]
fn a_disabled_layer_is_never_refused() {
    let wrong = [("DD_SITE", "evil.com"), ("DD_API_KEY", "ключ"), ("DD_AGENT_PORT", "x")];
    for off in ["0", "false", "No", "OFF"] {
        let variables = [wrong.as_slice(), &[("DD_LLMOBS_ENABLED", off)]].concat();
        assert!(config(&variables).check().is_ok());
        let settings = resolve(&variables).unwrap();
        assert!(!settings.enabled && settings.api_key.is_none());
    }
    let code = Config { enabled: Some(Given::new("enabled", Ok(true))), ..Config::default() };
    assert!(code.over(config(&[("DD_LLMOBS_ENABLED", "false")])).resolve().unwrap().enabled, "code beats environment");
}

#[test]
fn the_agent_is_found_by_url_then_parts_then_socket_then_default() {
    let (url, name, host) = ("DD_TRACE_AGENT_URL", "DD_TRACE_AGENT_HOSTNAME", "DD_AGENT_HOST");
    let (port, other_port) = ("DD_TRACE_AGENT_PORT", "DD_AGENT_PORT");
    let table: [(&[(&str, &str)], &str); 8] = [
        (&[(url, "http://a:1/x"), (host, "b"), (port, "2")], "http://a:1/x"),
        (&[(name, "a"), (host, "b")], "http://a:8126"),
        (&[(host, "b")], "http://b:8126"),
        (&[(host, "fe80::1"), (port, "2")], "http://[fe80::1]:2"),
        (&[(host, "[::1]")], "http://[::1]:8126"),
        (&[(port, "2"), (other_port, "3")], "http://localhost:2"),
        (&[(other_port, "3")], "http://localhost:3"),
        (&[], "unix:///var/run/datadog/apm.socket"),
    ];
    for (variables, expected) in table {
        let config = Config { has_agent_socket: cfg!(unix), ..config(variables) };
        let expected = if cfg!(unix) || !variables.is_empty() { expected } else { "http://localhost:8126" };
        assert_eq!(config.resolve().unwrap().agent.to_string(), expected);
    }
}

#[test]
fn tags_are_separated_by_commas_or_else_by_spaces() {
    let table: [(&str, &[(&str, &str)]); 7] = [
        ("team:ml,region:eu", &[("region", "eu"), ("team", "ml")]),
        ("team:ml region:eu", &[("region", "eu"), ("team", "ml")]),
        (" team : ml , full name : a b ,", &[("full name", "a b"), ("team", "ml")]),
        ("url:http://a:1", &[("url", "http://a:1")]),
        ("flag", &[("flag", "")]),
        ("a:1,a:2", &[("a", "2")]),
        (",, ,", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(resolve(&[("DD_TAGS", text)]).unwrap().tags.iter().collect::<Vec<_>>(), expected, "{text}");
    }
    let mut code = Config::default();
    code.rest.tags.insert("team", "search");
    let settings = code.over(config(&[("DD_TAGS", "team:ml,region:eu")])).resolve().unwrap();
    assert_eq!(settings.tags.get("team"), Some("ml"));
    assert_eq!(settings.code_tags.get("team"), Some("search"));
}

#[test]
fn names_fall_back_in_order_and_only_one_in_code_must_be_right() {
    type Row = (&'static [(&'static str, &'static str)], &'static str, &'static str, &'static [&'static str]);
    let table: [Row; 7] = [
        (&[("DD_LLMOBS_ML_APP", "MyApp")], "MyApp", "", &["DD_LLMOBS_ML_APP"]),
        (&[("DD_LLMOBS_ML_APP", " a "), ("DD_SERVICE", "S")], "a", "S", &[]),
        (&[("DD_SERVICE", "Shop")], "Shop", "Shop", &["DD_SERVICE"]),
        (&[("DD_SERVICE", "shop"), ("DD_LLMOBS_ML_APP", "  ")], "shop", "shop", &[]),
        (&[("DD_TAGS", "service:tagged,env:e,version:v")], "tagged", "tagged", &[]),
        (&[("DD_TAGS", "service:tagged"), ("DD_SERVICE", "s")], "s", "s", &[]),
        (&[], "Program", "", &["the"]),
    ];
    for (variables, ml_app, service, expected) in table {
        let config = Config { executable: Some("Program".into()), ..config(variables) };
        let settings = config.resolve().unwrap();
        assert_eq!((settings.ml_app.as_str(), settings.service.as_str()), (ml_app, service), "{variables:?}");
        assert_eq!(warned(&settings), expected, "{variables:?}");
    }
    for setting in ["ml_app", "agent_service"] {
        let mut code = Config { ml_app: Some(Given::new("ml_app", "MyApp".into())), ..Config::default() };
        code.rest.agent_service = (setting != "ml_app").then(|| Given::new("agent_service", "MyApp".into()));
        assert!(matches!(code.resolve(), Err(ConfigError::MlApp { setting: named, .. }) if named == setting));
    }
    let tagged = resolve(&[("DD_TAGS", "env:e,version:v")]).unwrap();
    assert_eq!((tagged.env.as_str(), tagged.version.as_str()), ("e", "v"));
}

#[test]
fn no_connection_waits_for_longer_than_a_request() {
    for (timeout, connect_ms) in [("0.25", 250), ("30", 2_000)] {
        let settings = resolve(&[("_DD_LLMOBS_WRITER_TIMEOUT", timeout)]).unwrap();
        assert_eq!(settings.connect_timeout, Duration::from_millis(connect_ms));
    }
    assert!(!resolve(&[("AWS_LAMBDA_FUNCTION_NAME", "f")]).unwrap().keep_idle_connections);
}

#[test]
fn without_tls_only_the_agent_is_left() {
    let (agentless, key) = (("DD_LLMOBS_AGENTLESS_ENABLED", "true"), ("DD_API_KEY", "test-key"));
    let result = resolve(&[agentless, key]);
    if HAS_TLS {
        assert_eq!(result.unwrap().mode, Mode::Agentless);
        assert_eq!(resolve(&[key]).unwrap().mode, Mode::Auto);
    } else {
        let error = result.unwrap_err();
        assert!(matches!(error, ConfigError::TlsDisabled { setting: "DD_LLMOBS_AGENTLESS_ENABLED", .. }), "{error}");
        assert_eq!(resolve(&[key]).unwrap().mode, Mode::Agent);
    }
}
