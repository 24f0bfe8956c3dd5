//! The clock of tasks that wait for a flush: their executor's timers are not ours to use.

use std::sync::Arc;

use tokio::time::sleep_until;

use crate::clock::Clock;
use crate::queue::{Phase, Queue, mark_worker_thread};

/// Answers tasks that wait for a flush when their time is up, in real time also under a manual clock; a thread that waits
/// has a timer itself. Ends with the pipeline, when nobody waits any more.
pub(super) async fn answer_late_waiters(queue: Arc<Queue>) {
    loop {
        let (enlisted, changed) = (queue.enlisted(), queue.phase_changed());
        match (queue.expire_waiters(Clock::System.instant()), queue.phase()) {
            (Some(next), _) => tokio::select! {
                () = sleep_until(next.into()) => {}
                () = enlisted => {}
            },
            (None, Phase::Stopped) => return,
            (None, Phase::Running | Phase::Draining { .. }) => tokio::select! {
                () = enlisted => {}
                () = changed => {}
            },
        }
    }
}

/// The same on a thread of its own, where the worker runs code of the application, which may never come back.
pub(super) fn start(queue: Arc<Queue>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let watch = move || {
        mark_worker_thread();
        runtime.block_on(answer_late_waiters(queue));
    };
    std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(watch).map(drop)
}

/// At most 15 characters, or Linux cuts it.
const THREAD_NAME: &str = "dd-llmobs-timer";
