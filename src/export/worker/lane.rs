//! A lane: the batches of one intake, in order, and when the next request may start. Pure: time is an argument.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::retry::{MAX_BACKOFF, Verdict, backoff};
use super::bisection::Bisection;
use super::outbox::PendingBatch;
use super::size_limit::SizeLimit;
use crate::queue::BatchEnd;
use crate::stats::LossReason;

/// The state of one intake.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Batches that wait, in the order of their first attempt.
    waiting: VecDeque<PendingBatch>,
    in_flight: usize,
    /// The number of requests that may be in flight; see [`Lane::grow`].
    window: usize,
    /// No request starts before this time.
    pause: Option<Pause>,
    /// Failures in a row.
    failures: u32,
    /// Changes with every failure. Requests that were in flight at a failure do not count as further failures.
    epoch: u64,
    refusal: Option<Refusal>,
    size: SizeLimit,
}

#[derive(Debug, Clone, Copy)]
struct Pause {
    until: Instant,
    /// The receiver asked for it, so nothing shortens it.
    is_asked: bool,
}

/// The receiver refuses everything: no content is uploaded until a probe is accepted.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    probes: u32,
    next_probe: Instant,
    is_probing: bool,
}

/// The next step of a lane.
#[derive(Debug)]
pub(super) enum Step {
    /// A batch is to be sent.
    Send(PendingBatch),
    /// A request without items is to be sent.
    Probe,
    /// A batch has ended without a request.
    End(PendingBatch, LossReason),
    /// A batch has become two, which are waiting now.
    Split(PendingBatch, [usize; 2]),
    /// There is nothing to do before this time.
    WaitUntil(Instant),
    /// There is nothing to do before something happens.
    Idle,
}

/// The consequence of a failed request, for the ledger and the log.
#[derive(Debug)]
pub(super) enum Consequence {
    /// The items stay, and are sent again not before this time.
    Kept(Instant),
    /// The batch has become two of so many bytes.
    Split([usize; 2]),
    Lost(LossReason),
}

impl Lane {
    const MAX_WINDOW: usize = 8;
    /// The intake takes nothing older.
    const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
    /// While somebody waits for a flush, the lane tries again at least this often.
    const MAX_PAUSE_WHILE_AWAITED: Duration = Duration::from_secs(1);

    pub(super) fn push(&mut self, batch: PendingBatch) {
        self.waiting.push_back(batch);
    }

    /// Returns true when another batch would be sent at once.
    pub(super) fn is_free(&self) -> bool {
        self.waiting.is_empty() && self.in_flight < self.window() && self.pause.is_none() && self.refusal.is_none()
    }

    /// Returns true when the receiver refused the last request, whatever was in it.
    pub(super) const fn is_refused(&self) -> bool {
        self.refusal.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.in_flight == 0
    }

    /// Returns the number of batches and items that wait.
    pub(super) fn backlog(&self) -> (usize, u64) {
        (self.waiting.len(), self.waiting.iter().fold(0, |sum, batch| sum.saturating_add(batch.items())))
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the time before which the receiver wants no request.
    pub(super) fn asked_pause(&self) -> Option<Instant> {
        self.pause.filter(|pause| pause.is_asked).map(|pause| pause.until)
    }

    /// Decides the next step.
    pub(super) fn next(&mut self, now: Instant) -> Step {
        if let Some(step) = self.end_or_split_first(now) {
            return step;
        }
        if let Some(pause) = self.pause {
            if pause.until > now {
                return Step::WaitUntil(pause.until);
            }
            self.pause = None;
        }
        if let Some(refusal) = &mut self.refusal {
            if refusal.is_probing || self.in_flight > 0 || self.waiting.is_empty() {
                return Step::Idle;
            }
            if refusal.next_probe > now {
                return Step::WaitUntil(refusal.next_probe);
            }
            refusal.is_probing = true;
            self.in_flight = self.in_flight.saturating_add(1);
            return Step::Probe;
        }
        if self.in_flight >= self.window() {
            return Step::Idle;
        }
        // Parts of one search wait for one another; batches behind them go on.
        let is_searched = |batch: &PendingBatch| batch.bisection.as_ref().is_some_and(|search| search.is_in_flight());
        let next = self.waiting.iter().position(|batch| !is_searched(batch));
        let Some(mut batch) = next.and_then(|at| self.waiting.remove(at)) else { return Step::Idle };
        batch.attempts = batch.attempts.saturating_add(1);
        self.begin(&batch);
        Step::Send(batch)
    }

    /// Settles the first batch where no request is needed: it is too old, or larger than the receiver is known to take.
    fn end_or_split_first(&mut self, now: Instant) -> Option<Step> {
        let first = self.waiting.front()?;
        let is_old = now.saturating_duration_since(first.since) > Self::MAX_AGE;
        if !is_old && !self.size.excludes(first.batch.bytes(), now) {
            return None;
        }
        let batch = self.waiting.pop_front()?;
        if is_old {
            return Some(Step::End(batch, LossReason::TooOld));
        }
        match self.split(&batch) {
            Some(sizes) => Some(Step::Split(batch, sizes)),
            None => Some(Step::End(batch, LossReason::TooLarge)),
        }
    }

    /// After a failure one request at a time finds out whether the intake is back.
    fn window(&self) -> usize {
        if self.failures > 0 { 1 } else { self.window.max(1) }
    }

    fn begin(&mut self, batch: &PendingBatch) {
        self.in_flight = self.in_flight.saturating_add(1);
        batch.bisection.iter().for_each(|search| search.set_in_flight(true));
    }

    fn end(&mut self, batch: &PendingBatch) {
        self.in_flight = self.in_flight.saturating_sub(1);
        batch.bisection.iter().for_each(|search| search.set_in_flight(false));
    }

    /// Notes a delivery. The window grows with each one while more waits, up to [`MAX_WINDOW`](Self::MAX_WINDOW), so that
    /// a receiver that is far away does not cost a round trip a batch; a failure halves it.
    pub(super) fn deliver(&mut self, batch: &PendingBatch) {
        self.end(batch);
        batch.bisection.iter().for_each(|search| search.earn());
        self.failures = 0;
        self.refusal = None;
        self.size.deliver(batch.batch.bytes());
        self.grow();
    }

    fn grow(&mut self) {
        if !self.waiting.is_empty() {
            self.window = self.window.max(1).saturating_add(1).min(Self::MAX_WINDOW);
        }
    }

    /// Notes that a request failed. `epoch` is the lane's when the request started.
    #[expect(clippy::too_many_arguments, reason = "a failed request and the moment of it")]
    pub(super) fn fail(
        &mut self,
        batch: PendingBatch,
        verdict: Verdict,
        epoch: u64,
        now: Instant,
        random: f64,
    ) -> (PendingBatch, Consequence) {
        self.end(&batch);
        let consequence = match verdict {
            Verdict::Retry { asked } => {
                let until = self.pause(asked, epoch, now, random);
                self.put_back(batch.clone());
                Consequence::Kept(until)
            }
            Verdict::Refused => {
                let until = self.refuse(now, random);
                self.put_back(batch.clone());
                Consequence::Kept(until)
            }
            Verdict::Lost(reason) => Consequence::Lost(reason),
            Verdict::TooLarge => {
                if let Some(sizes) = self.split(&batch) {
                    Consequence::Split(sizes)
                } else {
                    self.size.refuse(batch.batch.bytes(), now);
                    Consequence::Lost(LossReason::TooLarge)
                }
            }
            Verdict::Invalid => match self.bisect(&batch) {
                Some(sizes) => Consequence::Split(sizes),
                None => Consequence::Lost(LossReason::Rejected),
            },
        };
        (batch, consequence)
    }

    /// Puts a batch back in its place: before everything that came later.
    fn put_back(&mut self, batch: PendingBatch) {
        let at = self.waiting.iter().position(|other| other.first >= batch.first).unwrap_or(self.waiting.len());
        self.waiting.insert(at, batch);
    }

    /// Returns a batch whose request vanished, for example in a panic.
    pub(super) fn recover(&mut self, batch: Option<PendingBatch>) {
        if let Some(batch) = batch {
            self.end(&batch);
            self.put_back(batch);
            return;
        }
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(refusal) = &mut self.refusal {
            refusal.is_probing = false;
        }
    }

    fn pause(&mut self, asked: Option<Duration>, epoch: u64, now: Instant, random: f64) -> Instant {
        // Eight requests that meet the same outage are one failure.
        if epoch == self.epoch {
            self.failures = self.failures.saturating_add(1);
            self.epoch = self.epoch.saturating_add(1);
            self.window = (self.window() / 2).max(1);
        }
        let wait = asked.unwrap_or_else(|| backoff(self.failures, random));
        let until = now.checked_add(wait).unwrap_or(now);
        let earlier = self.pause.filter(|pause| pause.until >= until);
        let pause = earlier.unwrap_or(Pause { until, is_asked: asked.is_some() });
        self.pause = Some(pause);
        pause.until
    }

    fn refuse(&mut self, now: Instant, random: f64) -> Instant {
        let probes = self.refusal.map_or(0, |refusal| refusal.probes).saturating_add(1);
        self.epoch = self.epoch.saturating_add(1);
        self.window = 1;
        // Between half of the interval and all of it: 1 s, 2 s, 4 s … 30 s.
        let interval = Duration::from_secs(1).saturating_mul(1 << probes.saturating_sub(1).min(5)).min(MAX_BACKOFF);
        let wait = interval.mul_f64(0.5 + random.clamp(0.0, 1.0) / 2.0);
        let next_probe = now.checked_add(wait).unwrap_or(now);
        self.refusal = Some(Refusal { probes, next_probe, is_probing: false });
        next_probe
    }

    /// Notes the answer to a probe: `None` when the receiver would take items now.
    pub(super) fn probed(&mut self, verdict: Option<Verdict>, now: Instant, random: f64) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match verdict {
            Some(Verdict::Refused) => drop(self.refuse(now, random)),
            Some(Verdict::Retry { asked }) => {
                if let Some(refusal) = &mut self.refusal {
                    refusal.is_probing = false;
                }
                self.pause(asked, self.epoch, now, random);
            }
            // A receiver that complains about the content has accepted the key.
            Some(Verdict::Invalid | Verdict::TooLarge | Verdict::Lost(_)) | None => {
                self.refusal = None;
                self.failures = 0;
            }
        }
    }

    /// Shortens the pauses that the lane has set itself, because somebody waits.
    pub(super) fn hurry(&mut self, now: Instant) {
        let latest = now.checked_add(Self::MAX_PAUSE_WHILE_AWAITED).unwrap_or(now);
        if let Some(pause) = self.pause.as_mut().filter(|pause| !pause.is_asked) {
            pause.until = pause.until.min(latest);
        }
        if let Some(refusal) = &mut self.refusal {
            refusal.next_probe = refusal.next_probe.min(latest);
        }
    }

    /// Asks a receiver that refused everything once more, at once, because the pipeline ends.
    pub(super) fn probe_now(&mut self, now: Instant) {
        if let Some(refusal) = &mut self.refusal {
            refusal.next_probe = now;
        }
    }

    /// Takes all waiting batches out.
    pub(super) fn take_waiting(&mut self) -> VecDeque<PendingBatch> {
        std::mem::take(&mut self.waiting)
    }

    /// Puts both halves of a batch in its place and returns their sizes; `None` for a single item.
    fn split(&mut self, batch: &PendingBatch) -> Option<[usize; 2]> {
        let (first, second) = batch.batch.halves()?;
        let sizes = [first.bytes(), second.bytes()];
        let part = |part| PendingBatch { batch: part, attempts: 0, ..batch.clone() };
        let (first, second) = (part(first), part(second));
        // The second half has the number of the whole: later than the first, and not later than what came after.
        let at = self.waiting.iter().position(|other| other.first >= batch.first).unwrap_or(self.waiting.len());
        self.waiting.insert(at, second);
        self.waiting.insert(at, first);
        Some(sizes)
    }

    /// Splits a batch with an invalid item, while the budget of its search lasts.
    fn bisect(&mut self, batch: &PendingBatch) -> Option<[usize; 2]> {
        let mut batch = batch.clone();
        let search = batch.bisection.get_or_insert_with(|| Arc::new(Bisection::new(batch.batch.len())));
        // A single item is found, and costs nothing.
        if batch.batch.len() < 2 || !search.take_split() {
            return None;
        }
        self.split(&batch)
    }
}

impl From<LossReason> for BatchEnd {
    fn from(reason: LossReason) -> Self {
        Self::Lost(reason)
    }
}

#[cfg(test)]
mod tests;
