//! Decides what is logged: something new at once, and what goes on at most once a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::announcement::{Announcement, FailedRequest, TARGET};
use super::listener::{Listener, StderrLog, is_enabled};
use super::problems::explain;
use crate::stats::{LossReason, Problem, Problems, Remarked, Stats};
use llmobs_model::contain;

/// The memory of the log: what was logged, and when.
#[derive(Debug)]
pub(super) struct Reporter {
    problems: Arc<Problems>,
    /// Warnings about the configuration, to be logged once.
    warnings: Vec<String>,
    stderr: StderrLog,
    /// The counters of each reason and each problem at their last log line.
    losses: [u64; LossReason::ALL.len()],
    problem_counts: [u64; Problem::ALL.len()],
    /// The time from which what goes on is logged again.
    quiet_until: Option<Instant>,
    /// Failures of requests that are not logged again before a point in time.
    failures: Vec<(String, Instant)>,
    has_unlogged: Arc<AtomicBool>,
}

impl Reporter {
    const QUIET: Duration = Duration::from_secs(60);
    /// Bounds the different failures that are logged within a minute.
    const MAX_FAILURES: usize = 8;

    pub(super) fn new(
        problems: Arc<Problems>,
        (warnings, stderr): (Vec<String>, StderrLog),
        has_unlogged: Arc<AtomicBool>,
    ) -> Self {
        let (quiet_until, failures) = Default::default();
        let (losses, problem_counts) = ([0; LossReason::ALL.len()], [0; Problem::ALL.len()]);
        Self { problems, warnings, stderr, losses, problem_counts, quiet_until, failures, has_unlogged }
    }

    pub(super) fn log(&mut self, announcement: Announcement) {
        match announcement {
            Announcement::Failed(failed) => self.log_failure(&failed),
            Announcement::Report(stats, now) => self.log_news(&stats, now),
            Announcement::Finish(stats, now, done) => {
                self.quiet_until = None;
                self.log_news(&stats, now);
                self.log_totals(&stats);
                drop(done);
            }
        }
    }

    /// Logs each sort of failure once a minute.
    fn log_failure(&mut self, failed: &FailedRequest) {
        let FailedRequest { error, cause, intake, items, batches, queued, next_attempt, is_refused, at } = failed;
        self.failures.retain(|(_, until)| at < until);
        let is_known = self.failures.iter().any(|(logged, _)| logged == error);
        let next = next_attempt.map(|wait| wait.as_secs_f64());
        let cause = cause.as_ref().map(tracing::field::display);
        if is_known || self.failures.len() >= Self::MAX_FAILURES {
            log(|| tracing::debug!(target: TARGET, error, cause, intake, items, "A request failed again."));
            return;
        }
        self.failures.extend(at.checked_add(Self::QUIET).map(|until| (error.clone(), until)));
        let Some(listener) = Listener::find(self.stderr) else { return };
        let root = failed.cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
        let line =
            || format!("a request with {items} LLM spans or evaluations failed: {error}{root}; {queued} stay queued");
        let event = || match next {
            Some(next_attempt_s) if *is_refused => {
                tracing::error!(
                    target: TARGET, error, cause, intake, items, batches, queued, next_attempt_s,
                    "The intake refuses requests, so {batches} batches ({queued} {intake}) stay queued, and no content is \
                     uploaded until a probe is accepted; next probe in {next_attempt_s:.1} s. Check DD_API_KEY, and that \
                     it belongs to DD_SITE."
                );
            }
            Some(next_attempt_s) => {
                tracing::warn!(
                    target: TARGET, error, cause, intake, items, batches, queued, next_attempt_s,
                    "A request failed. {batches} batches ({queued} {intake}) stay queued; next attempt in \
                     {next_attempt_s:.1} s. The same failure is not logged again for a minute."
                );
            }
            None => {
                tracing::warn!(
                    target: TARGET, error, cause, intake, items,
                    "A request failed, and its {items} {intake} are sent in parts or lost. The same failure is not logged \
                     again for a minute."
                );
            }
        };
        listener.warn(event, line);
    }

    /// Logs what is new since the last time, as soon as somebody listens.
    fn log_news(&mut self, stats: &Stats, now: Instant) {
        log_remarks(&self.problems);
        // Before the first span the subscriber may not be installed yet, and stderr would come too early.
        let listener = Listener::find(self.stderr).filter(|_| stats.offered > 0 || is_enabled(tracing::Level::WARN));
        let Some(listener) = listener else { return self.has_unlogged.store(true, Ordering::Relaxed) };
        for warning in self.warnings.drain(..) {
            listener.warn(|| tracing::warn!(target: TARGET, "{warning}."), || warning.clone());
        }
        let is_due = self.quiet_until.is_none_or(|until| until <= now);
        let (losses, problems) = (self.log_losses(listener, stats, is_due), self.log_problems(listener, stats, is_due));
        if (losses.has_logged || problems.has_logged) && is_due {
            self.quiet_until = now.checked_add(Self::QUIET);
        }
        self.has_unlogged.store(losses.has_more || problems.has_more, Ordering::Relaxed);
    }

    fn log_losses(&mut self, listener: Listener, stats: &Stats, is_due: bool) -> Progress {
        let mut progress = Progress::default();
        for (reason, logged) in LossReason::ALL.iter().copied().zip(&mut self.losses) {
            let lost = stats.lost(reason);
            if is_wanted(reason) || lost <= *logged {
                continue;
            }
            if progress.is_turn(is_due || *logged == 0) {
                listener
                    .warn(|| log_loss(reason, lost), || format!("{lost} LLM spans or evaluations were lost: {reason}"));
                *logged = lost;
            }
        }
        progress
    }

    fn log_problems(&mut self, listener: Listener, stats: &Stats, is_due: bool) -> Progress {
        let mut progress = Progress::default();
        for (problem, logged) in Problem::ALL.iter().copied().zip(&mut self.problem_counts) {
            let count = stats.problems(problem);
            if count > *logged && progress.is_turn(is_due || *logged == 0) {
                let span = self.problems.first_span(problem).unwrap_or_default();
                let event = || tracing::warn!(target: TARGET, %problem, count, span, "{}", explain(problem));
                listener.warn(event, || format!("{} ({count} times, first in the span {span:?})", explain(problem)));
                *logged = count;
            }
        }
        progress
    }

    /// Logs the totals if not everything was delivered.
    fn log_totals(&self, stats: &Stats) {
        let Some(listener) = Listener::find(self.stderr) else { return };
        let (offered, delivered) = (stats.offered, stats.delivered);
        let (refused, lost) = (stats.refused_total(), stats.lost_total());
        if refused > 0 || lost > stats.unwanted() {
            let event = || {
                tracing::warn!(
                    target: TARGET, offered, delivered, refused, lost,
                    "{delivered} of {offered} LLM spans and evaluations were delivered."
                );
            };
            listener.warn(event, || {
                format!(
                    "of {offered} LLM spans and evaluations {delivered} were delivered, {refused} refused, {lost} lost"
                )
            });
        }
        for Remarked { remark: (remark, _), place: (from, span), count, .. } in self.problems.remarks.all() {
            log(|| tracing::debug!(target: TARGET, remark, from, span, count, "Total for this instrumentation hint."));
        }
        if stats.open_spans > 0 {
            let open_spans = stats.open_spans;
            let event = || {
                tracing::warn!(target: TARGET, open_spans, "LLM spans were still open at shutdown and are not sent.");
            };
            listener.warn(event, || format!("{open_spans} LLM spans were still open at shutdown and are not sent"));
        }
    }
}

/// What a pass over counters has logged, and what it has left for later.
#[derive(Debug, Default, Clone, Copy)]
struct Progress {
    has_logged: bool,
    has_more: bool,
}

impl Progress {
    /// Notes whether a counter is logged now or later.
    fn is_turn(&mut self, is_now: bool) -> bool {
        self.has_logged |= is_now;
        self.has_more |= !is_now;
        is_now
    }
}

/// Returns true for losses that were asked for. A processor that fails is logged as a problem.
const fn is_wanted(reason: LossReason) -> bool {
    matches!(reason, LossReason::Processor | LossReason::Sampling)
}

/// Returns true when a subscriber wants remarks on spans of other crates. Otherwise nobody needs to look for any.
pub(crate) fn hears_remarks() -> bool {
    is_enabled(tracing::Level::DEBUG)
}

/// Logs remarks on spans of other crates, once for each callsite.
fn log_remarks(problems: &Problems) {
    if !hears_remarks() {
        return;
    }
    for Remarked { remark: (remark, explained), place: (from, span), count, .. } in problems.remarks.take_new() {
        log(|| tracing::debug!(target: TARGET, remark, from, span, count, "{explained}"));
    }
}

fn log_loss(reason: LossReason, lost: u64) {
    match reason {
        LossReason::Unauthorized => tracing::error!(
            target: TARGET, %reason, lost,
            "{lost} LLM spans or evaluations were lost because the intake refused the API key: check DD_API_KEY, and that \
             it belongs to DD_SITE."
        ),
        LossReason::QueueItems | LossReason::QueueBytes => tracing::warn!(
            target: TARGET, %reason, lost,
            "{lost} LLM spans or evaluations were refused because the queue is full: the intake is away, or slower than \
             the application."
        ),
        LossReason::OpenSpans
        | LossReason::Closed
        | LossReason::Forked
        | LossReason::Processor
        | LossReason::Sampling
        | LossReason::TooLarge
        | LossReason::TooOld
        | LossReason::Rejected
        | LossReason::Unreachable
        | LossReason::Deadline
        | LossReason::Worker => tracing::warn!(target: TARGET, %reason, lost, "LLM spans or evaluations were lost."),
    }
}

/// Logs; a subscriber that panics has its panic contained.
fn log(line: impl FnOnce()) {
    let _ = contain(line);
}
