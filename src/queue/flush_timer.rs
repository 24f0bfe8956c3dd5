//! The clock of tasks that wait for a flush or a shutdown.
//!
//! It has a thread of its own, started by the first task that waits: the encoder may be inside a processor that never
//! returns, and the dispatcher inside a subscriber that blocks, and still a flush ends in time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::bounded_queue::Queue;
use super::item::Phase;
use super::lock::Signal;
use super::worker_flag::mark_worker_thread;
use crate::clock::Clock;

/// The timer of one pipeline.
#[derive(Debug, Default)]
pub(super) struct FlushTimer {
    is_started: AtomicBool,
    signal: Arc<Signal>,
}

impl FlushTimer {
    /// Starts the thread unless it runs. Where no thread can be started, the dispatcher answers late waiters.
    pub(super) fn start(&self, queue: &Arc<Queue>) {
        if self.is_started.swap(true, Ordering::AcqRel) {
            return self.signal.send();
        }
        let (queue, signal) = (Arc::downgrade(queue), Arc::clone(&self.signal));
        let run = move || {
            mark_worker_thread();
            answer_late_waiters(&queue, &signal);
        };
        if std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(run).is_err() {
            self.is_started.store(false, Ordering::Release);
        }
    }

    /// Makes the thread look again: a waiter has come, or the phase has changed.
    pub(super) fn wake(&self) {
        if self.is_started.load(Ordering::Acquire) {
            self.signal.send();
        }
    }
}

/// Answers tasks whose deadline has passed, in real time also under a manual clock. Ends with the pipeline.
fn answer_late_waiters(queue: &Weak<Queue>, signal: &Signal) {
    loop {
        let Some(queue) = queue.upgrade() else { return };
        let now = Clock::System.instant();
        let next = queue.expire_waiters(now);
        let wait = match (next, queue.phase()) {
            (Some(next), _) => next.saturating_duration_since(now),
            (None, Phase::Stopped) => return,
            (None, Phase::Running | Phase::Draining { .. }) => IDLE,
        };
        drop(queue);
        signal.wait(wait);
    }
}

/// Without a waiter the thread looks this often whether the pipeline is still there.
const IDLE: Duration = Duration::from_secs(60);

/// At most 15 characters, or Linux cuts it.
const THREAD_NAME: &str = "dd-llmobs-timer";
