//! Decides what is logged: something new at once, and what goes on at most once a minute.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::announcement::{Announcement, Destination, FailedRequest, TARGET};
use super::diagnosis::Diagnosis;
use super::listener::{Listener, StderrLog, has_subscriber, is_enabled};
use super::problems::explain;
use crate::stats::{LossReason, Problem, Problems, Remarked, Stats, early_end};
use llmobs_model::contain;

/// The memory of the log: what was logged, and when.
pub(super) struct Reporter {
    problems: Arc<Problems>,
    /// Warnings about the configuration, to be logged once.
    warnings: Vec<String>,
    stderr: StderrLog,
    ml_app: String,
    /// Notes what hides spans from the layer.
    inspect: Box<dyn Fn() + Send>,
    /// Returns whether spans have started after the exporter has stopped; `None` when the layer is gone.
    has_late_spans: Box<dyn Fn() -> Option<bool> + Send>,
    /// The receiver is an Agent, as far as is known.
    is_agent: bool,
    /// The counters of each reason and each problem at their last log line.
    losses: [u64; LossReason::ALL.len()],
    problem_counts: [u64; Problem::ALL.len()],
    /// The time from which what goes on is logged again.
    quiet_until: Option<Instant>,
    /// Failures of requests that are not logged again before a point in time.
    failures: Vec<(String, Instant)>,
    has_unlogged: Arc<AtomicBool>,
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reporter").field("stderr", &self.stderr).field("losses", &self.losses).finish_non_exhaustive()
    }
}

impl Reporter {
    /// The looks for late spans, and the pause between them: ten seconds in all.
    const LOOKS: u32 = 2_000;
    const LOOK_PAUSE: Duration = Duration::from_millis(5);
    const QUIET: Duration = Duration::from_secs(60);
    /// Bounds the different failures that are logged within a minute.
    const MAX_FAILURES: usize = 8;

    pub(super) fn new(problems: Arc<Problems>, diagnosis: Diagnosis, has_unlogged: Arc<AtomicBool>) -> Self {
        let Diagnosis { warnings, stderr, ml_app, inspect, has_late_spans } = diagnosis;
        let (quiet_until, failures, is_agent) = Default::default();
        let (losses, problem_counts) = ([0; LossReason::ALL.len()], [0; Problem::ALL.len()]);
        Self {
            problems,
            warnings,
            stderr,
            ml_app,
            inspect,
            has_late_spans,
            is_agent,
            losses,
            problem_counts,
            quiet_until,
            failures,
            has_unlogged,
        }
    }

    pub(super) fn log(&mut self, announcement: Announcement) {
        match announcement {
            Announcement::Failed(failed) => self.log_failure(&failed),
            Announcement::Report(stats, now) => self.log_news(&stats, now, false),
            Announcement::Route(destination) => self.log_route(&destination),
            Announcement::Finish(stats, now, done) => {
                self.quiet_until = None;
                self.log_news(&stats, now, true);
                self.log_totals(&stats);
                drop(done);
            }
        }
    }

    /// Looks for spans that start after the guard was dropped, if it was dropped before there was any: then it was hardly
    /// meant to be.
    pub(super) fn watch_late_spans(&self) {
        if !self.problems.notes.watches_late_spans() {
            return;
        }
        for _ in 0..Self::LOOKS {
            match (self.has_late_spans)() {
                Some(false) => std::thread::park_timeout(Self::LOOK_PAUSE),
                Some(true) => break,
                None => return,
            }
        }
        if (self.has_late_spans)() != Some(true) {
            return;
        }
        let sentence = early_end("before the first LLM span");
        if let Some(listener) = Listener::find(self.stderr) {
            listener.warn(|| tracing::warn!(target: TARGET, "{sentence}."), || sentence.clone());
        }
    }

    /// Logs each sort of failure once a minute.
    fn log_failure(&mut self, failed: &FailedRequest) {
        let FailedRequest { error, cause, intake, items, batches, queued, next_attempt, is_refused, at, destination } =
            failed;
        self.failures.retain(|(_, until)| at < until);
        let is_known = self.failures.iter().any(|(logged, _)| logged == error);
        let next_attempt_s = next_attempt.map(|wait| wait.as_secs_f64());
        let cause = cause.as_ref().map(tracing::field::display);
        let address = destination.as_ref().map_or("", |destination| &destination.address);
        if let Some(destination) = destination {
            self.is_agent = destination.is_agent;
        }
        if is_known || self.failures.len() >= Self::MAX_FAILURES {
            log(|| tracing::debug!(target: TARGET, error, cause, intake, items, address, "A request failed again."));
            return;
        }
        self.failures.extend(at.checked_add(Self::QUIET).map(|until| (error.clone(), until)));
        let Some(listener) = Listener::find(self.stderr) else { return };
        let sentence = explain_failure(failed);
        let event = || {
            if *is_refused && next_attempt.is_some() {
                tracing::error!(
                    target: TARGET, error, cause, intake, items, batches, queued, next_attempt_s, address, "{sentence}"
                );
            } else {
                tracing::warn!(
                    target: TARGET, error, cause, intake, items, batches, queued, next_attempt_s, address, "{sentence}"
                );
            }
        };
        listener.warn(event, || sentence.clone());
    }

    /// Logs where the items go.
    fn log_route(&self, destination: &Destination) {
        if is_enabled(tracing::Level::INFO) {
            let (ml_app, address) = (&self.ml_app, &destination.address);
            let key = if destination.is_agent { "" } else { ", with an API key" };
            log(
                || tracing::info!(target: TARGET, ml_app, address, "LLM spans of {ml_app} are sent to {destination}{key}."),
            );
        }
    }

    /// Logs what is new since the last time, as soon as somebody listens.
    fn log_news(&mut self, stats: &Stats, now: Instant, is_last: bool) {
        log_remarks(&self.problems);
        let _ = contain(|| (self.inspect)());
        self.warnings.extend(self.problems.notes.take());
        // Before the first span the subscriber may not be installed yet, and stderr would come too early.
        let is_time = || is_last || stats.offered > 0 || is_enabled(tracing::Level::WARN) || has_subscriber();
        let listener = Listener::find(self.stderr).filter(|_| is_time());
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
                let is_agent = self.is_agent;
                let line = || format!("{lost} LLM spans or evaluations were lost: {reason}");
                listener.warn(|| log_loss(reason, lost, is_agent), line);
                *logged = lost;
            }
        }
        progress
    }

    fn log_problems(&mut self, listener: Listener, stats: &Stats, is_due: bool) -> Progress {
        let mut progress = Progress::default();
        for (problem, logged) in Problem::ALL.iter().copied().zip(&mut self.problem_counts) {
            let count = stats.problems(problem);
            if has_note(problem) {
                continue;
            }
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

/// Says what failed, where, how much waits, what happens next, and what to do.
fn explain_failure(failed: &FailedRequest) -> String {
    let FailedRequest { error, cause, intake, items, batches, queued, next_attempt, destination, is_refused, .. } =
        failed;
    let place = destination.as_ref().map(|destination| format!(" ({destination})")).unwrap_or_default();
    let cause = cause.as_ref().map(|cause| format!(": {cause}")).unwrap_or_default();
    let is_agent = destination.as_ref().is_some_and(|destination| destination.is_agent);
    let hint = match (is_refused, is_agent) {
        (false, _) => "",
        (true, true) => " The key is the Agent's: see its log, and whether that key belongs to its site.",
        (true, false) => " Check DD_API_KEY, and that it belongs to DD_SITE.",
    };
    let backlog = format!("{batches} batches ({queued} {intake}) stay queued");
    let next = match next_attempt.map(|wait| wait.as_secs_f64()) {
        None => format!("Its {items} {intake} are sent in parts or lost."),
        Some(wait) if *is_refused => {
            format!("{backlog}, and no content is uploaded until a probe is accepted; next probe in {wait:.1} s.")
        }
        Some(wait) => format!("{backlog}; next attempt in {wait:.1} s."),
    };
    format!("A request failed: {error}{place}{cause}. {next}{hint} The same failure is not logged again for a minute.")
}

/// Returns true for problems that are logged with their callsite.
const fn has_note(problem: Problem) -> bool {
    matches!(problem, Problem::UnknownField | Problem::UnknownKind | Problem::DisabledSpan)
}

/// The lines that a pass over counters has logged, and left for later.
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

fn log_loss(reason: LossReason, lost: u64, is_agent: bool) {
    match reason {
        LossReason::Unauthorized if is_agent => tracing::error!(
            target: TARGET, %reason, lost,
            "{lost} LLM spans or evaluations were lost because the Datadog Agent's requests are refused: see its log, and \
             whether its API key belongs to its site."
        ),
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
