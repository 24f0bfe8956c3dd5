//! The outcome of a flush or a shutdown.

use std::fmt;

use super::counts::LossCounts;
use super::loss_reason::LossReason;

/// The outcome of items since the flush before, or since the start: delivered, lost, pending.
///
/// Flush and shutdown return it as `Ok` when everything was delivered, and inside of
/// [`FlushError`](crate::FlushError) when it was not.
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// # let (_layer, guard) = tracing_llmobs::builder().enabled(false).start::<tracing_subscriber::Registry>().unwrap();
/// match guard.shutdown(Duration::from_secs(2)) {
///     Ok(outcome) => println!("{} spans and evaluations were delivered", outcome.delivered()),
///     Err(error) => eprintln!("{error}"),
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlushOutcome {
    delivered: u64,
    pending: u64,
    spooled: u64,
    lost: Vec<(LossReason, u64)>,
}

impl FlushOutcome {
    pub(crate) fn new(delivered: u64, pending: u64, lost: LossCounts) -> Self {
        let lost = LossReason::ALL.iter().map(|reason| (*reason, lost.of(*reason))).filter(|(_, count)| *count > 0);
        Self { delivered, pending, spooled: 0, lost: lost.collect() }
    }

    /// Replaces the pending items by those that the end left behind.
    pub(crate) fn with_pending(mut self, pending: u64) -> Self {
        self.pending = pending;
        self
    }

    pub(crate) const fn with_spooled(mut self, spooled: u64) -> Self {
        self.spooled = spooled;
        self
    }

    /// Returns how many items lie in the spool and are not delivered: after a flush these are a part of the pending ones,
    /// after a shutdown they are neither pending nor lost, and the next process sends them. Always 0 without the feature
    /// `spool`.
    pub const fn spooled(&self) -> u64 {
        self.spooled
    }

    /// Returns how many items the intake acknowledged.
    pub const fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Returns how many items are queued, being sent, or waiting for another attempt. After a shutdown these are lost.
    pub const fn pending(&self) -> u64 {
        self.pending
    }

    /// Returns how many items were refused or lost for this reason.
    pub fn lost(&self, reason: LossReason) -> u64 {
        let found = self.lost.iter().find(|(lost, _)| *lost == reason);
        found.map(|(_, count)| *count).unwrap_or_default()
    }

    /// Returns how many items were refused or lost, other than on purpose (by a processor or by sampling).
    pub fn lost_total(&self) -> u64 {
        let unwanted = |reason: LossReason| matches!(reason, LossReason::Processor | LossReason::Sampling);
        let lost = self.lost.iter().filter(|(reason, _)| !unwanted(*reason));
        lost.fold(0, |total, (_, count)| total.saturating_add(*count))
    }

    /// Returns true when nothing is pending and nothing was lost, other than on purpose.
    pub fn is_complete(&self) -> bool {
        self.pending == 0 && self.lost_total() == 0
    }
}

/// Shows the counts in one line: `12 delivered, 3 pending, 2 lost (queue_bytes 2)`.
impl fmt::Display for FlushOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.lost.iter().fold(0_u64, |total, (_, count)| total.saturating_add(*count));
        write!(f, "{} delivered, {} pending, {total} lost", self.delivered, self.pending)?;
        for (at, (reason, count)) in self.lost.iter().enumerate() {
            write!(f, "{}{reason} {count}", if at == 0 { " (" } else { ", " })?;
        }
        if !self.lost.is_empty() {
            f.write_str(")")?;
        }
        if self.spooled > 0 { write!(f, ", {} spooled", self.spooled) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_complete_unless_something_is_pending_or_lost_by_accident() {
        let with = |reason| {
            let mut lost = LossCounts::default();
            lost.lose(reason, 2);
            FlushOutcome::new(3, 0, lost)
        };
        assert!(with(LossReason::Sampling).is_complete() && FlushOutcome::default().is_complete());
        let lossy = with(LossReason::QueueBytes);
        assert!(!lossy.is_complete() && !FlushOutcome::new(0, 1, LossCounts::default()).is_complete());
        assert_eq!(lossy.to_string(), "3 delivered, 0 pending, 2 lost (queue_bytes 2)");
    }
}
