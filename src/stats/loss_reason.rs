//! Reasons for losses.

use std::fmt;

/// A reason why an item did not reach the intake.
///
/// Items that were *refused* never entered the queue; items that were *lost* did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LossReason {
    /// Refused: the queue has reached its bound on items.
    QueueItems,
    /// Refused: the queue has reached its bound on bytes, for example because the intake was away for long. Whole traces
    /// are refused rather than parts of many.
    QueueBytes,
    /// Refused: open spans have reached their bound on bytes, and this one had been idle longest, or nothing gave way.
    OpenSpans,
    /// Refused: the pipeline was shut down before.
    Closed,
    /// Refused: this process is a child that was forked after the layer was started, and has no exporter.
    Forked,
    /// Lost: a processor took it out or failed; the original never leaves.
    Processor,
    /// Lost: its trace was not sampled, and [`Builder::drop_unsampled`](crate::Builder::drop_unsampled) is set.
    Sampling,
    /// Lost: it is too large even without its content, or the intake said 413 to it alone.
    TooLarge,
    /// Lost: older than the 24 hours that the intake accepts, at its end or after waiting for the intake.
    TooOld,
    /// Lost: at shutdown the intake still refused the API key (401, 403), or the agent the request.
    Unauthorized,
    /// Lost: the intake refused the item (400, 422) or the request (other 4xx).
    Rejected,
    /// Lost: the intake could not be reached. Items wait for the intake today, so this counts nothing; it stays for
    /// dashboards that name it.
    Unreachable,
    /// Lost: the shutdown deadline passed first.
    Deadline,
    /// Lost: the exporter failed, for example to write it as JSON. This is a defect of this crate.
    Worker,
}

impl LossReason {
    /// All reasons. The list grows with new versions.
    pub const ALL: &'static [Self] = &[
        Self::QueueItems,
        Self::QueueBytes,
        Self::OpenSpans,
        Self::Closed,
        Self::Forked,
        Self::Processor,
        Self::Sampling,
        Self::TooLarge,
        Self::TooOld,
        Self::Unauthorized,
        Self::Rejected,
        Self::Unreachable,
        Self::Deadline,
        Self::Worker,
    ];

    /// Returns the reason in one word, as it stands in log lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueItems => "queue_items",
            Self::QueueBytes => "queue_bytes",
            Self::OpenSpans => "open_spans",
            Self::Closed => "closed",
            Self::Forked => "forked",
            Self::Processor => "processor",
            Self::Sampling => "sampling",
            Self::TooLarge => "too_large",
            Self::TooOld => "too_old",
            Self::Unauthorized => "unauthorized",
            Self::Rejected => "rejected",
            Self::Unreachable => "unreachable",
            Self::Deadline => "deadline",
            Self::Worker => "worker",
        }
    }

    /// Returns true when the item never entered the queue.
    pub const fn is_refusal(self) -> bool {
        match self {
            Self::QueueItems | Self::QueueBytes | Self::OpenSpans | Self::Closed | Self::Forked => true,
            Self::Processor
            | Self::Sampling
            | Self::TooLarge
            | Self::TooOld
            | Self::Unauthorized
            | Self::Rejected
            | Self::Unreachable
            | Self::Deadline
            | Self::Worker => false,
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl LossReason {
    /// Returns the position of the reason's counter.
    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|reason| *reason == self).unwrap_or_default()
    }
}
