//! The only door between capture and export: bounded in items and in bytes, and the keeper of the ledger.
//!
//! In: finished items, from any thread, without waiting. Out: chunks of items, to the worker.
//! Never: foreign code under the lock, I/O, words.

use std::fmt;
use std::time::Instant;

use tokio::sync::Notify;

use crate::recording::{FieldLog, Recording};
use crate::stats::{LossReason, Problems, Refusals};
use llmobs_model::Submission;

mod chunk;
mod gauge;
mod ledger;
mod lock;
mod open;
mod shards;
mod side;
mod spare_chunks;
mod spare_recordings;
mod spare_texts;
mod taken;
mod waiters;
mod waiting;

pub(crate) use chunk::Next;
use ledger::Ledger;
use lock::Lock;
pub(crate) use open::OpenSpans;
use shards::{Shard, Shards};
pub(crate) use side::{is_worker_thread, mark_worker_thread};
use spare_chunks::SpareChunks;
pub(crate) use spare_recordings::{keep_recording, spare_recording};
pub(crate) use spare_texts::SpareTexts;
pub(crate) use taken::Taken;
pub(crate) use waiters::Unsettled;
use waiters::Waiter;
use waiting::Waiting;

/// What goes through the queue.
#[derive(Debug)]
pub(crate) enum Item {
    Span(Box<Recording>),
    /// An evaluation or feedback.
    Evaluation(Box<Submission>),
}

impl Item {
    fn bytes(&self) -> u64 {
        let bytes = match self {
            Self::Span(recording) => recording.bytes(),
            Self::Evaluation(submission) => submission.bytes(),
        };
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// How much the queue takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) max_items: u64,
    pub(crate) max_bytes: u64,
    /// The worker is woken when this many bytes wait, and otherwise by its own timer: a wake costs the
    /// application's thread a hundred times as much as a push.
    pub(crate) wake_bytes: u64,
    /// The same for so many items.
    pub(crate) wake_items: u64,
}

/// See the file's card.
pub(crate) struct Queue {
    shards: Shards,
    waiting: Waiting,
    refusals: Refusals,
    state: Lock<State>,
    limits: Limits,
    spare_chunks: SpareChunks,
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
    ledger: Ledger,
    waiters: Vec<Waiter>,
    phase: Phase,
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

/// Without what waits: that is content.
impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("limits", &self.limits).field("open", &self.open).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        let state = State { ledger: Ledger::default(), waiters: Vec::new(), phase: Phase::Running, left_behind: 0 };
        Self {
            shards: Shards::default(),
            waiting: Waiting::default(),
            refusals: Refusals::default(),
            state: Lock::new(state),
            limits,
            spare_chunks: SpareChunks::default(),
            work: Notify::new(),
            phase_changed: Notify::new(),
            enlisted: Notify::new(),
            open: OpenSpans::default(),
            spare_texts: SpareTexts::default(),
            problems: Problems::default(),
        }
    }

    /// Takes an item in, or refuses it for a counted reason. Never waits for anything but the locks.
    pub(crate) fn push(&self, item: Item) -> Result<(), LossReason> {
        let bytes = item.bytes();
        let mut shard = self.shards.own();
        let number = match self.waiting.enter(bytes, &self.limits) {
            Ok(number) => number,
            Err(reason) => {
                // Outside the lock.
                drop((shard, item));
                self.refuse(reason);
                return Err(reason);
            }
        };
        let left = self.put(&mut shard, number, item, bytes);
        drop(shard);
        if self.waiting.is_to_wake(&self.limits) {
            self.work.notify_one();
        }
        if let Some(recording) = left {
            keep_recording(recording);
        }
        Ok(())
    }

    #[inline]
    fn put(&self, shard: &mut Shard, number: u64, item: Item, bytes: u64) -> Option<Box<Recording>> {
        if let Some(chunk) = shard.back_mut().filter(|chunk| !chunk.is_full()) {
            return chunk.put(number, item, bytes);
        }
        let mut chunk = self.spare_chunks.chunk();
        let left = chunk.put(number, item, bytes);
        shard.push_back(chunk);
        left
    }

    /// Takes all that has come in so far, when what was taken before has been read. Says whether there is something to read.
    pub(crate) fn take(&self, taken: &mut Taken) -> bool {
        self.take_back(taken);
        let missing = taken.take_missing();
        if missing > 0 {
            self.lose(LossReason::Worker, missing);
        }
        if !taken.is_empty() {
            return true;
        }
        self.waiting.awake();
        // Whoever has a number by now has the lock of his shard, or has put his item in.
        taken.extend_to(self.waiting.entered());
        for (row, shard) in taken.rows().zip(self.shards.all()) {
            row.append(&mut shard.lock());
        }
        !taken.is_empty()
    }

    /// The next item that was taken, in order; what a span says goes into the log that is given, which must be empty.
    pub(crate) fn next<'a>(&self, taken: &'a mut Taken, log: &mut FieldLog) -> Option<Next<'a>> {
        self.take_back(taken);
        taken.next(log)
    }

    /// Takes a chunk back whose last item has been read.
    #[inline]
    fn take_back(&self, taken: &mut Taken) {
        if let Some(chunk) = taken.used_up() {
            let (amount, patient) = chunk.amount();
            self.waiting.leave(amount, patient);
            self.spare_chunks.keep(chunk);
        }
    }

    /// Lets half of what is kept for later go; called when nothing happens.
    pub(crate) fn shrink(&self) {
        self.spare_chunks.shrink();
        self.spare_texts.shrink();
    }

    /// Closes the door; what is inside may leave until `deadline`. The earlier of two deadlines counts.
    pub(crate) fn close(&self, deadline: Instant) {
        self.shut();
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
        self.shut();
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            return state.left_behind;
        }
        state.phase = Phase::Stopped;
        let entered = self.waiting.entered();
        let pending = state.ledger.pending(entered);
        state.ledger.lost.lose(reason, pending);
        state.left_behind = pending;
        state.ledger.settled = state.ledger.accepted(entered);
        drop(state);
        self.phase_changed.notify_waiters();
        for shard in self.shards.all() {
            let left = std::mem::take(&mut *shard.lock());
            drop(left);
        }
        pending
    }

    /// After this nothing comes in any more.
    fn shut(&self) {
        self.waiting.close();
        // Who was at the door before is through when his shard can be locked.
        self.shards.all().for_each(|shard| drop(shard.lock()));
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
