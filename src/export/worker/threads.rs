//! The two threads of the exporter: how they start, and what happens after a panic.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;

use super::dispatcher::Dispatcher;
use super::encoder::Encoder;
use super::exporter::{Exporter, Sink};
use super::outbox::Outbox;
use super::priority::lower_priority;
use super::spooler::Spooler;
use crate::diagnostics::{Announcer, Diagnosis};
use crate::error::ConfigError;
use crate::queue::{Phase, Queue, mark_worker_thread};
use crate::stats::LossReason;
use llmobs_model::contain;

impl Exporter {
    /// Starts the threads, and returns when they run.
    ///
    /// # Errors
    ///
    /// When a thread or the runtime cannot be started.
    pub(crate) fn start(mut self, sink: Sink, mut diagnosis: Diagnosis) -> Result<(), ConfigError> {
        let (transport, memory) = match sink {
            Sink::Intake(transport) => (Some(Arc::from(transport)), None),
            Sink::Memory(memory) => (None, Some(memory)),
        };
        let (queue, clock, interval) = (Arc::clone(&self.queue), self.clock.clone(), self.flush_interval);
        let outbox = Arc::new(Outbox::new(Arc::clone(&queue)));
        let folder = self.spool.take().filter(|_| transport.is_some());
        let spooler = Spooler::start(folder, &queue, &outbox, &mut diagnosis.warnings);
        let encoder = Encoder::new(self, memory, Arc::clone(&outbox));
        let runs_foreign_code = encoder.runs_foreign_code();
        let encoder = Arc::new(Mutex::new(encoder));
        let announcer = Announcer::new(Arc::clone(&queue.problems), diagnosis, mark_worker_thread);
        let dispatcher = Dispatcher::new(Arc::clone(&queue), outbox, transport, clock, announcer).with_spool(spooler);
        let helped = (!runs_foreign_code).then(|| Arc::clone(&encoder));
        let started = start_dispatcher(dispatcher, helped).and_then(|()| {
            let queue = Arc::clone(&queue);
            let run = move || run_encoder(&queue, &encoder, interval, runs_foreign_code);
            std::thread::Builder::new().name(ENCODER_THREAD.to_owned()).spawn(run).map(drop)
        });
        started.map_err(|source| {
            queue.stop(LossReason::Closed);
            ConfigError::Thread { source }
        })
    }
}

/// Starts the dispatcher thread. The runtime is made there: dropped in a caller's async context, it would panic.
fn start_dispatcher(mut dispatcher: Dispatcher, encoder: Option<Arc<Mutex<Encoder>>>) -> std::io::Result<()> {
    let (tx, rx) = mpsc::sync_channel(1);
    let run = move || {
        mark_worker_thread();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .on_thread_start(mark_worker_thread)
            .thread_name(DISPATCHER_THREAD)
            .build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => return drop(tx.send(Err(error))),
        };
        drop(tx.send(Ok(())));
        // A panic is a defect of this crate or of a dependency. It costs the request that caused it, not the pipeline.
        while contain(|| runtime.block_on(dispatcher.run(encoder.as_deref()))).is_err() {
            dispatcher.restart();
            // A loop of panics must not take a whole processor.
            let _ = contain(|| runtime.block_on(async { tokio::time::sleep(RESTART_PAUSE).await }));
        }
        dispatcher.finish();
        // Dropping the runtime would wait for a name that is being looked up.
        runtime.shutdown_background();
    };
    std::thread::Builder::new().name(DISPATCHER_THREAD.to_owned()).spawn(run)?;
    rx.recv().map_err(std::io::Error::other)?
}

/// Encodes until the pipeline has stopped.
fn run_encoder(queue: &Queue, encoder: &Mutex<Encoder>, interval: Duration, runs_foreign_code: bool) {
    mark_worker_thread();
    // Processors run on this thread only, so nobody else can take over while somebody waits for a flush.
    if !runs_foreign_code {
        lower_priority();
    }
    while queue.phase() != Phase::Stopped {
        if !queue.wait_for_work(interval) {
            queue.shrink();
        }
        // A panic is a defect of this crate; it costs the item that caused it.
        while contain(|| while encoder.lock().round() {}).is_err() {
            queue.count_restart();
        }
    }
}

/// Names of at most 15 characters, or Linux cuts them.
const DISPATCHER_THREAD: &str = "dd-llmobs";
const ENCODER_THREAD: &str = "dd-llmobs-enc";
const RESTART_PAUSE: Duration = Duration::from_millis(100);
