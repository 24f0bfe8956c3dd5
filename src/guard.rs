//! The guard that ends the exporter, and the handles that ask it.
//!
//! In: flush, shutdown, a look at the ledger. Out: an outcome within the deadline. Never: a longer wait, a join.

use std::panic::Location;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tracing::Span;

use crate::capture::{Capture, RecordedSpan};
use crate::clock::Clock;
use crate::error::FlushError;
use crate::queue::{FlushReply, is_worker_thread};
use crate::stats::{FlushOutcome, LossReason, Stats};
use crate::streaming::StreamRecorder;
use llmobs_model::{Annotation, Evaluation, EvaluationError, Feedback, SpanContext};

/// The owner of the exporter. Dropping the guard sends everything that was captured, within the shutdown timeout.
///
/// Hold it until the end of `main`. In async code prefer [`shutdown_async`](Self::shutdown_async), because
/// dropping the guard blocks the thread for as long as it takes.
///
/// # Example
///
/// ```no_run
/// use std::time::Duration;
/// use tracing_subscriber::prelude::*;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (layer, guard) = tracing_llmobs::builder().ml_app("weather-bot").start()?;
/// tracing_subscriber::registry().with(layer).init();
/// // … the application …
/// guard.shutdown(Duration::from_secs(2))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropping the guard ends the exporter; bind it to a name that lives until the end of main"]
pub struct Guard {
    handle: Handle,
    shutdown_timeout: Duration,
    started: Instant,
}

impl Guard {
    pub(crate) fn new(capture: Arc<Capture>, shutdown_timeout: Duration) -> Self {
        let started = Clock::System.instant();
        Self { handle: Handle { capture: Some(capture) }, shutdown_timeout, started }
    }

    /// The guard of a disabled layer.
    pub(crate) fn inert() -> Self {
        Self { handle: Handle { capture: None }, shutdown_timeout: Duration::ZERO, started: Clock::System.instant() }
    }

    /// Returns a handle that can be cloned and given away. It does not keep the exporter alive.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Sends everything captured so far and waits until it is delivered or lost; see [`Handle::flush`].
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`], when that takes longer than `timeout`, and [`FlushError::Incomplete`], when items were
    /// lost.
    pub fn flush(&self, timeout: Duration) -> Result<FlushOutcome, FlushError> {
        self.handle.flush(timeout)
    }

    /// Flushes like [`flush`](Self::flush) without blocking the thread, on any executor.
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`], when that takes longer than `timeout`, and [`FlushError::Incomplete`], when items were
    /// lost.
    pub async fn flush_async(&self, timeout: Duration) -> Result<FlushOutcome, FlushError> {
        self.handle.flush_async(timeout).await
    }

    /// Refuses new spans, sends everything captured so far and ends the exporter.
    ///
    /// Items that have not arrived when the timeout ends are lost, with [`LossReason::Deadline`](crate::LossReason::Deadline).
    /// The call returns within `timeout` and 50 ms, whatever hangs.
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`] with the number of items that were lost so, and [`FlushError::Incomplete`], when others
    /// were lost before.
    pub fn shutdown(mut self, timeout: Duration) -> Result<FlushOutcome, FlushError> {
        self.end(timeout)
    }

    /// Shuts down like [`shutdown`](Self::shutdown) without blocking the thread, on any executor.
    ///
    /// # Errors
    ///
    /// As [`shutdown`](Self::shutdown).
    pub async fn shutdown_async(mut self, timeout: Duration) -> Result<FlushOutcome, FlushError> {
        let Some(capture) = self.handle.capture.take() else { return Ok(FlushOutcome::default()) };
        refuse_forked(&capture)?;
        let deadline = deadline(timeout);
        capture.services.queue.close(deadline);
        let answer_by = deadline.checked_add(GRACE).unwrap_or(deadline);
        settle(&capture, answer(capture.services.queue.end_from_task(answer_by)).await)
    }

    /// Warns if the guard is dropped where it should have begun to be held: by `let (layer, _) = …`, or at the end of the
    /// function that installs the layer.
    fn note_early_end(&self, capture: &Capture) {
        let (queue, age) = (&capture.services.queue, Clock::System.instant().saturating_duration_since(self.started));
        let stats = queue.stats();
        if capture.is_attached() {
            // A program may also be through without a single span. Spans that start later make the difference.
            if stats.offered == 0 && stats.open_spans == 0 && age < TOO_EARLY {
                queue.problems.notes.watch_late_spans();
            }
        } else {
            queue.problems.notes.note(crate::stats::early_end("before the layer was installed"));
        }
    }

    /// Ends the exporter once: a guard that was shut down does not wait again when it is dropped.
    fn end(&mut self, timeout: Duration) -> Result<FlushOutcome, FlushError> {
        let Some(capture) = self.handle.capture.take() else { return Ok(FlushOutcome::default()) };
        refuse_forked(&capture)?;
        capture.services.queue.close(deadline(timeout));
        if is_worker_thread() {
            return Err(FlushError::OnWorker);
        }
        settle(&capture, wait(&capture, &capture.services.queue.end_from_thread(), timeout.saturating_add(GRACE)))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(capture) = self.handle.capture.as_ref().filter(|_| !std::thread::panicking()) {
            self.note_early_end(capture);
        }
        // The outcome is in the ledger and in the exporter's last log line; `shutdown` returns it.
        drop(self.end(self.shutdown_timeout));
    }
}

/// A cheap, cloneable handle to the exporter: it flushes, reads the ledger, and reaches spans where [`Span`] cannot, because
/// the layer is inside a `reload::Layer`.
///
/// # Example
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// let (layer, guard) = tracing_llmobs::builder().enabled(false).start::<tracing_subscriber::Registry>()?;
/// let handle = guard.handle();
/// handle.flush(Duration::from_secs(1))?;
/// assert!(layer.is_none() && handle.stats().is_balanced());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Handle {
    /// `None` when disabled.
    capture: Option<Arc<Capture>>,
}

impl Handle {
    /// Sends everything captured so far and waits until it is delivered or lost.
    ///
    /// It covers every span that closed before the call. It works from any thread, inside and outside of
    /// async runtimes, and blocks the thread; on a current-thread runtime that also runs the receiver, use
    /// [`flush_async`](Self::flush_async).
    ///
    /// # Errors
    ///
    /// [`FlushError::TimedOut`] after `timeout`; what is pending is still being sent. [`FlushError::Incomplete`], when items
    /// were lost since the flush before: `Ok` is never returned for lost data.
    pub fn flush(&self, timeout: Duration) -> Result<FlushOutcome, FlushError> {
        let Some(capture) = &self.capture else { return Ok(FlushOutcome::default()) };
        refuse_forked(capture)?;
        if is_worker_thread() {
            return Err(FlushError::OnWorker);
        }
        capture.sweep_unwatched();
        wait(capture, &capture.services.queue.flush_from_thread(deadline(timeout)), timeout)
    }

    /// Flushes like [`flush`](Self::flush) without blocking the thread, on any executor.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub async fn flush_async(&self, timeout: Duration) -> Result<FlushOutcome, FlushError> {
        let Some(capture) = &self.capture else { return Ok(FlushOutcome::default()) };
        refuse_forked(capture)?;
        capture.sweep_unwatched();
        answer(capture.services.queue.flush_from_task(deadline(timeout))).await
    }

    /// Returns the ledger at this instant.
    pub fn stats(&self) -> Stats {
        self.capture.as_ref().map(|capture| capture.services.queue.stats()).unwrap_or_default()
    }

    /// Submits an evaluation that names its span, trace or session.
    ///
    /// Evaluations are sent like spans: in batches, again after a failure, and counted in [`Stats`]. A disabled handle only
    /// checks the evaluation.
    ///
    /// # Errors
    ///
    /// [`EvaluationError`], when the submission is not valid or the queue is full; nothing is sent then.
    pub fn submit_evaluation(&self, evaluation: Evaluation) -> Result<(), EvaluationError> {
        match &self.capture {
            Some(capture) => capture.services.submit_evaluation(evaluation),
            None => evaluation.check(0).map(drop),
        }
    }

    /// Submits feedback of a user, like [`submit_evaluation`](Self::submit_evaluation).
    ///
    /// # Errors
    ///
    /// [`EvaluationError`], when the submission is not valid or the queue is full; nothing is sent then.
    pub fn submit_feedback(&self, feedback: Feedback) -> Result<(), EvaluationError> {
        match &self.capture {
            Some(capture) => capture.services.submit_feedback(feedback),
            None => feedback.check(0).map(drop),
        }
    }

    /// Evaluates a span like [`LlmObsSpanExt::evaluate`](crate::LlmObsSpanExt::evaluate), also under `reload::Layer`. A
    /// disabled handle accepts everything.
    ///
    /// # Errors
    ///
    /// As [`LlmObsSpanExt::evaluate`](crate::LlmObsSpanExt::evaluate).
    #[track_caller]
    pub fn evaluate(&self, span: &Span, evaluation: Evaluation) -> Result<(), EvaluationError> {
        let Some(capture) = &self.capture else { return Ok(()) };
        let span = RecordedSpan::within(span, capture);
        span.note_if_disabled(Location::caller());
        span.evaluate(evaluation)
    }

    /// Annotates a span like [`LlmObsSpanExt::annotate`](crate::LlmObsSpanExt::annotate), also under `reload::Layer`.
    #[track_caller]
    pub fn annotate(&self, span: &Span, annotation: Annotation) -> bool {
        let Some(capture) = &self.capture else { return false };
        let span = RecordedSpan::within(span, capture);
        span.note_if_disabled(Location::caller());
        span.annotate(annotation.into())
    }

    /// Finishes a span like [`LlmObsSpanExt::finish`](crate::LlmObsSpanExt::finish), also under `reload::Layer`.
    pub fn finish(&self, span: &Span) -> bool {
        let Some(capture) = &self.capture else { return false };
        RecordedSpan::within(span, capture).finish()
    }

    /// Returns the context of a span like [`LlmObsSpanExt::llmobs_context`](crate::LlmObsSpanExt::llmobs_context), also under
    /// `reload::Layer`.
    pub fn context(&self, span: &Span) -> Option<SpanContext> {
        let capture = self.capture.as_ref()?;
        RecordedSpan::within(span, capture).context()
    }

    /// Creates a recorder like [`StreamRecorder::new`], also under `reload::Layer`.
    pub fn stream(&self, span: Span) -> StreamRecorder {
        StreamRecorder::within(span, self.capture.clone())
    }

    /// Sets the parent of a span like [`LlmObsSpanExt::set_llmobs_parent`](crate::LlmObsSpanExt::set_llmobs_parent), also under
    /// `reload::Layer`.
    pub fn set_parent(&self, span: &Span, parent: &SpanContext) -> bool {
        let Some(capture) = &self.capture else { return false };
        RecordedSpan::within(span, capture).set_parent(parent)
    }
}

/// Stops a forked child at the door: what it would wait for happens in its parent, and locks may be held for ever.
fn refuse_forked(capture: &Capture) -> Result<(), FlushError> {
    if capture.services.queue.is_forked() { Err(FlushError::Forked) } else { Ok(()) }
}

/// Completes the outcome of a shutdown: pending items are lost, even if the exporter has not noticed the deadline. Spans
/// that closed after the shutdown began do not make it fail.
fn settle(capture: &Capture, ended: Result<FlushOutcome, FlushError>) -> Result<FlushOutcome, FlushError> {
    match ended {
        Err(FlushError::TimedOut { outcome, .. }) => {
            let pending = capture.services.queue.stop(LossReason::Deadline);
            judge(FlushReply(outcome.with_pending(pending)))
        }
        Err(FlushError::Incomplete { outcome }) if outcome.lost_total() == outcome.lost(LossReason::Closed) => {
            Ok(outcome)
        }
        Ok(_)
        | Err(FlushError::OnWorker | FlushError::Forked | FlushError::Stopped | FlushError::Incomplete { .. }) => ended,
    }
}

/// Turns an outcome into an error unless everything was delivered, or dropped on purpose.
fn judge(FlushReply(outcome): FlushReply) -> Result<FlushOutcome, FlushError> {
    match outcome {
        outcome if outcome.pending() > 0 => Err(FlushError::TimedOut { pending: outcome.pending(), outcome }),
        outcome if outcome.is_complete() => Ok(outcome),
        outcome => Err(FlushError::Incomplete { outcome }),
    }
}

/// Returns the end of a timeout. A timeout that no clock can represent is a year.
fn deadline(timeout: Duration) -> Instant {
    let now = Clock::System.instant();
    now.checked_add(timeout.min(LONGEST)).unwrap_or(now)
}

fn wait(capture: &Capture, answer: &Receiver<FlushReply>, timeout: Duration) -> Result<FlushOutcome, FlushError> {
    match answer.recv_timeout(timeout) {
        Ok(settled) => judge(settled),
        Err(RecvTimeoutError::Timeout) => match capture.services.queue.outcome() {
            // Everything was settled in the moment in which the time was up.
            outcome if outcome.pending() == 0 => judge(FlushReply(outcome)),
            outcome => Err(FlushError::TimedOut { pending: outcome.pending(), outcome }),
        },
        Err(RecvTimeoutError::Disconnected) => Err(FlushError::Stopped),
    }
}

async fn answer(answer: oneshot::Receiver<FlushReply>) -> Result<FlushOutcome, FlushError> {
    answer.await.map_or(Err(FlushError::Stopped), judge)
}

/// The time after the deadline in which the exporter logs the totals.
const GRACE: Duration = Duration::from_millis(40);
/// A guard that is dropped so soon after the start, before there was any span, may not have been meant to be.
const TOO_EARLY: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);
