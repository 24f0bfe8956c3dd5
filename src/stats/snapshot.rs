//! The ledger as users see it.

use std::fmt;

use super::counts::LossCounts;
use super::loss_reason::LossReason;
use super::problem::{Problem, ProblemCounts};

/// The ledger: what became of every item so far. At every instant
///
/// ```text
/// offered  = accepted + refused
/// accepted = delivered + lost + pending
/// ```
///
/// An item is an LLM span that closed, an evaluation or feedback. *Delivered* means that the intake answered 2xx.
///
/// `Debug` names what was counted and leaves zeros out; `Display` is one line for a log.
///
/// # Example
///
/// ```
/// let stats = tracing_llmobs::Stats::default();
/// assert_eq!(stats.to_string(), "0 offered, 0 delivered, 0 pending, 0 refused, 0 lost");
/// assert_eq!(format!("{stats:?}"), "Stats { offered: 0 }");
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Items that were ready to be sent.
    pub offered: u64,
    /// Items that entered the queue.
    pub accepted: u64,
    /// Items that the intake acknowledged.
    pub delivered: u64,
    /// Items that are queued, being sent, or waiting for another attempt.
    pub pending: u64,
    /// Items of `pending` that also lie in the spool, so that the next process sends them if this one cannot. Always 0
    /// without the feature `spool`.
    pub spooled: u64,
    /// Bytes that are held for items in the queue, and for batches that are being sent or wait for another attempt.
    pub queued_bytes: u64,
    /// LLM spans that are open.
    pub open_spans: u64,
    /// Requests that were sent, each attempt counted.
    pub requests: u64,
    /// Requests that were sent again after a failure.
    pub retries: u64,
    /// Restarts of the exporter after a panic, which is a defect of this crate.
    pub restarts: u64,
    pub(crate) lost: LossCounts,
    pub(crate) problems: ProblemCounts,
}

impl fmt::Debug for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Stats");
        out.field("offered", &self.offered);
        let counts = [
            ("accepted", self.accepted),
            ("delivered", self.delivered),
            ("pending", self.pending),
            ("spooled", self.spooled),
            ("queued_bytes", self.queued_bytes),
            ("open_spans", self.open_spans),
            ("requests", self.requests),
            ("retries", self.retries),
            ("restarts", self.restarts),
        ];
        for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
            out.field(name, count);
        }
        let lost = self.nonzero_losses();
        if !lost.is_empty() {
            out.field("lost", &Labelled(&lost));
        }
        let problems = self.nonzero_problems();
        if !problems.is_empty() {
            out.field("problems", &Labelled(&problems));
        }
        out.finish()
    }
}

/// Shows the counts in one line: `12 offered, 9 delivered, 0 pending, 1 refused, 2 lost (queue_bytes 1, too_old 2); problems:
/// shape 3`.
impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offered, delivered, pending, .. } = self;
        let (refused, lost) = (self.refused_total(), self.lost_total());
        write!(f, "{offered} offered, {delivered} delivered, {pending} pending, {refused} refused, {lost} lost")?;
        for (at, (name, count)) in self.nonzero_losses().into_iter().enumerate() {
            write!(f, "{}{name} {count}", if at == 0 { " (" } else { ", " })?;
        }
        if refused.saturating_add(lost) > 0 {
            f.write_str(")")?;
        }
        for (at, (name, count)) in self.nonzero_problems().into_iter().enumerate() {
            write!(f, "{}{name} {count}", if at == 0 { "; problems: " } else { ", " })?;
        }
        Ok(())
    }
}

/// Names with their counts, shown as a map.
struct Labelled<'a>(&'a [(&'static str, u64)]);

impl fmt::Debug for Labelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, count) in self.0 {
            map.entry(&format_args!("{name}"), count);
        }
        map.finish()
    }
}

impl Stats {
    fn nonzero_losses(&self) -> Vec<(&'static str, u64)> {
        let all = LossReason::ALL.iter().map(|reason| (reason.as_str(), self.lost(*reason)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    fn nonzero_problems(&self) -> Vec<(&'static str, u64)> {
        let all = Problem::ALL.iter().map(|problem| (problem.as_str(), self.problems(*problem)));
        all.filter(|(_, count)| *count > 0).collect()
    }

    /// Returns how many items were refused or lost for this reason.
    pub fn lost(&self, reason: LossReason) -> u64 {
        self.lost.of(reason)
    }

    /// Returns how many items never entered the queue.
    pub fn refused_total(&self) -> u64 {
        self.total(true)
    }

    /// Returns how many items entered the queue and did not reach the intake.
    pub fn lost_total(&self) -> u64 {
        self.total(false)
    }

    /// Returns how often this problem was met.
    pub fn problems(&self, problem: Problem) -> u64 {
        self.problems.of(problem)
    }

    /// Returns true when both equations hold.
    pub fn is_balanced(&self) -> bool {
        self.offered == self.accepted.saturating_add(self.refused_total())
            && self.accepted == self.delivered.saturating_add(self.lost_total()).saturating_add(self.pending)
    }

    /// Returns how many items were dropped on purpose: by a processor, or as not sampled.
    pub(crate) fn unwanted(&self) -> u64 {
        let by_processor = self.lost(LossReason::Processor).saturating_sub(self.problems(Problem::Processor));
        by_processor.saturating_add(self.lost(LossReason::Sampling))
    }

    fn total(&self, refusals: bool) -> u64 {
        let reasons = LossReason::ALL.iter().copied().filter(|reason| reason.is_refusal() == refusals);
        reasons.fold(0, |sum, reason| sum.saturating_add(self.lost(reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_is_balanced_when_both_equations_hold() {
        let mut stats = Stats { offered: 5, accepted: 4, delivered: 2, pending: 1, ..Stats::default() };
        assert!(!stats.is_balanced());
        stats.lost.lose(LossReason::QueueBytes, 1);
        stats.lost.lose(LossReason::TooLarge, 1);
        assert!(stats.is_balanced());
        let shown = "Stats { offered: 5, accepted: 4, delivered: 2, pending: 1, lost: {queue_bytes: 1, too_large: 1} }";
        assert_eq!(format!("{stats:?}"), shown);
        let line = "5 offered, 2 delivered, 1 pending, 1 refused, 1 lost (queue_bytes 1, too_large 1)";
        assert_eq!(stats.to_string(), line);
    }
}
