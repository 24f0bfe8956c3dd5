//! Reports of the worker: news at once the first time, and then at most every minute.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::explain::explain;
use super::listener::{Listener, StderrLog, is_enabled};
use crate::stats::{LossReason, Problem, Problems, Remarked, Stats};

/// Reports what is new, at once the first time and then at most every minute.
///
/// A subscriber that panics loses its own output and nothing else.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    /// Warnings of the configuration, each reported once.
    warnings: Vec<String>,
    stderr: StderrLog,
    /// The count of each reason that was reported last; of each problem below.
    losses: [u64; LossReason::ALL.len()],
    problems: [u64; Problem::ALL.len()],
    /// The time before which counts that only grew are not reported again.
    quiet_until: Option<Instant>,
    /// Failures of requests, each with the time before which it is not reported again.
    failures: Vec<(String, Instant)>,
}

impl Diagnostics {
    const QUIET: Duration = Duration::from_secs(60);
    /// More kinds of failures than this in a minute help nobody.
    const MAX_FAILURES: usize = 8;

    pub(crate) fn new(warnings: Vec<String>, stderr: StderrLog) -> Self {
        Self { warnings, stderr, ..Self::default() }
    }

    /// Reports warnings of the configuration, and losses and problems since the last time.
    pub(crate) fn report(&mut self, stats: &Stats, problems: &Problems, now: Instant) {
        say_remarks(problems);
        let is_due = self.quiet_until.is_none_or(|until| until <= now);
        // Before the first span the subscriber may not be installed yet, and stderr would come too early.
        let listener = Listener::find(self.stderr).filter(|_| stats.offered > 0 || is_enabled(tracing::Level::WARN));
        let Some(listener) = listener else { return };
        if self.say_news(listener, stats, problems, is_due) && is_due {
            self.quiet_until = now.checked_add(Self::QUIET);
        }
    }

    /// Reports the failure of one request, each kind at most once a minute.
    pub(crate) fn send_failed(&mut self, error: &(dyn Error + 'static), items: usize, now: Instant) {
        self.failures.retain(|(_, until)| now < *until);
        let failure = error.to_string();
        let is_known = self.failures.iter().any(|(said, _)| *said == failure);
        if is_known || self.failures.len() >= Self::MAX_FAILURES {
            contain(|| tracing::debug!(target: TARGET, error, items, "A request failed again."));
            return;
        }
        let cause = root(error).map(tracing::field::display);
        if let Some(listener) = Listener::find(self.stderr) {
            let event = || {
                tracing::warn!(target: TARGET, error, cause, items, "A request failed; the same again is not mentioned for a minute.");
            };
            let cause = root(error).map(|cause| format!(": {cause}")).unwrap_or_default();
            listener.warn(event, || format!("a request with {items} LLM spans or evaluations failed: {error}{cause}"));
        }
        self.failures.extend(now.checked_add(Self::QUIET).map(|until| (failure, until)));
    }

    /// Reports the rest, and the total if not everything was delivered.
    pub(crate) fn last_words(&mut self, stats: &Stats, problems: &Problems) {
        say_remarks(problems);
        let Some(listener) = Listener::find(self.stderr) else { return };
        self.say_news(listener, stats, problems, true);
        let (offered, delivered) = (stats.offered, stats.delivered);
        let (refused, lost) = (stats.refused_total(), stats.lost_total());
        if refused > 0 || lost > stats.unwanted() {
            let event = || {
                tracing::warn!(target: TARGET, offered, delivered, refused, lost, "Not all LLM spans and evaluations were delivered.");
            };
            let line = || {
                format!(
                    "of {offered} LLM spans and evaluations {delivered} were delivered, {refused} refused, {lost} lost"
                )
            };
            listener.warn(event, line);
        }
        for Remarked { remark: (remark, _), place: (from, span), count, .. } in problems.remarks.all() {
            contain(
                || tracing::debug!(target: TARGET, remark, from, span, count, "Total for this instrumentation hint."),
            );
        }
        if stats.open_spans > 0 {
            let open_spans = stats.open_spans;
            let event = || {
                tracing::warn!(target: TARGET, open_spans, "LLM spans were still open at shutdown and are not sent.");
            };
            listener.warn(event, || format!("{open_spans} LLM spans were still open at shutdown and are not sent"));
        }
    }

    /// Reports what is new, and counts that only grew if they are due.
    fn say_news(&mut self, listener: Listener, stats: &Stats, problems: &Problems, is_due: bool) -> bool {
        let mut has_spoken = false;
        for warning in self.warnings.drain(..) {
            listener.warn(|| tracing::warn!(target: TARGET, "{warning}."), || warning.clone());
        }
        for (reason, said) in LossReason::ALL.into_iter().zip(&mut self.losses) {
            let lost = stats.lost(reason);
            if is_wanted(reason) {
                continue;
            }
            if lost > *said && (is_due || *said == 0) {
                listener
                    .warn(|| say_loss(reason, lost), || format!("{lost} LLM spans or evaluations were lost: {reason}"));
                *said = lost;
                has_spoken = true;
            }
        }
        for (problem, said) in Problem::ALL.into_iter().zip(&mut self.problems) {
            let count = stats.problems(problem);
            if count > *said && (is_due || *said == 0) {
                let span = problems.first_place(problem).unwrap_or_default();
                let event = || tracing::warn!(target: TARGET, %problem, count, span, "{}", explain(problem));
                listener.warn(event, || format!("{} ({count} times, first in the span {span:?})", explain(problem)));
                *said = count;
                has_spoken = true;
            }
        }
        has_spoken
    }
}

/// Returns the first cause of an error. Layers that format events do not all print the sources of an error.
fn root<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| error.source()).last()
}

/// Returns `true` for losses that the application asked for; a processor that fails is reported as a problem.
const fn is_wanted(reason: LossReason) -> bool {
    matches!(reason, LossReason::Processor | LossReason::Sampling)
}

/// Returns `true` if a layer listens at DEBUG; otherwise hints about spans of other crates are not even collected.
pub(crate) fn hears_remarks() -> bool {
    is_enabled(tracing::Level::DEBUG)
}

/// Reports hints about spans of other crates, once for each place that writes them, if a layer listens at DEBUG.
fn say_remarks(problems: &Problems) {
    if !hears_remarks() {
        return;
    }
    for Remarked { remark: (remark, explained), place: (from, span), count, .. } in problems.remarks.news() {
        contain(|| tracing::debug!(target: TARGET, remark, from, span, count, "{explained}"));
    }
}

fn say_loss(reason: LossReason, lost: u64) {
    if reason == LossReason::Unauthorized {
        tracing::error!(
            target: TARGET, %reason, lost,
            "No API key that the intake accepts, so LLM spans are lost: check DD_API_KEY, and that it belongs to DD_SITE."
        );
    } else {
        tracing::warn!(target: TARGET, %reason, lost, "LLM spans or evaluations were lost.");
    }
}

/// Contains a panic of the subscriber.
pub(super) fn contain(say: impl FnOnce()) {
    drop(catch_unwind(AssertUnwindSafe(say)));
}

pub(super) const TARGET: &str = "tracing_llmobs";
