//! The trait for carriers of one's own.

use std::error::Error;
use std::time::Duration;

use super::request::ExportRequest;

/// A destination of batches in place of the intake: a message broker, a file, another protocol.
///
/// Queue, batches, repeated attempts and the ledger stay as they are: a batch is kept, in order and within the queue's
/// bounds, until [`export`](Self::export) returns something else than [`ExportOutcome::Retry`]. Up to eight batches are
/// exported at a time. One layer has one destination; for two destinations start two layers, each with its own ledger.
///
/// # Example
///
/// ```
/// use std::sync::mpsc::{Sender, channel};
/// use std::time::Duration;
/// use tracing_llmobs::{ExportOutcome, ExportRequest, Exporter};
/// use tracing_subscriber::prelude::*;
///
/// struct ToChannel(Sender<(&'static str, Vec<u8>)>);
///
/// impl Exporter for ToChannel {
///     async fn export(&self, request: ExportRequest) -> ExportOutcome {
///         match self.0.send((request.path(), request.body().to_vec())) {
///             Ok(()) => ExportOutcome::Delivered,
///             Err(error) => ExportOutcome::rejected(error),
///         }
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (tx, rx) = channel();
/// let (layer, guard) = tracing_llmobs::builder().ml_app("bike-shop").exporter(ToChannel(tx)).start()?;
/// let subscriber = tracing_subscriber::registry().with(layer);
/// tracing::subscriber::with_default(subscriber, || {
///     drop(tracing::info_span!("step", llmobs.kind = "task"));
/// });
/// let outcome = guard.shutdown(Duration::from_secs(2))?;
/// assert_eq!(outcome.delivered(), 1);
/// assert_eq!(rx.recv()?.0, "/api/v2/llmobs");
/// # Ok(())
/// # }
/// ```
pub trait Exporter: Send + Sync + 'static {
    /// Carries one batch and returns what became of it.
    ///
    /// It runs on the exporter's current-thread runtime (tokio, with I/O and timers) and must not block: the other
    /// requests wait meanwhile. Blocking work belongs into `tokio::task::spawn_blocking`. The request timeout
    /// ([`Builder::request_timeout`](crate::Builder::request_timeout)) holds here too; after it, or after a panic, the same
    /// batch comes again, so a batch may arrive twice.
    fn export(&self, request: ExportRequest) -> impl Future<Output = ExportOutcome> + Send;
}

/// The outcome of a batch.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportOutcome {
    /// The batch has arrived; its items are counted as delivered.
    Delivered,
    /// The destination is away. The batch stays and comes again after a pause, which grows from 0.2 to 30 seconds.
    #[non_exhaustive]
    Retry {
        /// The pause that the destination asks for, honoured up to 5 minutes.
        after: Option<Duration>,
        /// The reason, for the log.
        cause: Option<Cause>,
    },
    /// The batch is larger than the destination takes: it comes again in halves; a single item is lost as
    /// [`TooLarge`](crate::LossReason::TooLarge).
    TooLarge,
    /// The content of some item is refused: the batch is bisected, and only that item is lost as
    /// [`Rejected`](crate::LossReason::Rejected).
    Invalid,
    /// The batch is refused for good: all its items are lost as [`Rejected`](crate::LossReason::Rejected).
    #[non_exhaustive]
    Rejected {
        /// The reason, for the log.
        cause: Option<Cause>,
    },
}

/// The reason of a failure. It stands in log lines, so it must not hold content.
type Cause = Box<dyn Error + Send + Sync>;

impl ExportOutcome {
    /// Creates a [`Retry`](Self::Retry) for this reason.
    pub fn retry(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Retry { after: None, cause: Some(cause.into()) }
    }

    /// Creates a [`Retry`](Self::Retry) after this pause at the earliest.
    pub const fn retry_after(pause: Duration) -> Self {
        Self::Retry { after: Some(pause), cause: None }
    }

    /// Creates a [`Rejected`](Self::Rejected) for this reason.
    pub fn rejected(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Rejected { cause: Some(cause.into()) }
    }
}
