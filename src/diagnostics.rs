//! What we say about ourselves: few words, no content.
//!
//! In: the ledger, failures. Out: `tracing` events of the target `tracing_llmobs`. Never: called from capture,
//! prompts, keys, headers, bodies.

use std::time::{Duration, Instant};

use crate::stats::{LossReason, Problem, Problems, Stats};

/// Says what is new, at once the first time and then at most every minute.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    /// To be said once, as soon as the worker runs.
    pub(crate) warnings: Vec<String>,
    said: Stats,
    quiet_until: Option<Instant>,
    failed: Option<String>,
}

impl Diagnostics {
    const QUIET: Duration = Duration::from_secs(60);

    pub(crate) fn new(warnings: Vec<String>) -> Self {
        Self { warnings, ..Self::default() }
    }

    /// Says what was odd in the configuration.
    pub(crate) fn first_words(&mut self) {
        for warning in self.warnings.drain(..) {
            tracing::warn!(target: TARGET, "{warning}.");
        }
    }

    /// Says what was lost or odd since the last time.
    pub(crate) fn report(&mut self, stats: &Stats, problems: &Problems, now: Instant) {
        if self.quiet_until.is_some_and(|until| now < until) || !self.has_news(stats) {
            return;
        }
        self.say(stats);
        for problem in Problem::ALL {
            let count = stats.problems(problem);
            if count > self.said.problems(problem) {
                let span = problems.first_place(problem).unwrap_or_default();
                tracing::warn!(target: TARGET, %problem, count, span, "{}", explain(problem));
            }
        }
        self.said.clone_from(stats);
        self.quiet_until = now.checked_add(Self::QUIET);
    }

    /// Says a failure of one request, once for each sort in a row.
    pub(crate) fn send_failed(&mut self, error: &(dyn std::error::Error + 'static), items: usize) {
        tracing::debug!(target: TARGET, error, items, "A request failed.");
        let said = error.to_string();
        if self.failed.as_ref() != Some(&said) {
            tracing::warn!(target: TARGET, error, items, "A request failed; the same again is not mentioned.");
            self.failed = Some(said);
        }
    }

    /// Says the total at the end, when anything was lost or is still open.
    pub(crate) fn last_words(&mut self, stats: &Stats) {
        if self.has_losses(stats) {
            self.say(stats);
        }
        if stats.open_spans > 0 {
            tracing::warn!(target: TARGET, open_spans = stats.open_spans, "LLM spans were still open at shutdown and are not sent.");
        }
    }

    fn has_news(&self, stats: &Stats) -> bool {
        self.has_losses(stats) || Problem::ALL.iter().any(|one| stats.problems(*one) > self.said.problems(*one))
    }

    fn has_losses(&self, stats: &Stats) -> bool {
        LossReason::ALL.iter().any(|reason| stats.lost(*reason) > self.said.lost(*reason))
    }

    fn say(&self, stats: &Stats) {
        for reason in LossReason::ALL {
            let lost = stats.lost(reason);
            if lost <= self.said.lost(reason) {
                continue;
            }
            if reason == LossReason::Unauthorized {
                tracing::error!(target: TARGET, %reason, lost, "The intake refused the API key: check DD_API_KEY and that it belongs to DD_SITE.");
            } else {
                tracing::warn!(target: TARGET, %reason, lost, "LLM spans were lost.");
            }
        }
    }
}

const TARGET: &str = "tracing_llmobs";

const fn explain(problem: Problem) -> &'static str {
    match problem {
        Problem::UnknownKind => {
            "The kind of a span is none of llm, workflow, agent, tool, task, embedding, retrieval: the span is not sent."
        }
        Problem::Shape => "Input or output has a form that the kind of the span does not take: it was left out.",
        Problem::Metadata => "Metadata is no JSON object: it was left out.",
        Problem::Metric => "A metric is no finite number or has no name: it was left out.",
        Problem::Tag => "Tags are no JSON object, or a tag has no key: it was left out.",
        Problem::Oversize => "A value was larger than a span may hold: a marker stands in its place.",
        Problem::TooManyValues => "More was recorded on a span than is kept: later values were left out.",
        Problem::Panic => "Formatting a value panicked: a marker stands in its place.",
        Problem::Annotation => "Part of an annotation was refused.",
        Problem::Shrunk => "A span was larger than the limit and was sent without its input and output.",
    }
}
