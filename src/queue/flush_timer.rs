//! The clock of tasks that wait for a flush or a shutdown.
//!
//! The timer has a thread of its own, started by the first task that waits: the encoder may be inside a processor that
//! never returns, and the dispatcher inside a subscriber that blocks, and still a flush ends in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::lock::Signal;
use super::worker_flag::mark_worker_thread;

/// The timer of one pipeline.
#[derive(Debug, Default)]
pub(super) struct FlushTimer {
    is_started: AtomicBool,
    signal: Arc<Signal>,
}

impl FlushTimer {
    /// Without a waiter the thread looks this often whether the pipeline is still there.
    pub(super) const IDLE: Duration = Duration::from_secs(60);

    /// Starts the thread unless it runs. `look` answers the waiters that are due and returns how long nothing else is, or
    /// `None` when the pipeline has ended. Where no thread can be started, the dispatcher answers late waiters.
    pub(super) fn start(&self, look: impl Fn() -> Option<Duration> + Send + 'static) {
        if self.is_started.swap(true, Ordering::AcqRel) {
            return self.signal.send();
        }
        let signal = Arc::clone(&self.signal);
        let run = move || {
            mark_worker_thread();
            while let Some(wait) = look() {
                signal.wait(wait);
            }
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

/// At most 15 characters, or Linux cuts it.
const THREAD_NAME: &str = "dd-llmobs-timer";
