//! The only door between capture and export: bounded in items and in bytes, and the keeper of the ledger.
//!
//! In: finished items, from any thread, without waiting. Out: chunks of items, to the worker.
//! Never: foreign code under the lock, I/O, words.

use std::time::Instant;

use tokio::sync::Notify;

use crate::model::{Recording, Submission};
use crate::stats::{LossReason, Problems};

mod backlog;
mod chunk;
mod ledger;
mod lock;
mod open;
mod side;
mod spare_logs;
mod spare_texts;
mod waiters;

use backlog::Backlog;
pub(crate) use chunk::{Chunk, Next};
use ledger::Ledger;
use lock::Lock;
pub(crate) use open::OpenSpans;
pub(crate) use side::{is_worker_thread, mark_worker_thread};
pub(crate) use spare_logs::{keep_log, spare_log};
pub(crate) use spare_texts::SpareTexts;
pub(crate) use waiters::Unsettled;
use waiters::Waiter;

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
    pub(crate) spare_texts: SpareTexts,
    pub(crate) problems: Problems,
}

#[derive(Debug)]
struct State {
    backlog: Backlog,
    ledger: Ledger,
    waiters: Vec<Waiter>,
    phase: Phase,
    /// The worker has been told and has not come yet.
    woken: bool,
    /// What the end found unsettled.
    left_behind: u64,
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

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State {
            backlog: Backlog::default(),
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
            spare_texts: SpareTexts::default(),
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
        let left = state.backlog.put(item, bytes);
        let enough =
            state.backlog.urgent() >= self.limits.wake_bytes || state.backlog.items() >= self.limits.wake_items;
        let wake = enough && !state.woken;
        state.woken |= enough;
        drop(state);
        if wake {
            self.work.notify_one();
        }
        if let Some(log) = left {
            keep_log(log);
        }
        Ok(())
    }

    fn refusal(&self, state: &State, bytes: usize) -> Option<LossReason> {
        if state.phase != Phase::Running {
            return Some(LossReason::Closed);
        }
        if state.backlog.items() >= self.limits.max_items {
            return Some(LossReason::QueueItems);
        }
        let over = state.backlog.bytes().saturating_add(bytes) > self.limits.max_bytes;
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
        let surplus = used.and_then(|used| state.backlog.keep(used));
        let taken = state.backlog.take();
        drop(state);
        drop(surplus);
        taken
    }

    /// Lets half of what is kept for later go; called when nothing happens.
    pub(crate) fn shrink(&self) {
        let gone = self.state.lock().backlog.shrink();
        drop(gone);
        self.spare_texts.shrink();
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
        let left = std::mem::take(&mut state.backlog);
        let pending = state.ledger.pending();
        state.ledger.lost.lose(reason, pending);
        state.left_behind = pending;
        state.ledger.settled = state.ledger.accepted;
        drop(state);
        self.phase_changed.notify_waiters();
        drop(left);
        pending
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
}

#[cfg(test)]
mod tests;
