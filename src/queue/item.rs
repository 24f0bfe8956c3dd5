//! The entries of the queue, its bounds, and the phases of its life.

use std::time::Instant;

use crate::recording::Recording;
use llmobs_model::Submission;

/// An entry of the queue.
#[derive(Debug)]
pub(crate) enum Item {
    Span(Box<Recording>),
    /// An evaluation or feedback.
    Evaluation(Box<Submission>),
}

impl Item {
    /// Returns the bytes that the item is counted with.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Span(recording) => recording.bytes(),
            Self::Evaluation(submission) => submission.bytes(),
        };
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// The bounds of the queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Items that are not encoded yet.
    pub(crate) max_items: u64,
    /// Bytes of those items, and of encoded batches that are not acknowledged yet.
    pub(crate) max_bytes: u64,
    /// The encoder is woken when this many bytes wait, and otherwise by its own timer: a wake costs the application's
    /// thread a hundred times as much as a push.
    pub(crate) wake_bytes: u64,
    /// The encoder is also woken when this many items wait.
    pub(crate) wake_items: u64,
}

/// A phase in the life of a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// New items are refused; what is there is sent until the deadline.
    Draining {
        deadline: Instant,
    },
    Stopped,
}
