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
        self.enlist(Goal::Settled(self.admission.entered()), Some(deadline), Reply::Thread(tx));
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
        self.enlist_task(Goal::Settled(self.admission.entered()), deadline, Reply::Task(tx));
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
        let mut waiter = Waiter { goal, deadline, since, outcome: FlushOutcome::default(), until: since, reply };
        let is_over = match goal {
            Goal::Settled(_) => {
                let is_nothing_pending = state.ledger.pending(self.admission.entered()) == 0;
                state.phase == Phase::Stopped || is_nothing_pending || goal.is_settled(state.ledger.settled_below())
            }
            Goal::Stopped => state.has_dismissed,
        };
        if is_over {
            let (refused, entered) = (self.refusals.snapshot(), self.admission.entered());
            (waiter.outcome, waiter.until) = state.ledger.report(since, &refused, entered);
            waiter.outcome = match goal {
                Goal::Settled(_) => waiter.outcome.with_pending(0).with_spooled(0),
                Goal::Stopped => waiter.outcome.with_pending(state.left_behind),
            };
            drop(state);
            // The lock is free by now: `answer_all` takes it again, to note what has been reported.
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
        let awaited = state.waiters.iter().filter_map(|waiter| match waiter.goal {
            Goal::Settled(below) => Some(below),
            Goal::Stopped => None,
        });
        awaited.max().unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::super::Limits;
    use super::*;
    use crate::stats::LossReason;

    #[test]
    fn whoever_ends_an_exporter_waits_for_its_last_log_lines_also_when_it_has_stopped_already() {
        let queue = Queue::new(Limits { max_items: 10, max_bytes: 1_000, wake_bytes: 500, wake_items: 5 });
        let early = queue.end_from_thread();
        queue.close(Instant::now());
        queue.stop(LossReason::Deadline);
        queue.drained_below(u64::MAX);
        let late = queue.end_from_thread();
        assert!(early.try_recv().is_err() && late.try_recv().is_err(), "the lines may be on their way");
        assert!(queue.flush_from_thread(Instant::now()).try_recv().is_ok(), "a flush has nothing to wait for");
        queue.dismiss_waiters();
        assert!(early.try_recv().is_ok() && late.try_recv().is_ok() && queue.end_from_thread().try_recv().is_ok());
    }
}
