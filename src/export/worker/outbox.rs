//! Closed batches on their way from the encoder to the dispatcher, and what the encoder must know of the lanes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use super::super::batch::Batch;
use super::super::encode::Frame;
use super::super::transport::Route;
use super::bisection::Bisection;
use super::spooled_batch::SpooledBatch;
use crate::queue::Queue;

/// A batch that has not been acknowledged.
#[derive(Debug, Clone)]
pub(super) struct PendingBatch {
    pub(super) batch: Batch,
    /// The number of its first item, under which the ledger knows it.
    pub(super) first: u64,
    /// The time at which its first item was encoded.
    pub(super) since: Instant,
    pub(super) attempts: u32,
    /// The search for invalid items, shared by all parts of one batch; `None` when nothing was refused as invalid.
    pub(super) bisection: Option<Arc<Bisection>>,
    /// Its record on disk, shared by all parts of one batch.
    pub(super) spooled: Option<Arc<SpooledBatch>>,
}

impl PendingBatch {
    pub(super) const fn new(batch: Batch, first: u64, since: Instant) -> Self {
        Self { batch, first, since, attempts: 0, bisection: None, spooled: None }
    }

    pub(super) fn items(&self) -> u64 {
        u64::try_from(self.batch.len()).unwrap_or(u64::MAX)
    }
}

/// The hand-over between the two threads.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: Arc<Queue>,
    batches: Mutex<VecDeque<(Route, PendingBatch)>>,
    /// Delivered batches on their way back, with the nanoseconds that the request took.
    spent: Mutex<Vec<(Route, Batch, u64)>>,
    /// For each route, whether its lane has nothing to send.
    free: [AtomicBool; Route::ALL.len()],
}

impl Outbox {
    pub(super) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            batches: Mutex::default(),
            spent: Mutex::default(),
            free: Route::ALL.map(|_| AtomicBool::new(true)),
        }
    }

    /// Hands a closed batch over. The ledger counts it before its items are said to be drained.
    /// `counted` of its bytes are counted already.
    pub(super) fn push(&self, route: Route, batch: PendingBatch, counted: usize) {
        self.queue.open_batch(batch.first, batch.batch.bytes(), counted);
        self.batches.lock().push_back((route, batch));
        self.queue.call_attention();
    }

    pub(super) fn take_all(&self) -> VecDeque<(Route, PendingBatch)> {
        std::mem::take(&mut *self.batches.lock())
    }

    /// Returns a delivered batch, so that the encoder learns from it and uses its buffer again.
    pub(super) fn give_back(&self, route: Route, batch: Batch, took_ns: u64) {
        self.spent.lock().push((route, batch, took_ns));
    }

    pub(super) fn take_spent(&self) -> Vec<(Route, Batch, u64)> {
        std::mem::take(&mut *self.spent.lock())
    }

    /// Returns true when the lane would send another batch at once. While it would not, open batches are left to grow:
    /// an outage of a day must not leave behind a batch for each second.
    pub(super) fn is_free(&self, route: Route) -> bool {
        self.free.get(route.index()).is_some_and(|lane| lane.load(Ordering::Acquire))
    }

    /// Notes whether a lane is free. When it becomes free the encoder is woken: it may hold an open batch for it.
    pub(super) fn set_free(&self, route: Route, is_free: bool) {
        let Some(lane) = self.free.get(route.index()) else { return };
        let was_free = lane.swap(is_free, Ordering::AcqRel);
        if is_free && !was_free {
            self.queue.wake_encoder();
        }
    }
}

/// Returns the JSON around the items of a route.
pub(super) const fn frame(route: Route) -> Frame {
    match route {
        Route::Spans => Frame::SPANS,
        Route::Evaluations | Route::Feedback => Frame::EVALUATIONS,
    }
}
