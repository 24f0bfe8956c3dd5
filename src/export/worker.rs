//! The worker: one thread, one current-thread runtime, one loop that is always polled.
//!
//! A runtime that is parked between batches does not see that the intake has closed an idle connection, and
//! loses the next request to it; so nothing in here blocks.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::time::{sleep, sleep_until};

use super::aside::Aside;
use super::assemble::Assembler;
use super::batch::{Batch, Batcher};
use super::priority::lower_priority;
use super::process::Processors;
use super::retry::{Attempt, Verdict, verdict};
use super::tail::{Judged, Tail};
use super::transport::{Payload, Route, Transport};
use super::watch::{self, answer_late_waiters};
use crate::clock::{Clock, nanos_between};
use crate::diagnostics::Diagnostics;
use crate::error::ConfigError;
use crate::queue::{Next, Phase, Queue, Taken, mark_worker_thread};
use crate::recording::{CapturedItem, FieldLog, Recording};
use crate::stats::LossReason;

mod items;

/// Where events go.
#[derive(Debug)]
pub(crate) enum Sink {
    /// To an intake, in batches.
    Intake(Box<Transport>),
    /// To somebody in this process, one by one.
    Memory(mpsc::Sender<CapturedItem>),
}

/// See the file's card.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) queue: Arc<Queue>,
    pub(crate) assembler: Assembler,
    pub(crate) spans: Batcher,
    pub(crate) evaluations: Batcher,
    pub(crate) processors: Processors,
    pub(crate) tail: Tail,
    pub(crate) sink: Sink,
    pub(crate) clock: Clock,
    pub(crate) flush_interval: Duration,
    pub(crate) max_event_bytes: usize,
    pub(crate) evaluation_source: Option<&'static str>,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) aside: Aside,
}

impl Worker {
    /// Starts the thread and returns when it runs.
    ///
    /// # Errors
    ///
    /// When the thread or its runtime cannot be started.
    pub(crate) fn start(self) -> Result<(), ConfigError> {
        if self.runs_foreign_code() {
            let watched = watch::start(Arc::clone(&self.queue));
            watched.map_err(|source| ConfigError::Thread { source })?;
        }
        let (tx, rx) = mpsc::sync_channel(1);
        // The runtime is made on its own thread: dropped in a caller's async context, it would panic.
        let thread = std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || self.live(&tx));
        let started = thread.and_then(|_| rx.recv().map_err(std::io::Error::other)?);
        started.map_err(|source| ConfigError::Thread { source })
    }

    fn live(mut self, started: &mpsc::SyncSender<std::io::Result<()>>) {
        mark_worker_thread();
        lower_priority();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .on_thread_start(mark_worker_thread)
            .thread_name(THREAD_NAME)
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(error))),
        };
        drop(started.send(Ok(())));
        let queue = Arc::clone(&self.queue);
        let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(self.run())));
        queue.stop(if outcome.is_ok() { LossReason::Deadline } else { LossReason::Worker });
        // Whoever waits may end the process as soon as he has his answer.
        self.diagnostics.last_words(&queue.stats(), &queue.problems);
        queue.dismiss_waiters();
        // Dropping the runtime would wait for a name that is being looked up.
        runtime.shutdown_background();
    }

    async fn run(&mut self) -> Result<(), PastDeadline> {
        if !self.runs_foreign_code() {
            tokio::spawn(answer_late_waiters(Arc::clone(&self.queue)));
        }
        let mut taken = Taken::default();
        while self.queue.phase() == Phase::Running {
            tokio::select! {
                () = self.queue.work() => {}
                () = sleep(self.flush_interval) => self.queue.shrink(),
            }
            self.drain(&mut taken).await?;
            self.report();
        }
        // What came between the last look and the closing of the door.
        self.drain(&mut taken).await
    }

    /// Sends everything that is in the queue, and what comes in meanwhile.
    async fn drain(&mut self, taken: &mut Taken) -> Result<(), PastDeadline> {
        let mut log = FieldLog::new();
        loop {
            self.check_deadline()?;
            let has_taken = self.queue.take(taken);
            self.send_held().await?;
            if !has_taken {
                break;
            }
            self.send_full_batches(taken, &mut log).await?;
        }
        let (evaluations, spans) = (self.evaluations.take(), self.spans.take());
        self.send_both(evaluations, spans).await
    }

    /// Sends a batch that an item was too much for, and everything else that came before that item.
    async fn send_earlier(&mut self, route: Route, full: Batch) -> Result<(), PastDeadline> {
        let (evaluations, spans) = match route {
            Route::Spans => (self.evaluations.take(), Some(full)),
            Route::Evaluations => (Some(full), self.spans.take()),
        };
        self.send_both(evaluations, spans).await
    }

    async fn send_both(&mut self, evaluations: Option<Batch>, spans: Option<Batch>) -> Result<(), PastDeadline> {
        if let Some(batch) = evaluations {
            self.send(Route::Evaluations, batch).await?;
        }
        if let Some(batch) = spans {
            self.send(Route::Spans, batch).await?;
        }
        self.aside.settle(&self.queue);
        Ok(())
    }

    /// Reads some of what was taken.
    async fn send_full_batches(&mut self, taken: &mut Taken, log: &mut FieldLog) -> Result<(), PastDeadline> {
        let mut judged = Judged::default();
        let now = Now { instant: self.clock.instant(), wall_ns: self.clock.wall_ns() };
        let mut read = 0;
        loop {
            // What is found in a span comes directly behind it, and in the same round: nobody asks for it when nothing waits.
            let mut found = self.assembler.found();
            let next = match &mut found {
                Some(Recording { head, log: said }) => {
                    *log = std::mem::take(said);
                    Some(Next::Span(head))
                }
                None if read == ROUND => None,
                None => {
                    read = read.saturating_add(1);
                    self.queue.next(taken, log)
                }
            };
            let (route, taken) = match next {
                None => break,
                Some(Next::Span(head)) => {
                    let taken = self.take_in(head, log, now, &mut judged);
                    self.queue.spare_texts.empty(log);
                    (Route::Spans, taken)
                }
                Some(Next::Evaluation(submission)) => (Route::Evaluations, self.take_in_evaluation(submission)),
            };
            // Nearly always there is nothing to wait for.
            if !matches!(taken, Ok(None)) {
                self.send_if_full(route, taken).await?;
            }
            if !judged.is_empty() {
                self.send_judged(&mut judged).await?;
            }
        }
        Ok(())
    }

    /// Decides about the traces that wait for their end: about all of them when somebody waits for us.
    async fn send_held(&mut self) -> Result<(), PastDeadline> {
        if !self.tail.is_holding() {
            return Ok(());
        }
        let mut judged = Judged::default();
        self.tail.release(self.queue.is_awaited(), self.clock.instant(), &mut judged);
        self.send_judged(&mut judged).await
    }

    async fn send_judged(&mut self, judged: &mut Judged) -> Result<(), PastDeadline> {
        let unsampled = std::mem::take(&mut judged.unsampled);
        if unsampled > 0 {
            self.aside.add(Err(LossReason::Sampling), unsampled);
        }
        for ready in judged.ready.drain(..) {
            let taken = self.take_in_event(ready);
            self.send_if_full(Route::Spans, taken).await?;
        }
        Ok(())
    }

    async fn send_if_full(
        &mut self,
        route: Route,
        taken: Result<Option<Batch>, LossReason>,
    ) -> Result<(), PastDeadline> {
        match taken {
            Ok(None) => Ok(()),
            Ok(Some(full)) => self.send_earlier(route, full).await,
            Err(reason) => {
                self.aside.add(Err(reason), 1);
                Ok(())
            }
        }
    }

    /// Counts items now if they are spans, and after the spans before them if they are evaluations.
    fn settle(&mut self, route: Route, end: Result<(), LossReason>, items: u64) {
        match (route, end) {
            (Route::Spans, Ok(())) => self.queue.deliver(items),
            (Route::Spans, Err(reason)) => self.queue.lose(reason, items),
            (Route::Evaluations, end) => self.aside.add(end, items),
        }
    }

    /// Sends a batch; one that is too large is sent in halves, and the halves in halves.
    async fn send(&mut self, route: Route, batch: Batch) -> Result<(), PastDeadline> {
        let mut parts = vec![batch];
        while let Some(part) = parts.pop() {
            let items = u64::try_from(part.len()).unwrap_or(u64::MAX);
            let begun = self.clock.instant();
            let outcome = self.deliver(route, &part).await?;
            let took = nanos_between(begun, self.clock.instant());
            match route {
                Route::Spans => self.spans.aim(part.bytes(), took),
                Route::Evaluations => self.evaluations.aim(part.bytes(), took),
            }
            match outcome {
                Outcome::Delivered => self.settle(route, Ok(()), items),
                Outcome::Lost(reason) => self.settle(route, Err(reason), items),
                Outcome::TooLarge => match part.halves() {
                    Some((first, second)) => parts.extend([second, first]),
                    None => self.settle(route, Err(LossReason::TooLarge), items),
                },
            }
            match route {
                Route::Spans => self.spans.recycle(part),
                Route::Evaluations => self.evaluations.recycle(part),
            }
            // A queue that is full for minutes keeps the worker in here.
            self.report();
        }
        Ok(())
    }

    fn report(&mut self) {
        self.diagnostics.report(&self.queue.stats(), &self.queue.problems, self.clock.instant());
    }

    /// Sends one payload, again with the same bytes where that may help.
    async fn deliver(&mut self, route: Route, batch: &Batch) -> Result<Outcome, PastDeadline> {
        self.check_deadline()?;
        let Sink::Intake(transport) = &mut self.sink else { return Ok(Outcome::Lost(LossReason::Worker)) };
        let payload = Payload { route, body: batch.body() };
        let queue = &self.queue;
        for number in 1.. {
            queue.count_request(number > 1);
            let error = tokio::select! {
                biased;
                sent = transport.send(&payload) => match sent {
                    Ok(()) => return Ok(Outcome::Delivered),
                    Err(error) => error,
                },
                () = past_deadline(queue) => break,
            };
            self.diagnostics.send_failed(&error, batch.len(), self.clock.instant());
            let unix_time = Duration::from_nanos(self.clock.wall_ns());
            let (body_bytes, items, jitter) = (payload.body.len(), batch.len(), fastrand::f64());
            match verdict(&error, &Attempt { number, body_bytes, items, jitter, unix_time }) {
                Verdict::Never(reason) => return Ok(Outcome::Lost(reason)),
                Verdict::Split => return Ok(Outcome::TooLarge),
                Verdict::Again(after) => tokio::select! {
                    () = sleep(after) => {}
                    () = past_deadline(queue) => break,
                },
            }
        }
        Err(PastDeadline)
    }

    fn check_deadline(&self) -> Result<(), PastDeadline> {
        match self.queue.phase() {
            Phase::Draining { deadline } if deadline <= Clock::System.instant() => Err(PastDeadline),
            Phase::Stopped => Err(PastDeadline),
            Phase::Running | Phase::Draining { .. } => Ok(()),
        }
    }
}

/// When a chunk of items is looked at.
#[derive(Debug, Clone, Copy)]
struct Now {
    instant: Instant,
    wall_ns: u64,
}

/// The shutdown deadline has passed. What is left stays pending, so that [`Queue::stop`] counts all of it and tells
/// those who wait.
#[derive(Debug)]
struct PastDeadline;

/// What became of a payload.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Delivered,
    TooLarge,
    Lost(LossReason),
}

/// Ends when the shutdown deadline has passed; never while the pipeline runs.
async fn past_deadline(queue: &Queue) {
    loop {
        let changed = queue.phase_changed();
        match queue.phase() {
            Phase::Running => changed.await,
            Phase::Draining { deadline } => return sleep_until(deadline.into()).await,
            Phase::Stopped => return,
        }
    }
}

/// So many items, and what is found in them, are read between two looks at the clock and at who waits.
const ROUND: usize = 128;

/// At most 15 characters, or Linux cuts it.
const THREAD_NAME: &str = "dd-llmobs";
