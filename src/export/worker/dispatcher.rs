//! The dispatcher: sends batches, several at a time, and decides what becomes of those that fail.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::task::{Id, JoinSet};
use tokio::time::sleep_until;

use super::super::retry::{Attempt, Verdict, verdict};
use super::super::transport::{Failure, Payload, Route, SendError, Transport};
use super::encoder::Encoder;
use super::lane::{Consequence, Lane, Step};
use super::outbox::{Outbox, PendingBatch, frame};
use super::spooler::Spooler;
use crate::clock::{Clock, nanos_between};
use crate::diagnostics::{Announcer, FailedRequest};
use crate::queue::{BatchEnd, Phase, Queue};
use crate::stats::LossReason;

/// The state of the dispatcher, which survives a restart.
#[derive(Debug)]
pub(super) struct Dispatcher {
    queue: Arc<Queue>,
    outbox: Arc<Outbox>,
    /// `None` when items are kept in this process.
    transport: Option<Arc<Transport>>,
    clock: Clock,
    announcer: Announcer,
    lanes: [Lane; Route::ALL.len()],
    requests: JoinSet<Result<(), SendError>>,
    /// The requests that are in flight, by their task.
    flights: HashMap<Id, Flight>,
    /// Lanes whose receiver has been asked once more because the pipeline ends.
    asked_at_end: bool,
    spooler: Option<Spooler>,
}

/// A request in flight.
#[derive(Debug)]
struct Flight {
    route: Route,
    /// `None` for a probe.
    batch: Option<PendingBatch>,
    started: Instant,
    /// The epoch of its lane at the start.
    epoch: u64,
}

impl Dispatcher {
    pub(super) fn new(
        queue: Arc<Queue>,
        outbox: Arc<Outbox>,
        transport: Option<Arc<Transport>>,
        clock: Clock,
        announcer: Announcer,
    ) -> Self {
        let (lanes, requests, flights) = Default::default();
        let (asked_at_end, spooler) = (false, None);
        Self { queue, outbox, transport, clock, announcer, lanes, requests, flights, asked_at_end, spooler }
    }

    /// Keeps batches on disk, too, until they are settled.
    pub(super) fn with_spool(self, spooler: Option<Spooler>) -> Self {
        Self { spooler, ..self }
    }

    /// Works until the pipeline has ended. `encoder` is given when this thread may help it.
    pub(super) async fn run(&mut self, encoder: Option<&Mutex<Encoder>>) {
        loop {
            for (route, mut batch) in self.outbox.take_all() {
                self.spooler.iter().for_each(|spooler| spooler.keep(route, &mut batch));
                self.lane(route).push(batch);
            }
            let next_step = self.take_steps();
            let next_waiter = self.queue.expire_waiters(Clock::System.instant());
            let Some(deadline) = self.deadline() else { return };
            self.announcer.report(self.clock.instant(), &self.queue.stats());
            let is_helping = encoder.is_some_and(|encoder| self.help(encoder));
            let wake = [next_step, next_waiter, deadline].into_iter().flatten().min();
            self.wait(wake, is_helping).await;
        }
    }

    /// Waits for a request to end, for attention, or for the time `wake`. While this thread helps the encoder it only
    /// lets the requests in flight go on.
    async fn wait(&mut self, wake: Option<Instant>, is_helping: bool) {
        let wake = if is_helping { Some(Clock::System.instant()) } else { wake };
        let at = wake.unwrap_or_else(|| in_future(IDLE));
        // Requests are tasks of this runtime, which go on only when this one gives way.
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            Some(ended) = self.requests.join_next_with_id(), if !self.flights.is_empty() => match ended {
                Ok((task, outcome)) => self.end_flight(task, outcome),
                // The task panicked, for example because no thread for the resolver could be started.
                Err(error) => self.end_flight(error.id(), Err(SendError::new(Failure::Connect))),
            },
            () = self.queue.attention() => {}
            () = sleep_until(at.into()) => {}
        }
    }

    /// Encodes a round when somebody waits or the queue fills up: the encoder thread has a low priority, and on a busy
    /// machine it would hardly run.
    fn help(&self, encoder: &Mutex<Encoder>) -> bool {
        if !self.queue.is_awaited() && !self.queue.is_half_full() {
            return false;
        }
        encoder.try_lock().is_some_and(|mut encoder| encoder.round())
    }

    /// Returns the shutdown deadline, if there is one; nothing at all when the pipeline has ended.
    #[expect(clippy::option_option, reason = "ended, running without a deadline, or with one")]
    fn deadline(&mut self) -> Option<Option<Instant>> {
        match self.queue.phase() {
            Phase::Running => Some(None),
            Phase::Stopped => None,
            Phase::Draining { deadline } => {
                if deadline <= Clock::System.instant() || self.queue.stats().pending == 0 || self.is_hopeless(deadline)
                {
                    return None;
                }
                Some(Some(deadline))
            }
        }
    }

    /// Returns true when every lane waits, because its receiver asked for it, until after the deadline.
    fn is_hopeless(&self, deadline: Instant) -> bool {
        let waits = |lane: &Lane| lane.is_empty() || lane.asked_pause().is_some_and(|until| until > deadline);
        self.flights.is_empty() && self.lanes.iter().any(|lane| !lane.is_empty()) && self.lanes.iter().all(waits)
    }

    /// Takes all steps that can be taken now. Returns when the next one can.
    fn take_steps(&mut self) -> Option<Instant> {
        let is_ending = self.queue.phase() != Phase::Running;
        let now = self.clock.instant();
        if self.queue.is_awaited() {
            self.lanes.iter_mut().for_each(|lane| lane.hurry(now));
        }
        if is_ending && !self.asked_at_end {
            self.asked_at_end = true;
            self.lanes.iter_mut().for_each(|lane| lane.probe_now(now));
        }
        let waits = Route::ALL.map(|route| {
            let wait = self.take_steps_of(route, now);
            let is_free = self.lane(route).is_free() || is_ending && self.lane(route).is_refused();
            // What is to survive a crash must not wait in an open batch until the intake is back.
            self.outbox.set_free(route, is_free || self.spooler.is_some());
            wait
        });
        waits.into_iter().flatten().min()
    }

    fn take_steps_of(&mut self, route: Route, now: Instant) -> Option<Instant> {
        loop {
            match self.lane(route).next(now) {
                Step::Send(batch) => self.send(route, Some(batch), now),
                Step::Probe => self.send(route, None, now),
                Step::End(batch, reason) => self.end(&batch, reason.into()),
                Step::Split(batch, sizes) => self.count_split(&batch, sizes),
                Step::WaitUntil(until) => return Some(until),
                Step::Idle => return None,
            }
        }
    }

    /// Starts a request: with a batch, or as a probe.
    fn send(&mut self, route: Route, batch: Option<PendingBatch>, now: Instant) {
        let Some(transport) = self.transport.clone() else { return };
        let body = match &batch {
            Some(batch) => batch.batch.body(),
            None => Bytes::from(frame(route).probe()),
        };
        self.queue.count_request(batch.as_ref().is_some_and(|batch| batch.attempts > 1));
        let ends = batch.as_ref().filter(|_| transport.is_carrier()).map(|batch| batch.batch.ends().to_vec());
        let payload = Payload { route, body, ends: ends.unwrap_or_default() };
        let task = self.requests.spawn(async move { transport.send(&payload).await });
        let epoch = self.lane(route).epoch();
        self.flights.insert(task.id(), Flight { route, batch, started: now, epoch });
    }

    fn end_flight(&mut self, task: Id, outcome: Result<(), SendError>) {
        let Some(Flight { route, batch, started, epoch }) = self.flights.remove(&task) else { return };
        let now = self.clock.instant();
        if let Some(transport) = &self.transport {
            self.announcer.route_decided(|| transport.decided(Route::Spans));
        }
        match (batch, outcome) {
            (Some(batch), Ok(())) => {
                self.lane(route).deliver(&batch);
                self.end(&batch, BatchEnd::Delivered);
                self.outbox.give_back(route, batch.batch, nanos_between(started, now));
            }
            (Some(batch), Err(error)) => self.fail(route, batch, &error, epoch, now),
            (None, outcome) => self.end_probe(route, outcome.err(), now),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a failed request and the moment of it")]
    fn fail(&mut self, route: Route, batch: PendingBatch, error: &SendError, epoch: u64, now: Instant) {
        let attempt = self.attempt(batch.attempts, batch.batch.bytes(), batch.batch.len());
        let verdict = verdict(error, &attempt);
        let items = batch.items();
        let (batch, consequence) = self.lane(route).fail(batch, verdict, epoch, now, fastrand::f64());
        let next_attempt = match consequence {
            Consequence::Kept(until) => Some(until.saturating_duration_since(now)),
            Consequence::Split(sizes) => {
                self.count_split(&batch, sizes);
                None
            }
            Consequence::Lost(reason) => {
                self.end(&batch, reason.into());
                None
            }
        };
        let (batches, queued) = self.lane(route).backlog();
        let is_refused = verdict == Verdict::Refused;
        self.announcer.request_failed(FailedRequest {
            error: error.to_string(),
            cause: error.cause_text(),
            intake: route.items(),
            items,
            batches,
            queued,
            next_attempt,
            is_refused,
            destination: self.transport.as_ref().and_then(|transport| transport.destination(route)),
            at: now,
        });
        self.lose_refused(route, refusal(error, verdict));
    }

    fn end_probe(&mut self, route: Route, error: Option<SendError>, now: Instant) {
        let verdict = error.as_ref().map(|error| verdict(error, &self.attempt(1, 0, 0)));
        self.lane(route).probed(verdict, now, fastrand::f64());
        self.lose_refused(route, error.and_then(|error| refusal(&error, verdict?)));
    }

    /// At the end nothing is kept for a receiver that still refuses everything: waiting for the deadline would only delay
    /// the end of the process.
    fn lose_refused(&mut self, route: Route, refusal: Option<LossReason>) {
        let Some(reason) = refusal.filter(|_| self.asked_at_end) else { return };
        for batch in self.lane(route).take_waiting() {
            // The next process may have a better key.
            if batch.spooled.is_none() {
                self.end(&batch, BatchEnd::Lost(reason));
            } else {
                self.lane(route).push(batch);
            }
        }
    }

    fn attempt(&self, number: u32, body_bytes: usize, items: usize) -> Attempt {
        Attempt { number, body_bytes, items, unix_time: Duration::from_nanos(self.clock.wall_ns()) }
    }

    fn end(&self, batch: &PendingBatch, end: BatchEnd) {
        batch.spooled.iter().for_each(|spooled| spooled.settle(&self.queue, batch.items()));
        self.queue.end_batch(batch.first, batch.batch.bytes(), batch.items(), end);
    }

    /// Counts two parts in the place of a batch. They are counted first, so that their items are never said to be settled.
    fn count_split(&self, batch: &PendingBatch, sizes: [usize; 2]) {
        for bytes in sizes {
            self.queue.open_batch(batch.first, bytes, 0);
        }
        self.queue.end_batch(batch.first, batch.batch.bytes(), 0, BatchEnd::Delivered);
    }

    /// Prepares to run again after a panic: what was in flight goes back to its lane.
    pub(super) fn restart(&mut self) {
        self.queue.count_restart();
        self.requests = JoinSet::new();
        for (_, Flight { route, batch, .. }) in std::mem::take(&mut self.flights) {
            self.lane(route).recover(batch);
        }
    }

    /// Ends the pipeline: what is left is lost, and everybody who waits is answered before anything is freed.
    pub(super) fn finish(&mut self) {
        let end = match self.queue.phase() {
            Phase::Draining { deadline } => deadline,
            Phase::Running | Phase::Stopped => Clock::System.instant(),
        };
        self.spooler.iter().for_each(Spooler::finish);
        self.queue.stop(LossReason::Deadline);
        // A waiter may end the process as soon as it has its answer, so the log comes first, but not for long.
        let patience = end.saturating_duration_since(Clock::System.instant()).saturating_add(LAST_WORDS);
        self.announcer.finish(self.clock.instant(), &self.queue.stats(), patience);
        self.queue.dismiss_waiters();
        self.queue.discard();
    }

    fn lane(&mut self, route: Route) -> &mut Lane {
        let [spans, evaluations, feedback] = &mut self.lanes;
        match route {
            Route::Spans => spans,
            Route::Evaluations => evaluations,
            Route::Feedback => feedback,
        }
    }
}

/// Returns the reason for losing the items of a receiver that refuses everything: its answer is about the key, or about
/// the address.
const fn refusal(error: &SendError, verdict: Verdict) -> Option<LossReason> {
    match (verdict, error.failure) {
        (Verdict::Refused, Failure::Status(401 | 403 | 407)) => Some(LossReason::Unauthorized),
        (Verdict::Refused, _) => Some(LossReason::Rejected),
        (Verdict::Retry { .. } | Verdict::TooLarge | Verdict::Invalid | Verdict::Lost(_), _) => None,
    }
}

/// The time that the subscriber has for the last log lines after the shutdown deadline.
const LAST_WORDS: Duration = Duration::from_millis(25);
/// Without anything to do the dispatcher looks around this often.
const IDLE: Duration = Duration::from_secs(1);

fn in_future(wait: Duration) -> Instant {
    let now = Clock::System.instant();
    now.checked_add(wait).unwrap_or(now)
}
