//! The messages to the thread that logs.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::stats::Stats;

/// A request that failed.
#[derive(Debug)]
pub(crate) struct FailedRequest {
    pub(crate) error: String,
    pub(crate) cause: Option<String>,
    /// The items of the intake, such as `spans`.
    pub(crate) intake: &'static str,
    /// The items of the request.
    pub(crate) items: u64,
    /// The batches and items that wait for this intake now.
    pub(crate) batches: usize,
    pub(crate) queued: u64,
    /// The wait before the items are sent again; `None` when they are not, or at once in parts.
    pub(crate) next_attempt: Option<Duration>,
    /// The receiver refuses everything.
    pub(crate) is_refused: bool,
    pub(crate) at: Instant,
}

/// A message to the thread that logs.
#[derive(Debug)]
pub(super) enum Announcement {
    Failed(FailedRequest),
    Report(Box<Stats>, Instant),
    /// The last one; the thread confirms it by dropping the sender.
    Finish(Box<Stats>, Instant, mpsc::SyncSender<()>),
}

/// The target of all log lines.
pub(super) const TARGET: &str = "tracing_llmobs";
