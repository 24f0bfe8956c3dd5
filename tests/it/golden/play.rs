//! Runs a scenario's program in both modes and holds what was sent against what should be.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tracing_llmobs::{Builder, Handle};
use tracing_subscriber::layer::SubscriberExt as _;

use super::compare::compare;
use super::differences;
use super::intake::{Answer, Intake};
use super::normalise::normalise;

/// A program and the circumstances under which it runs.
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) program: fn(&Handle),
    pub(super) settings: Settings,
    /// The responses to the first requests; later ones are accepted.
    pub(super) answers: &'static [Answer],
    /// The timer is left as it is; else only the flush at the end sends.
    pub(super) sends_by_itself: bool,
}

/// The source of the settings.
#[derive(Clone, Copy)]
pub(super) enum Settings {
    /// The builder's setters.
    Code,
    /// The default settings, and some more.
    Adjusted(fn(Builder) -> Builder),
    /// These variables; where the intake is and how it is reached are added.
    Environment(&'static [(&'static str, &'static str)]),
}

/// The route to the intake.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Agentless,
    Agent,
    /// Automatic: the Agent's `/info` decides.
    Automatic,
}

/// Fails with one line for every difference without a reason and every reason without a difference.
pub(super) fn play(scenario: &Scenario) {
    if let Ok(url) = env::var(CHILD_URL) {
        let mode = Mode::from_word(&env::var(CHILD_MODE).unwrap());
        return perform(scenario, mode, &url);
    }
    let expected = expected(scenario.name);
    let mut lines = Vec::new();
    for (mode, requests) in expected["requests"].as_object().unwrap() {
        let intake = Intake::start(scenario.answers);
        run(scenario, Mode::from_word(mode), &intake.url());
        let got = normalise(&intake.requests());
        let wanted = json!({"requests": requests, "spans": expected["spans"], "evaluations": expected["evaluations"]});
        let gaps = compare(&wanted, &got);
        lines.extend(differences::unexplained(scenario.name, gaps).map(|line| format!("{mode}: {line}")));
    }
    assert!(lines.is_empty(), "{} differs:\n  {}", scenario.name, lines.join("\n  "));
}

/// The names of all scenarios that there are expectations for.
pub(super) fn all_expected() -> Vec<String> {
    let files = fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
    let mut names: Vec<_> = names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort_unstable();
    names
}

fn expected(name: &str) -> Value {
    let text = fs::read_to_string(folder().join(format!("{name}.json"))).expect("a file of expectations");
    serde_json::from_str(&text).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Here, or in a process of its own when the settings come from the environment.
fn run(scenario: &Scenario, mode: Mode, url: &str) {
    let Settings::Environment(variables) = scenario.settings else { return perform(scenario, mode, url) };
    let mut child = crate::harness::this_binary(&format!("golden::scenarios::{}", scenario.name));
    for (name, _) in env::vars_os().filter(|(name, _)| is_setting(&name.to_string_lossy())) {
        child.env_remove(name);
    }
    child.env(CHILD_URL, url).env(CHILD_MODE, mode.word());
    child.envs(mode.variables(url)).envs(variables.iter().copied());
    let output = child.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// The program itself: a subscriber, the spans, a flush.
fn perform(scenario: &Scenario, mode: Mode, url: &str) {
    let builder = match scenario.settings {
        Settings::Code => mode.settings(Builder::without_environment(), url),
        Settings::Adjusted(adjust) => adjust(mode.settings(Builder::without_environment(), url)),
        Settings::Environment(_) => Builder::from_env().unwrap(),
    };
    let builder = if scenario.sends_by_itself { builder } else { builder.flush_interval(PATIENCE * 2) };
    let (layer, guard) = builder.start().unwrap();
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || (scenario.program)(&guard.handle()));
    guard.flush(PATIENCE).unwrap();
    guard.shutdown(PATIENCE).unwrap();
}

impl Mode {
    fn from_word(word: &str) -> Self {
        match word {
            "agentless" => Self::Agentless,
            "agent" => Self::Agent,
            "automatic" => Self::Automatic,
            other => panic!("no mode is called {other}"),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Agentless => "agentless",
            Self::Agent => "agent",
            Self::Automatic => "automatic",
        }
    }

    fn settings(self, builder: Builder, url: &str) -> Builder {
        let builder = builder.ml_app("golden-app").service("golden-service").env("golden-env").version("1.2.3");
        let builder = builder.api_key("test-key");
        match self {
            Self::Agentless => builder.agentless(true).override_origin(url),
            Self::Agent => builder.agentless(false).agent_url(url),
            Self::Automatic => builder.agent_url(url),
        }
    }

    fn variables(self, url: &str) -> Vec<(&'static str, &str)> {
        match self {
            Self::Agentless => vec![("DD_LLMOBS_AGENTLESS_ENABLED", "1"), ("DD_LLMOBS_OVERRIDE_ORIGIN", url)],
            Self::Agent => vec![("DD_LLMOBS_AGENTLESS_ENABLED", "0"), ("DD_TRACE_AGENT_URL", url)],
            Self::Automatic => vec![("DD_TRACE_AGENT_URL", url)],
        }
    }
}

fn is_setting(name: &str) -> bool {
    name.starts_with("DD_") || name.starts_with("_DD_")
}

/// Longer than anything takes that is not stuck.
const PATIENCE: Duration = Duration::from_secs(30);
const CHILD_URL: &str = "TRACING_LLMOBS_TEST_URL";
const CHILD_MODE: &str = "TRACING_LLMOBS_TEST_MODE";
