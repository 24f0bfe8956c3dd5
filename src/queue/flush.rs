//! Flush and shutdown as the queue sees them: who waits, for what, until when.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::bounded_queue::Queue;
use super::flush_timer::FlushTimer;
use super::item::Phase;
use super::waiter::{FlushReply, Goal, Reply, Waiter};
use crate::clock::Clock;
use crate::stats::FlushOutcome;

impl Queue {
    /// Asks for everything accepted so far to be sent; the answer comes through the receiver.
    pub(crate) fn flush_from_thread(&self, deadline: Instant) -> mpsc::Receiver<FlushReply> {
        let (tx, rx) = mpsc::sync_channel(1);
        // The thread has a timer of its own. After the deadline the waiter is only in the way.
        self.enlist(Goal::Settled, Some(deadline), Reply::Thread(tx));
        rx
    }

    /// Waits for the end of the pipeline, on a thread.
    pub(crate) fn end_from_thread(&self) -> mpsc::Receiver<FlushReply> {
        let (tx, rx) = mpsc::sync_channel(1);
        self.enlist(Goal::Stopped, None, Reply::Thread(tx));
        rx
    }

    /// Asks for everything accepted so far to be sent, from a task: it is answered at the deadline at the latest, because
    /// the timers of its executor are not ours to use.
    pub(crate) fn flush_from_task(self: &Arc<Self>, deadline: Instant) -> oneshot::Receiver<FlushReply> {
        let (tx, rx) = oneshot::channel();
        self.enlist_task(Goal::Settled, deadline, Reply::Task(tx));
        rx
    }

    /// Waits for the end of the pipeline, in a task.
    pub(crate) fn end_from_task(self: &Arc<Self>, deadline: Instant) -> oneshot::Receiver<FlushReply> {
        let (tx, rx) = oneshot::channel();
        self.enlist_task(Goal::Stopped, deadline, Reply::Task(tx));
        rx
    }

    fn enlist_task(self: &Arc<Self>, goal: Goal, deadline: Instant, reply: Reply) {
        if self.enlist(goal, Some(deadline), reply) {
            let queue = Arc::downgrade(self);
            self.timer.start(move || queue.upgrade()?.answer_late_waiters());
        }
    }

    /// Adds a waiter, or answers it at once. Returns whether it waits.
    fn enlist(&self, goal: Goal, deadline: Option<Instant>, reply: Reply) -> bool {
        let mut state = self.state.lock();
        let since = state.ledger.reported();
        let target = match goal {
            Goal::Settled => self.admission.entered(),
            Goal::Stopped => u64::MAX,
        };
        let mut waiter = Waiter { target, deadline, since, outcome: FlushOutcome::default(), until: since, reply };
        let is_nothing_pending = state.ledger.pending(self.admission.entered()) == 0 && matches!(goal, Goal::Settled);
        // An exporter that has stopped may still be logging; whoever ends it waits for that too.
        let is_over = state.phase == Phase::Stopped && (state.has_dismissed || matches!(goal, Goal::Settled));
        if is_over || is_nothing_pending || target <= state.ledger.settled_below() {
            let (refused, entered) = (self.refusals.snapshot(), self.admission.entered());
            (waiter.outcome, waiter.until) = state.ledger.report(since, &refused, entered);
            waiter.outcome = match goal {
                Goal::Settled => waiter.outcome.with_pending(0).with_spooled(0),
                Goal::Stopped => waiter.outcome.with_pending(state.left_behind),
            };
            drop(state);
            self.answer_all(vec![waiter]);
            return false;
        }
        state.waiters.push(waiter);
        drop(state);
        self.wake_all();
        true
    }

    /// Returns what became of items since the last flush, for a waiter whose own timer ended.
    #[expect(clippy::significant_drop_tightening, reason = "what is reported and what was left belong together")]
    pub(crate) fn outcome(&self) -> FlushOutcome {
        let mut state = self.state.lock();
        let since = state.ledger.reported();
        let (outcome, until) = state.ledger.report(since, &self.refusals.snapshot(), self.admission.entered());
        state.ledger.note_reported(until);
        // What the end left behind is lost in the ledger by now, and was pending for whoever waited for it.
        let left = state.left_behind;
        if left > 0 { outcome.with_pending(left) } else { outcome }
    }

    /// Answers waiters. A loss counts as reported only when somebody has read of it.
    pub(super) fn answer_all(&self, waiters: Vec<Waiter>) {
        for waiter in waiters {
            let until = waiter.until;
            if waiter.answer() {
                self.state.lock().ledger.note_reported(until);
            }
        }
    }

    /// Returns the number below which everything is awaited by some flush.
    #[expect(clippy::significant_drop_tightening, reason = "the targets are read under the lock")]
    pub(crate) fn awaited_below(&self) -> u64 {
        let state = self.state.lock();
        let targets = state.waiters.iter().map(|waiter| waiter.target).filter(|target| *target < u64::MAX);
        targets.max().unwrap_or_default()
    }

    /// Returns true while somebody waits for a flush, or for the end.
    ///
    /// Asked after [`Queue::drain`]: a waiter for less than what was drained is seen here.
    pub(crate) fn is_awaited(&self) -> bool {
        let state = self.state.lock();
        !state.waiters.is_empty() || state.phase != Phase::Running
    }

    /// Answers tasks whose deadline has passed, in real time also under a manual clock. Returns how long nothing is due, or
    /// `None` when the pipeline has ended.
    fn answer_late_waiters(&self) -> Option<Duration> {
        let now = Clock::System.instant();
        match (self.expire_waiters(now), self.phase()) {
            (Some(next), _) => Some(next.saturating_duration_since(now)),
            (None, Phase::Stopped) => None,
            (None, Phase::Running | Phase::Draining { .. }) => Some(FlushTimer::IDLE),
        }
    }

    /// Answers the waiters whose deadline has passed. Returns the next deadline.
    pub(crate) fn expire_waiters(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        let is_late = |waiter: &mut Waiter| waiter.deadline.is_some_and(|deadline| deadline <= now);
        let expired: Vec<Waiter> = state.waiters.extract_if(.., is_late).collect();
        let next = state.waiters.iter().filter_map(|waiter| waiter.deadline).min();
        let mut expired = self.outcomes(&state, expired);
        let left = state.left_behind;
        drop(state);
        for waiter in expired.iter_mut().filter(|_| left > 0) {
            waiter.outcome = std::mem::take(&mut waiter.outcome).with_pending(left);
        }
        self.answer_all(expired);
        next
    }

    /// Answers all waiters at the end.
    pub(crate) fn dismiss_waiters(&self) {
        let mut state = self.state.lock();
        state.has_dismissed = true;
        let waiters = std::mem::take(&mut state.waiters);
        let left = state.left_behind;
        let mut waiters = self.outcomes(&state, waiters);
        drop(state);
        for waiter in &mut waiters {
            waiter.outcome = std::mem::take(&mut waiter.outcome).with_pending(left);
        }
        self.answer_all(waiters);
        // The timer has nobody to wait for any more, and ends.
        self.timer.wake();
    }
}
