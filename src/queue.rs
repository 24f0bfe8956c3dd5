//! The only door between capture and export: bounded in items and in bytes, and the keeper of the ledger.
//!
//! In: finished items, from any thread, without waiting. Out: chunks of items, to the worker.
//! Never: foreign code under the lock, I/O, words.

use std::sync::mpsc;
use std::time::Instant;

use tokio::sync::{Notify, oneshot};

use crate::model::{Recording, Submission};
use crate::stats::{Counts, LossReason, Problems, Stats};

mod adopt;
mod awaited;
mod chunk;
mod lock;
mod open;
mod side;
mod spares;
mod urgency;
mod waiting;

pub(crate) use chunk::{Chunk, Next};
use lock::Lock;
pub(crate) use open::OpenSpans;
pub(crate) use side::{is_worker_thread, mark_worker_thread};
pub(crate) use spares::Spares;
use waiting::Waiting;

/// What goes through the queue.
#[derive(Debug)]
pub(crate) enum Item {
    Span(Box<Recording>),
    /// An evaluation or feedback.
    Evaluation(Box<Submission>),
}

impl Item {
    fn bytes(&self) -> usize {
        match self {
            Self::Span(recording) => recording.bytes(),
            Self::Evaluation(submission) => submission.bytes(),
        }
    }
}

/// How much the queue takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_items: usize,
    pub(crate) max_bytes: usize,
    /// The worker is woken when this many bytes wait, and otherwise by its own timer: a wake costs the
    /// application's thread a hundred times as much as a push.
    pub(crate) wake_bytes: usize,
    pub(crate) wake_items: usize,
}

/// See the file's card.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Lock<State>,
    limits: Limits,
    /// Tells the worker that there is enough to send, or that somebody waits.
    work: Notify,
    phase_changed: Notify,
    enlisted: Notify,
    pub(crate) open: OpenSpans,
    pub(crate) spares: Spares,
    pub(crate) problems: Problems,
}

#[derive(Debug)]
struct State {
    waiting: Waiting,
    ledger: Ledger,
    waiters: Vec<Waiter>,
    phase: Phase,
    /// The worker has been told and has not come yet.
    woken: bool,
    /// What the end found unsettled.
    left_behind: u64,
}

/// The counters that must move together.
#[derive(Debug, Default)]
struct Ledger {
    offered: u64,
    accepted: u64,
    delivered: u64,
    settled: u64,
    requests: u64,
    retries: u64,
    lost: Counts<{ LossReason::ALL.len() }>,
}

/// Where the pipeline is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Nothing more is taken in; what is there is sent until the deadline.
    Draining {
        deadline: Instant,
    },
    Stopped,
}

/// Somebody who waits for everything accepted so far to be settled.
#[derive(Debug)]
struct Waiter {
    target: u64,
    /// When the worker answers on its own; `None` when the waiter has a timer himself.
    deadline: Option<Instant>,
    done: Done,
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
enum Done {
    Thread(mpsc::SyncSender<Unsettled>),
    Task(oneshot::Sender<Unsettled>),
}

/// The answer to a waiter: how many items are pending, because the deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unsettled(pub(crate) u64);

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            waiting: Waiting::default(),
            ledger: Ledger::default(),
            waiters: Vec::new(),
            phase: Phase::Running,
            woken: false,
            left_behind: 0,
        };
        Self {
            state: Lock::new(state),
            limits,
            work: Notify::new(),
            phase_changed: Notify::new(),
            enlisted: Notify::new(),
            open: OpenSpans::default(),
            spares: Spares::default(),
            problems: Problems::default(),
        }
    }

    /// Takes an item in, or refuses it for a counted reason. Never waits for anything but the lock.
    pub(crate) fn push(&self, item: Item) -> Result<(), LossReason> {
        let bytes = item.bytes();
        let mut state = self.state.lock();
        state.ledger.offered = state.ledger.offered.saturating_add(1);
        if let Some(reason) = self.refusal(&state, bytes) {
            state.ledger.lost.lose(reason, 1);
            // Outside the lock.
            drop((state, item));
            return Err(reason);
        }
        state.ledger.accepted = state.ledger.accepted.saturating_add(1);
        let left = state.waiting.put(item, bytes);
        let enough =
            state.waiting.urgent() >= self.limits.wake_bytes || state.waiting.items() >= self.limits.wake_items;
        let wake = enough && !state.woken;
        state.woken |= enough;
        drop(state);
        if wake {
            self.work.notify_one();
        }
        if let Some(log) = left {
            Spares::keep(log);
        }
        Ok(())
    }

    fn refusal(&self, state: &State, bytes: usize) -> Option<LossReason> {
        if state.phase != Phase::Running {
            return Some(LossReason::Closed);
        }
        if state.waiting.items() >= self.limits.max_items {
            return Some(LossReason::QueueItems);
        }
        let over = state.waiting.bytes().saturating_add(bytes) > self.limits.max_bytes;
        over.then_some(LossReason::QueueBytes)
    }

    /// The next items in order, and back with those that were taken before.
    pub(crate) fn take(&self, used: Option<Chunk>) -> Option<Chunk> {
        let used = used.map(|mut used| {
            used.clear();
            used
        });
        let mut state = self.state.lock();
        state.woken = false;
        let surplus = used.and_then(|used| state.waiting.keep(used));
        let taken = state.waiting.take();
        drop(state);
        drop(surplus);
        taken
    }

    /// Lets half of what is kept for later go; called when nothing happens.
    pub(crate) fn shrink(&self) {
        let gone = self.state.lock().waiting.shrink();
        drop(gone);
        self.spares.shrink();
    }

    /// Counts items that the intake acknowledged.
    pub(crate) fn deliver(&self, items: u64) {
        self.settle(items, |ledger| ledger.delivered = ledger.delivered.saturating_add(items));
    }

    /// Counts items that were accepted and will not arrive.
    pub(crate) fn lose(&self, reason: LossReason, items: u64) {
        self.settle(items, |ledger| ledger.lost.lose(reason, items));
    }

    /// Counts a request, and whether it repeats one that failed.
    pub(crate) fn count_request(&self, is_retry: bool) {
        let mut state = self.state.lock();
        state.ledger.requests = state.ledger.requests.saturating_add(1);
        state.ledger.retries = state.ledger.retries.saturating_add(u64::from(is_retry));
    }

    fn settle(&self, items: u64, count: impl FnOnce(&mut Ledger)) {
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            return;
        }
        count(&mut state.ledger);
        state.ledger.settled = state.ledger.settled.saturating_add(items);
        let settled = state.ledger.settled;
        let done: Vec<Waiter> = state.waiters.extract_if(.., |waiter| waiter.target <= settled).collect();
        drop(state);
        for waiter in done {
            waiter.done.answer(Unsettled(0));
        }
    }

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
            Goal::Settled => (state.ledger.accepted, 0),
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

    /// Closes the door; what is inside may leave until `deadline`. The earlier of two deadlines counts.
    pub(crate) fn close(&self, deadline: Instant) {
        let mut state = self.state.lock();
        state.phase = match state.phase {
            Phase::Running => Phase::Draining { deadline },
            Phase::Draining { deadline: other } => Phase::Draining { deadline: other.min(deadline) },
            Phase::Stopped => Phase::Stopped,
        };
        drop(state);
        self.phase_changed.notify_waiters();
        self.work.notify_one();
    }

    /// Ends it, once: what is left is lost for `reason`, whatever becomes of it. Says how much that was. Those who
    /// wait are still to be dismissed.
    pub(crate) fn stop(&self, reason: LossReason) -> u64 {
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            return state.left_behind;
        }
        state.phase = Phase::Stopped;
        let left = std::mem::take(&mut state.waiting);
        let pending = state.ledger.pending();
        state.ledger.lost.lose(reason, pending);
        state.left_behind = pending;
        state.ledger.settled = state.ledger.accepted;
        drop(state);
        self.phase_changed.notify_waiters();
        drop(left);
        pending
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

    pub(crate) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// Waits until there is work: enough items, a waiter, or the end.
    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }

    /// Ends at the next change of the phase; to be made before the phase is looked at.
    pub(crate) fn phase_changed(&self) -> tokio::sync::futures::Notified<'_> {
        self.phase_changed.notified()
    }

    /// Ends when somebody new waits; to be made before the waiters are looked at.
    pub(crate) fn enlisted(&self) -> tokio::sync::futures::Notified<'_> {
        self.enlisted.notified()
    }

    /// The ledger at this instant.
    pub(crate) fn stats(&self) -> Stats {
        let problems = self.problems.snapshot();
        let state = self.state.lock();
        let ledger = &state.ledger;
        Stats {
            offered: ledger.offered,
            accepted: ledger.accepted,
            delivered: ledger.delivered,
            pending: ledger.pending(),
            queued_bytes: u64::try_from(state.waiting.bytes()).unwrap_or(u64::MAX),
            open_spans: self.open.spans(),
            requests: ledger.requests,
            retries: ledger.retries,
            lost: ledger.lost,
            problems,
        }
    }
}

impl Ledger {
    const fn pending(&self) -> u64 {
        self.accepted.saturating_sub(self.settled)
    }
}

impl Done {
    /// Nobody may be there any more; then nobody needs the answer.
    fn answer(self, unsettled: Unsettled) {
        match self {
            Self::Thread(tx) => drop(tx.try_send(unsettled)),
            Self::Task(tx) => drop(tx.send(unsettled)),
        }
    }
}

#[cfg(test)]
mod tests;
