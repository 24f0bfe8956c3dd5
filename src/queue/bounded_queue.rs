//! The queue itself: items in, items out, and the end.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::admission::{Admission, OpenSpans};
use super::chunk::{Chunk, Next};
use super::drained::Drained;
use super::flush_timer::FlushTimer;
use super::item::{Item, Limits, Phase};
use super::ledger::Ledger;
use super::lock::{Lock, Signal};
use super::pool::{BufferPool, PoolLimits, TextPool, keep_recording};
use super::shards::{Shard, Shards};
use super::waiter::Waiter;
use crate::fork::OwnProcess;
use crate::recording::{FieldLog, Recording};
use crate::stats::{LossReason, Problems, Refusals};

/// The bounded queue of one pipeline, with its ledger and the counters that capture and export share.
pub(crate) struct Queue {
    shards: Shards,
    pub(super) admission: Admission,
    pub(super) refusals: Refusals,
    pub(super) state: Lock<State>,
    limits: Limits,
    spare_chunks: Lock<BufferPool<Chunk>>,
    encoder: Signal,
    /// Tells the dispatcher that there is a new batch, a new waiter or another phase.
    attention: Notify,
    pub(super) timer: FlushTimer,
    pub(crate) open: OpenSpans,
    pub(crate) spare_texts: TextPool,
    pub(crate) problems: Arc<Problems>,
    /// The process whose threads empty the queue.
    process: OwnProcess,
}

/// The state that changes under one lock.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ledger: Ledger,
    pub(super) waiters: Vec<Waiter>,
    pub(super) phase: Phase,
    /// Items that were pending at the end.
    pub(super) left_behind: u64,
    /// Everybody who waited for the end has been answered, after the last log line.
    pub(super) has_dismissed: bool,
}

/// Shows no item: those are content.
impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("limits", &self.limits).field("open", &self.open).finish_non_exhaustive()
    }
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        let (ledger, waiters) = Default::default();
        let state = State { ledger, waiters, phase: Phase::Running, left_behind: 0, has_dismissed: false };
        Self {
            shards: Shards::default(),
            admission: Admission::default(),
            refusals: Refusals::default(),
            state: Lock::new(state),
            limits,
            spare_chunks: Lock::new(BufferPool::new(CHUNK_POOL)),
            encoder: Signal::default(),
            attention: Notify::new(),
            timer: FlushTimer::default(),
            open: OpenSpans::default(),
            spare_texts: TextPool::default(),
            problems: Arc::default(),
            process: OwnProcess::default(),
        }
    }

    /// Accepts an item, or refuses it for a counted reason. Waits for nothing but the locks of this room.
    pub(crate) fn push(&self, item: Item) -> Result<(), LossReason> {
        let bytes = item.bytes();
        let Some(mut shard) = self.shards.own() else {
            self.refuse(LossReason::Forked);
            return Err(LossReason::Forked);
        };
        let number = match self.admission.enter(&item, bytes, &self.limits) {
            Ok(number) => number,
            Err(reason) => {
                // The item is freed after the lock is.
                drop((shard, item));
                self.refuse(reason);
                return Err(reason);
            }
        };
        let emptied = self.put(&mut shard, number, item, bytes);
        drop(shard);
        if self.admission.is_to_wake(&self.limits) && !self.is_forked() {
            self.encoder.send();
        }
        // After the lock and the wake: a full pool frees the recording, and nobody needs to wait for that.
        if let Some(recording) = emptied {
            keep_recording(recording);
        }
        Ok(())
    }

    #[inline]
    fn put(&self, shard: &mut Shard, number: u64, item: Item, bytes: u64) -> Option<Box<Recording>> {
        if let Some(chunk) = shard.back_mut().filter(|chunk| !chunk.is_full()) {
            return chunk.put(number, item, bytes);
        }
        // The caller holds the lock of a shard, so it does not wait for the encoder, whose priority is lower.
        let spare = self.spare_chunks.try_lock().and_then(|mut pool| pool.take());
        let mut chunk = spare.unwrap_or_default();
        // In a forked child nobody empties the queue. A chunk is many items, so asking costs next to nothing.
        self.is_forked();
        let emptied = chunk.put(number, item, bytes);
        shard.push_back(chunk);
        emptied
    }

    /// Returns true in a forked child, in which the exporter has no threads. From then on it refuses every item.
    pub(crate) fn is_forked(&self) -> bool {
        let is_forked = self.process.is_forked();
        if is_forked {
            self.admission.close_forked();
        }
        is_forked
    }

    /// Takes everything out of the shards once all that was taken before has been read. Returns false when there is
    /// nothing to read.
    pub(crate) fn drain(&self, drained: &mut Drained) -> bool {
        self.take_read_chunk(drained);
        let missing = drained.take_missing();
        if missing > 0 {
            self.lose(LossReason::Worker, missing);
        }
        if !drained.is_empty() {
            return true;
        }
        // Before the shards are looked at: an item that is put in behind the look must wake the encoder again.
        self.admission.awake();
        // Read before the shards are locked: every number below it is in its shard by the time its lock is ours.
        drained.extend_to(self.admission.entered());
        for (row, shard) in drained.rows().zip(self.shards.all()) {
            row.append(&mut shard.lock());
        }
        !drained.is_empty()
    }

    /// Reads the next drained item; the log of a span is moved into `log`, which must be empty.
    pub(crate) fn next<'a>(&self, drained: &'a mut Drained, log: &mut FieldLog) -> Option<Next<'a>> {
        self.take_read_chunk(drained);
        drained.next(log)
    }

    /// Takes back a chunk whose last item has been read.
    #[inline]
    fn take_read_chunk(&self, drained: &mut Drained) {
        if let Some(mut chunk) = drained.take_read_chunk() {
            let (amount, non_urgent) = chunk.amount();
            self.admission.leave(amount, non_urgent);
            chunk.clear();
            let surplus = self.spare_chunks.lock().keep(chunk);
            drop(surplus);
        }
    }

    /// Frees half of the spare buffers; called when nothing happens.
    pub(crate) fn shrink(&self) {
        let gone = self.spare_chunks.lock().halve(1);
        drop(gone);
        self.spare_texts.shrink();
    }

    /// Refuses new items; what is inside may leave until `deadline`. The earlier of two deadlines counts.
    pub(crate) fn close(&self, deadline: Instant) {
        self.shut();
        let mut state = self.state.lock();
        state.phase = match state.phase {
            Phase::Running => Phase::Draining { deadline },
            Phase::Draining { deadline: other } => Phase::Draining { deadline: other.min(deadline) },
            Phase::Stopped => Phase::Stopped,
        };
        drop(state);
        self.wake_all();
    }

    /// Ends the pipeline, once: what is pending is lost for `reason`, whatever becomes of it. Returns how much that was.
    ///
    /// Nothing is freed here, because a caller may wait for the answer; [`discard`](Self::discard) frees. Waiters are
    /// answered by `dismiss_waiters`.
    pub(crate) fn stop(&self, reason: LossReason) -> u64 {
        // Before items are counted as pending: one that is let in later would be neither lost nor delivered.
        self.shut();
        let mut state = self.state.lock();
        if state.phase == Phase::Stopped {
            return state.left_behind;
        }
        state.phase = Phase::Stopped;
        let pending = state.ledger.stop(reason, self.admission.entered());
        state.left_behind = pending;
        drop(state);
        self.wake_all();
        pending
    }

    /// Frees the items that were left in the shards.
    pub(crate) fn discard(&self) {
        for shard in self.shards.all() {
            // Moved out first: a thread whose span ends now takes the same lock, and would wait for the freeing.
            let left = std::mem::take(&mut *shard.lock());
            drop(left);
        }
    }

    /// Closes the door and waits until every thread that was in it is through.
    fn shut(&self) {
        self.admission.close();
        // A thread that was let in holds the lock of its shard until its item is in.
        self.shards.all().for_each(|shard| drop(shard.lock()));
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    /// Returns true when more than half of a bound is used up.
    pub(crate) fn is_half_full(&self) -> bool {
        self.admission.is_half_full(&self.limits)
    }

    /// Blocks the encoder thread until it is woken, at most for `timeout`. Returns false after the timeout.
    pub(crate) fn wait_for_work(&self, timeout: Duration) -> bool {
        self.encoder.wait(timeout)
    }

    /// Wakes the encoder.
    pub(crate) fn wake_encoder(&self) {
        self.encoder.send();
    }

    /// Waits until the dispatcher is needed.
    pub(crate) async fn attention(&self) {
        self.attention.notified().await;
    }

    /// Wakes the dispatcher.
    pub(crate) fn call_attention(&self) {
        self.attention.notify_one();
    }

    pub(super) fn wake_all(&self) {
        self.encoder.send();
        self.attention.notify_one();
        self.timer.wake();
    }

    #[cfg(test)]
    pub(super) fn spare_chunks(&self) -> (usize, usize) {
        self.spare_chunks.lock().kept()
    }
}

/// Spare chunks hold at most what the queue holds by default: a burst finds what the one before left, unless the process
/// was quiet in between.
const CHUNK_POOL: PoolLimits =
    PoolLimits { max_buffers: usize::MAX, max_bytes: 128 * 1024 * 1024, max_buffer_bytes: 1024 * 1024 };
