//! The messages to the thread that logs.

use std::fmt;
use std::sync::{Arc, mpsc};
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
    /// The receiver, if it is known by now.
    pub(crate) destination: Option<Arc<Destination>>,
    /// The receiver refuses everything.
    pub(crate) is_refused: bool,
    pub(crate) at: Instant,
}

/// The receiver of an intake's items, as log lines name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    /// A Datadog Agent, which has a key of its own, and not the intake itself.
    pub(crate) is_agent: bool,
    /// Scheme, host and port, or the path of a socket. Configuration refuses addresses with a password or a query.
    pub(crate) address: String,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let receiver = if self.is_agent { "the Datadog Agent at" } else { "the intake at" };
        write!(f, "{receiver} {}", self.address)
    }
}

/// A message to the thread that logs.
#[derive(Debug)]
pub(super) enum Announcement {
    Failed(FailedRequest),
    Report(Box<Stats>, Instant),
    /// The first request has found its receiver.
    Route(Arc<Destination>),
    /// The last one; the thread confirms it by dropping the sender.
    Finish(Box<Stats>, Instant, mpsc::SyncSender<()>),
}

/// The target of all log lines.
pub(super) const TARGET: &str = "tracing_llmobs";
