//! The program: it takes its settings from the environment, sends a few spans, and says what became of them.

use std::time::{Duration, Instant};

use tracing::Level;
use tracing_llmobs::{Annotation, LlmObsSpanExt, LossReason};
use tracing_subscriber::prelude::*;

use crate::harness::{CollectedLog, NEVER, run_scene_with, scene, until};

/// The number of spans that the program sends.
pub(super) const SPANS: usize = 3;
/// Straight to the intake, and through an agent.
pub(super) const AGENTLESS: (&str, &str) = ("DD_LLMOBS_AGENTLESS_ENABLED", "1");
pub(super) const AGENT: (&str, &str) = ("DD_LLMOBS_AGENTLESS_ENABLED", "0");
const CONTENT: &str = "canary-of-the-content";

/// The output of the program.
pub(super) struct Ending {
    said: String,
}

impl Ending {
    /// Runs the program to its end with these variables and no others; it waits until all is settled.
    pub(super) fn of(environment: &[(&str, &str)]) -> Self {
        Self::of_scene("patient", environment)
    }

    /// Runs the program with a short request timeout.
    pub(super) fn of_brisk(environment: &[(&str, &str)]) -> Self {
        Self::of_scene("brisk", environment)
    }

    /// Runs the program with an immediate shutdown and a short timeout.
    pub(super) fn of_hurried(environment: &[(&str, &str)]) -> Self {
        Self::of_scene("hurried", environment)
    }

    fn of_scene(scene: &str, environment: &[(&str, &str)]) -> Self {
        let mut all = vec![("DD_LLMOBS_ML_APP", "https"), ("DD_API_KEY", "test-key")];
        all.extend_from_slice(environment);
        let said = run_scene_with("https::program::program", scene, &all);
        // Among what it said is everything that its libraries said.
        for secret in SECRETS {
            assert!(!said.contains(secret), "{said}");
        }
        Self { said }
    }

    /// Everything arrived, and nothing was to be remarked.
    pub(super) fn assert_delivered(&self) {
        assert_eq!(self.after("delivered "), [SPANS.to_string()], "{}", self.said);
        let (lost, warnings) = (self.after("lost "), self.warnings());
        assert!(lost.is_empty() && warnings.is_empty(), "{lost:?} {warnings:#?}");
    }

    /// Asserts that all spans were lost for this reason, logged once, and that a failure with this text was logged once.
    pub(super) fn assert_lost(&self, reason: LossReason, cause: &str) {
        self.assert_all_lost(reason);
        let failures: Vec<_> = self
            .warnings()
            .into_iter()
            .filter(|said| said.contains("A request failed") || said.contains("The intake refuses"))
            .collect();
        assert!(failures.len() == 1 && failures[0].contains(cause), "{cause}: {failures:#?}");
    }

    /// Asserts that all spans were lost for this reason, logged once.
    pub(super) fn assert_all_lost(&self, reason: LossReason) {
        assert_eq!(self.after("delivered "), ["0"], "{}", self.said);
        assert_eq!(self.after("lost "), [format!("{reason} {SPANS}")]);
        let warnings = self.warnings();
        let reasons = warnings.iter().filter(|said| said.contains(&format!("reason={reason};")));
        assert_eq!(reasons.count(), 1, "{warnings:#?}");
    }

    /// The warnings of the exporter.
    fn warnings(&self) -> Vec<&str> {
        self.after("said WARN tracing_llmobs ").into_iter().chain(self.after("said ERROR tracing_llmobs ")).collect()
    }

    /// The rests of the lines that begin like this.
    fn after(&self, beginning: &str) -> Vec<&str> {
        self.said.lines().filter_map(|line| line.strip_prefix(beginning)).collect()
    }
}

/// Texts that must not be logged: content, key, and a proxy's credentials.
const SECRETS: [&str; 3] = ["canary", "test-key", BASIC];
/// User and password of a proxy, as they stand in a URL and in a header.
pub(super) const CREDENTIALS: &str = "user:canary-of-the-proxy";
pub(super) const BASIC: &str = "dXNlcjpjYW5hcnktb2YtdGhlLXByb3h5";

/// The program.
#[test]
fn program() {
    let Some(scene) = scene() else { return };
    let builder = tracing_llmobs::builder().flush_interval(NEVER);
    let builder = if scene == "brisk" { builder.request_timeout(Duration::from_millis(500)) } else { builder };
    let builder_shown = format!("{builder:?}");
    let (layer, guard) = builder.start().unwrap();
    let shown = format!("{builder_shown} {layer:?} {guard:?} {:?}", guard.handle());
    assert!(SECRETS.iter().all(|secret| !shown.contains(secret)));
    let collected = CollectedLog::default();
    tracing_subscriber::registry().with(layer).with(collected.clone()).init();
    for _ in 0..SPANS {
        let span = tracing::info_span!("chat", llmobs.kind = "llm");
        assert!(span.annotate(Annotation::new().input(CONTENT).output(CONTENT)));
    }
    let handle = guard.handle();
    let began = Instant::now();
    if scene == "hurried" {
        // That not all was delivered is what the ledger says below.
        let _ = guard.shutdown(Duration::from_millis(300));
        assert!(began.elapsed() < Duration::from_secs(5), "three attempts would take longer: {:?}", began.elapsed());
        // The time was up for the exporter's last words, too; they are still said.
        until("the loss is said", || !collected.ours(Level::WARN).is_empty());
    } else {
        // What was not delivered stays until the end.
        let _ = guard.flush(Duration::from_secs(5));
        let _ = guard.shutdown(Duration::from_secs(1));
    }
    let stats = handle.stats();
    assert!(stats.is_balanced(), "{stats:?}");
    eprintln!("delivered {}", stats.delivered);
    for (reason, lost) in LossReason::ALL.iter().map(|reason| (*reason, stats.lost(*reason))) {
        if lost > 0 {
            eprintln!("lost {reason} {lost}");
        }
    }
    assert!(collected.all().iter().any(|said| said.level == Level::TRACE), "everybody is heard");
    for said in collected.all() {
        eprintln!("said {} {} {}", said.level, said.target, said.text.replace('\n', " "));
    }
}
