//! What we say about ourselves: few words, no content.
//!
//! In: the ledger, failures. Out: `tracing` events of the target `tracing_llmobs`. Never: called from capture,
//! prompts, keys, headers, bodies.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::stats::{LossReason, Problem, Problems, Remarked, Stats};

/// Says what is new, at once the first time and then at most every minute, as soon as somebody listens.
///
/// Whoever listens may panic; that is his affair, and nothing is lost by it.
#[derive(Debug, Default)]
pub(crate) struct Diagnostics {
    /// To be said once.
    warnings: Vec<String>,
    /// How many of each reason were said; of each problem below.
    losses: [u64; LossReason::ALL.len()],
    problems: [u64; Problem::ALL.len()],
    /// When what goes on is said again.
    quiet_until: Option<Instant>,
    /// Failures of requests that are not said again before a point in time.
    failures: Vec<(String, Instant)>,
}

impl Diagnostics {
    const QUIET: Duration = Duration::from_secs(60);
    /// More sorts of failures than this in a minute tell nobody anything.
    const MAX_FAILURES: usize = 8;

    pub(crate) fn new(warnings: Vec<String>) -> Self {
        Self { warnings, ..Self::default() }
    }

    /// Says what was odd in the configuration, and what was lost or odd since the last time.
    pub(crate) fn report(&mut self, stats: &Stats, problems: &Problems, now: Instant) {
        say_remarks(problems);
        let is_due = self.quiet_until.is_none_or(|until| until <= now);
        if is_heard() && self.say_news(stats, problems, is_due) && is_due {
            self.quiet_until = now.checked_add(Self::QUIET);
        }
    }

    /// Says the failure of one request, each sort at most once a minute.
    pub(crate) fn send_failed(&mut self, error: &(dyn Error + 'static), items: usize, now: Instant) {
        self.failures.retain(|(_, until)| now < *until);
        let failure = error.to_string();
        let is_known = self.failures.iter().any(|(said, _)| *said == failure);
        if is_known || self.failures.len() >= Self::MAX_FAILURES {
            contain(|| tracing::debug!(target: TARGET, error, items, "A request failed again."));
            return;
        }
        let cause = root(error).map(tracing::field::display);
        contain(|| {
            tracing::warn!(target: TARGET, error, cause, items, "A request failed; the same again is not mentioned for a minute.");
        });
        self.failures.extend(now.checked_add(Self::QUIET).map(|until| (failure, until)));
    }

    /// Says what was not said yet, and the total if not everything was delivered.
    pub(crate) fn last_words(&mut self, stats: &Stats, problems: &Problems) {
        say_remarks(problems);
        if !is_heard() {
            return;
        }
        self.say_news(stats, problems, true);
        let (offered, delivered) = (stats.offered, stats.delivered);
        let (refused, lost) = (stats.refused_total(), stats.lost_total());
        if refused > 0 || lost > stats.unwanted() {
            contain(|| {
                tracing::warn!(target: TARGET, offered, delivered, refused, lost, "Not all LLM spans and evaluations were delivered.");
            });
        }
        for Remarked { remark: (remark, _), place: (from, span), count, .. } in problems.remarks.all() {
            contain(|| tracing::debug!(target: TARGET, remark, from, span, count, "So often in all."));
        }
        if stats.open_spans > 0 {
            let open_spans = stats.open_spans;
            contain(|| {
                tracing::warn!(target: TARGET, open_spans, "LLM spans were still open at shutdown and are not sent.");
            });
        }
    }

    /// What is new is said; what goes on, only if it is due.
    fn say_news(&mut self, stats: &Stats, problems: &Problems, is_due: bool) -> bool {
        let mut has_spoken = false;
        for warning in self.warnings.drain(..) {
            contain(|| tracing::warn!(target: TARGET, "{warning}."));
        }
        for (reason, said) in LossReason::ALL.into_iter().zip(&mut self.losses) {
            let lost = stats.lost(reason);
            if is_wanted(reason) {
                continue;
            }
            if lost > *said && (is_due || *said == 0) {
                contain(|| say_loss(reason, lost));
                *said = lost;
                has_spoken = true;
            }
        }
        for (problem, said) in Problem::ALL.into_iter().zip(&mut self.problems) {
            let count = stats.problems(problem);
            if count > *said && (is_due || *said == 0) {
                let span = problems.first_place(problem).unwrap_or_default();
                contain(|| tracing::warn!(target: TARGET, %problem, count, span, "{}", explain(problem)));
                *said = count;
                has_spoken = true;
            }
        }
        has_spoken
    }
}

/// Where an error comes from in the end. Not everybody who writes events down asks for the sources of an error.
fn root<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| error.source()).last()
}

/// Whether somebody asked for it; when a processor fails, that is told as a problem.
const fn is_wanted(reason: LossReason) -> bool {
    matches!(reason, LossReason::Processor | LossReason::Sampling)
}

/// Whether anybody would hear us: a subscriber is often there only after the layer was made for it.
fn is_heard() -> bool {
    catch_unwind(|| tracing::enabled!(target: TARGET, tracing::Level::WARN)).unwrap_or(false)
}

/// Whether anybody wants to know what is odd about spans of other crates; what nobody wants need not be looked for.
pub(crate) fn hears_remarks() -> bool {
    catch_unwind(|| tracing::enabled!(target: TARGET, tracing::Level::DEBUG)).unwrap_or(false)
}

/// Says what is odd about spans of other crates, once for each place that they are written at, if somebody asks for so
/// much.
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

/// Lets nobody's panic through.
fn contain(say: impl FnOnce()) {
    drop(catch_unwind(AssertUnwindSafe(say)));
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
        Problem::Evaluation => {
            "An event says an evaluation that is not valid, or stands in no LLM span: it was not submitted."
        }
        Problem::Shrunk => "A span was larger than the limit and was sent without its input and output.",
        Problem::Processor => "A processor panicked or failed: the span is not sent.",
        Problem::UnknownPolicy => {
            "The capture policy of a span is none of none, metadata, all: nothing that is said about it is sent."
        }
        Problem::Prompt => "A prompt is no JSON object of the known form: what could not be read was left out.",
        Problem::ToolDefinition => "Tool definitions are no JSON array, or a tool has no name: it was left out.",
        Problem::CostTag => "A cost tag is no tag of its span: it was left out.",
        Problem::AgentManifest => {
            "An agent's manifest is no JSON object, or a tool in it has no name: it was left out."
        }
        Problem::Misplaced => "Something was said that the kind of the span does not have: it was left out.",
        Problem::MlApp => "The name of an application breaks a rule of the intake: it was sent as it is.",
        Problem::LateParent => {
            "A parent was set for a span after something had started below it; it stays where it was."
        }
        Problem::Header => "An entry of a header could not be written or did not fit; it was left out.",
        Problem::Unreadable => "What a provider answered could not be read; the span was sent without it.",
    }
}
