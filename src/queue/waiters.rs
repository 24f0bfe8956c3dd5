//! Who waits for what is pending, and how he is answered.

use std::sync::mpsc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::{Phase, Queue};

/// Somebody who waits for everything accepted so far to be settled.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) target: u64,
    /// When the worker answers on its own; `None` when the waiter has a timer himself.
    deadline: Option<Instant>,
    pub(super) done: Done,
}

/// What a waiter waits for.
#[derive(Debug, Clone, Copy)]
enum Goal {
    /// Everything accepted so far is delivered or lost.
    Settled,
    /// The worker has ended.
    Stopped,
}

#[derive(Debug)]
pub(super) enum Done {
    Thread(mpsc::SyncSender<Unsettled>),
    Task(oneshot::Sender<Unsettled>),
}

/// The answer to a waiter: how many items are pending, because the deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsettled(pub(crate) u64);

impl Queue {
    /// Asks for everything accepted so far to be sent; the answer comes through the receiver.
    pub(crate) fn flush_from_thread(&self) -> mpsc::Receiver<Unsettled> {
        let (tx, rx) = mpsc::sync_channel(1);
        self.enlist(Goal::Settled, None, Done::Thread(tx));
        rx
    }

    /// Waits for the end of the worker.
    pub(crate) fn end_from_thread(&self) -> mpsc::Receiver<Unsettled> {
        let (tx, rx) = mpsc::sync_channel(1);
        self.enlist(Goal::Stopped, None, Done::Thread(tx));
        rx
    }

    /// The same for a task.
    pub(crate) fn end_from_task(&self, deadline: Instant) -> oneshot::Receiver<Unsettled> {
        let (tx, rx) = oneshot::channel();
        self.enlist(Goal::Stopped, Some(deadline), Done::Task(tx));
        rx
    }

    /// The same for a task; the worker answers at the deadline.
    pub(crate) fn flush_from_task(&self, deadline: Instant) -> oneshot::Receiver<Unsettled> {
        let (tx, rx) = oneshot::channel();
        self.enlist(Goal::Settled, Some(deadline), Done::Task(tx));
        rx
    }

    fn enlist(&self, goal: Goal, deadline: Option<Instant>, done: Done) {
        let mut state = self.state.lock();
        let (target, left) = match goal {
            Goal::Settled => (state.ledger.accepted(self.waiting.entered()), 0),
            Goal::Stopped => (u64::MAX, state.left_behind),
        };
        if target <= state.ledger.settled || state.phase == Phase::Stopped {
            drop(state);
            done.answer(Unsettled(left));
            return;
        }
        state.waiters.push(Waiter { target, deadline, done });
        drop(state);
        self.enlisted.notify_one();
        self.work.notify_one();
    }

    /// Whether somebody waits for everything accepted so far, or for the end.
    ///
    /// Asked after [`Queue::take`]: whoever waits for less than what was taken is seen here.
    pub(crate) fn is_awaited(&self) -> bool {
        let state = self.state.lock();
        !state.waiters.is_empty() || state.phase != Phase::Running
    }

    /// Answers those tasks whose deadline has passed and says when the next one comes.
    pub(crate) fn expire_waiters(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state.lock();
        let pending = state.ledger.pending(self.waiting.entered());
        let late = |waiter: &mut Waiter| waiter.deadline.is_some_and(|deadline| deadline <= now);
        let expired: Vec<Waiter> = state.waiters.extract_if(.., late).collect();
        let next = state.waiters.iter().filter_map(|waiter| waiter.deadline).min();
        drop(state);
        for waiter in expired {
            waiter.done.answer(Unsettled(pending));
        }
        next
    }

    /// Ends when somebody new waits; to be made before the waiters are looked at.
    pub(crate) fn enlisted(&self) -> tokio::sync::futures::Notified<'_> {
        self.enlisted.notified()
    }

    /// After the end nobody waits any longer.
    pub(crate) fn dismiss_waiters(&self) {
        let mut state = self.state.lock();
        let waiters = std::mem::take(&mut state.waiters);
        let left = state.left_behind;
        drop(state);
        for waiter in waiters {
            waiter.done.answer(Unsettled(left));
        }
    }
}

impl Done {
    /// Nobody may be there any more; then nobody needs the answer.
    pub(super) fn answer(self, unsettled: Unsettled) {
        match self {
            Self::Thread(tx) => drop(tx.try_send(unsettled)),
            Self::Task(tx) => drop(tx.send(unsettled)),
        }
    }
}
