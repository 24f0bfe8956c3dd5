//! A thread or task that waits for a flush or for the end, and the way to answer it.

use std::sync::mpsc;
use std::time::Instant;

use tokio::sync::oneshot;

use super::ledger::Reported;
use crate::stats::FlushOutcome;

/// A flush or shutdown that is waited for.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) goal: Goal,
    /// The time of the answer in any case; `None` when the waiter has a timer of its own.
    pub(super) deadline: Option<Instant>,
    /// The counters that its outcome is relative to.
    pub(super) since: Reported,
    pub(super) outcome: FlushOutcome,
    /// The counters that its outcome is up to.
    pub(super) until: Reported,
    pub(super) reply: Reply,
}

/// The condition that a waiter waits for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Goal {
    /// Every item below this number is delivered or lost.
    Settled(u64),
    /// The pipeline has stopped and has logged its last lines. Settled items are not enough: the waiter may end the process.
    Stopped,
}

impl Goal {
    /// Returns whether the goal is reached when every item below `settled_below` is settled.
    pub(super) const fn is_settled(self, settled_below: u64) -> bool {
        match self {
            Self::Settled(below) => below <= settled_below,
            Self::Stopped => false,
        }
    }
}

/// The way back to a waiter.
#[derive(Debug)]
pub(super) enum Reply {
    Thread(mpsc::SyncSender<FlushReply>),
    Task(oneshot::Sender<FlushReply>),
}

/// The answer to a waiter. Items are pending in it when the deadline passed first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlushReply(pub(crate) FlushOutcome);

impl Waiter {
    /// Notes that nothing is pending that this waiter waits for.
    pub(super) fn settle(&mut self) {
        self.outcome = std::mem::take(&mut self.outcome).with_pending(0).with_spooled(0);
    }

    /// Answers. Returns false when the waiter has given up and is not there any more.
    pub(super) fn answer(self) -> bool {
        let reply = FlushReply(self.outcome);
        match self.reply {
            // The channel has room for this one answer, so that only a receiver which is gone makes it fail.
            Reply::Thread(tx) => tx.try_send(reply).is_ok(),
            Reply::Task(tx) => tx.send(reply).is_ok(),
        }
    }
}
