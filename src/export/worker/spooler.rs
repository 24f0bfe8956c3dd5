//! The spool's thread: what is on its way to the intake also lies on disk until it is settled.
//!
//! The dispatcher hands batches over and goes on at once; a disk that hangs or fails costs the spool and nothing else.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::super::batch::Batch;
use super::super::transport::Route;
use super::exporter::SpoolFolder;
use super::outbox::{Outbox, PendingBatch, frame};
use super::spooled_batch::{Command, SpooledBatch};
use crate::clock::Clock;
use crate::queue::{Queue, mark_worker_thread};
use crate::spool::{Leftover, Record, RecordId, Store};
use crate::stats::{LossReason, Problem};

/// The dispatcher's end of the spool.
#[derive(Debug)]
pub(super) struct Spooler {
    commands: Sender<Command>,
    next_ticket: Arc<AtomicU64>,
    /// Bytes that were handed over and are not written yet.
    waiting: Arc<AtomicUsize>,
}

impl Spooler {
    /// Takes the folder and starts the thread; `None`, with a warning, where that cannot be done.
    pub(super) fn start(
        folder: Option<SpoolFolder>,
        queue: &Arc<Queue>,
        outbox: &Arc<Outbox>,
        warnings: &mut Vec<String>,
    ) -> Option<Self> {
        let SpoolFolder { path, max_bytes } = folder?;
        let (commands, rx) = mpsc::channel();
        let spooler = Self { commands, next_ticket: Arc::default(), waiting: Arc::default() };
        let started = Store::open(&path, max_bytes).and_then(|(store, leftovers)| {
            let writer = Writer {
                store: Some(store),
                leftovers,
                records: HashMap::new(),
                queue: Arc::downgrade(queue),
                outbox: Arc::downgrade(outbox),
                commands: spooler.commands.clone(),
                next_ticket: Arc::clone(&spooler.next_ticket),
                waiting: Arc::clone(&spooler.waiting),
                last_sync: Clock::System.instant(),
            };
            std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(move || writer.run(&rx))
        });
        match started {
            Ok(_) => Some(spooler),
            Err(error) => {
                let path = path.display();
                warnings
                    .push(format!("the spool in {path:?} cannot be used, so batches are kept in memory only: {error}"));
                None
            }
        }
    }

    /// Hands a batch over, unless it comes from the disk, or the disk cannot keep up.
    pub(super) fn keep(&self, route: Route, batch: &mut PendingBatch) {
        if batch.spooled.is_some() {
            return;
        }
        let bytes = batch.batch.bytes();
        if self.waiting.fetch_add(bytes, Ordering::Relaxed) > MAX_WAITING {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            return;
        }
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let spooled = Arc::new(SpooledBatch::new(ticket, batch.items(), self.commands.clone()));
        let append = Command::Append { route, batch: batch.batch.clone(), spooled: Arc::clone(&spooled) };
        batch.spooled = self.commands.send(append).is_ok().then_some(spooled);
    }

    /// Waits, not for long, until everything that was handed over is on disk.
    pub(super) fn finish(&self) {
        let (tx, rx) = mpsc::sync_channel(1);
        if self.commands.send(Command::Finish(tx)).is_ok() {
            let _ = rx.recv_timeout(LAST_WRITES);
        }
    }
}

/// The thread's state.
struct Writer {
    /// `None` after the disk has failed.
    store: Option<Store>,
    /// Batches of an earlier process that are not read yet, the oldest last.
    leftovers: Vec<Leftover>,
    /// The records on disk, by their ticket.
    records: HashMap<u64, (RecordId, Arc<SpooledBatch>)>,
    queue: Weak<Queue>,
    outbox: Weak<Outbox>,
    commands: Sender<Command>,
    next_ticket: Arc<AtomicU64>,
    waiting: Arc<AtomicUsize>,
    last_sync: Instant,
}

impl Writer {
    fn run(mut self, commands: &Receiver<Command>) {
        mark_worker_thread();
        self.leftovers.reverse();
        self.attempt(Self::read_leftover);
        loop {
            match commands.recv_timeout(SYNC_INTERVAL) {
                Ok(Command::Append { route, batch, spooled }) => {
                    let bytes = batch.bytes();
                    self.attempt(|writer, queue| writer.append(queue, route, &batch, spooled));
                    self.waiting.fetch_sub(bytes, Ordering::Relaxed);
                }
                Ok(Command::Settle(ticket)) => self.attempt(|writer, _| writer.settle(ticket)),
                Ok(Command::Finish(reply)) => {
                    self.attempt(|writer, _| writer.store.as_mut().map_or(Ok(()), Store::sync));
                    self.store.iter_mut().for_each(Store::sweep);
                    // Gives the folder free before anybody is told.
                    self.store = None;
                    // Whoever waited may have given up.
                    let _ = reply.send(());
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = Clock::System.instant();
            if now.saturating_duration_since(self.last_sync) >= SYNC_INTERVAL {
                self.last_sync = now;
                self.attempt(|writer, _| writer.store.as_mut().map_or(Ok(()), Store::sync));
                self.attempt(Self::read_leftover);
            }
        }
    }

    /// Does one step. When it fails the spool is turned off: memory goes on, and nothing new is written.
    fn attempt(&mut self, step: impl FnOnce(&mut Self, &Queue) -> io::Result<()>) {
        let Some(queue) = self.queue.upgrade() else { return };
        if self.store.is_some() && step(self, &queue).is_err() {
            queue.problems.count(Problem::Spool, "the spool");
            self.records.drain().for_each(|(_, (_, spooled))| spooled.count(&queue, false));
            (self.store, self.leftovers) = (None, Vec::new());
        }
    }

    fn append(&mut self, queue: &Queue, route: Route, batch: &Batch, spooled: Arc<SpooledBatch>) -> io::Result<()> {
        let Some(store) = &mut self.store else { return Ok(()) };
        let route = u8::try_from(route.index()).unwrap_or(u8::MAX);
        match store.append(route, Clock::System.wall_ms(), batch.ends(), &batch.body())? {
            Some(record) => {
                spooled.count(queue, true);
                self.records.insert(spooled.ticket, (record, spooled));
            }
            None => queue.problems.count(Problem::Spool, "the spool"),
        }
        Ok(())
    }

    fn settle(&mut self, ticket: u64) -> io::Result<()> {
        let Some((record, _)) = self.records.remove(&ticket) else { return Ok(()) };
        self.store.as_mut().map_or(Ok(()), |store| store.settle(record))
    }

    /// Reads the next segment of an earlier process, once the queue has room for it.
    fn read_leftover(&mut self, queue: &Queue) -> io::Result<()> {
        if queue.is_half_full() {
            return Ok(());
        }
        let (Some(store), Some(leftover)) = (&mut self.store, self.leftovers.pop()) else { return Ok(()) };
        let (records, is_damaged) = store.read(&leftover)?;
        if is_damaged {
            queue.problems.count(Problem::Spool, "the spool");
        }
        for (id, record) in records {
            if !self.take_up(queue, id, record) {
                // A record that cannot be used is not kept either.
                self.store.as_mut().map_or(Ok(()), |store| store.settle(id))?;
            }
        }
        Ok(())
    }

    /// Hands a record to the dispatcher. Returns false when it is too old or not a batch.
    fn take_up(&mut self, queue: &Queue, id: RecordId, record: Record) -> bool {
        let (now, wall_ms) = (Clock::System.instant(), Clock::System.wall_ms());
        let age = Duration::from_millis(wall_ms.saturating_sub(record.wall_ms));
        let Some(route) = Route::ALL.into_iter().find(|route| route.index() == usize::from(record.route)) else {
            return false;
        };
        let Some(batch) = Batch::restore(frame(route), record.body, record.ends) else { return false };
        let Some(outbox) = self.outbox.upgrade() else { return true };
        let mut batch = PendingBatch::new(batch, queue.entered(), now.checked_sub(age).unwrap_or(now));
        let items = batch.items();
        if (0..items).any(|_| queue.adopt().is_err()) {
            // The pipeline has stopped: the next process takes it up.
            return true;
        }
        if age > MAX_AGE {
            queue.lose(LossReason::TooOld, items);
            return false;
        }
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let spooled = Arc::new(SpooledBatch::new(ticket, items, self.commands.clone()));
        spooled.count(queue, true);
        self.records.insert(ticket, (id, Arc::clone(&spooled)));
        batch.spooled = Some(spooled);
        outbox.push(route, batch, 0);
        true
    }
}

/// At most 15 characters, or Linux cuts it.
const THREAD_NAME: &str = "dd-llmobs-disk";
/// The pause between two syncs to the disk: batches before the last one survive a crash of the operating system, too.
const SYNC_INTERVAL: Duration = Duration::from_secs(1);
/// The time that the disk has after the shutdown deadline.
const LAST_WRITES: Duration = Duration::from_millis(15);
/// A disk that is slower than the application gets no more than this to write.
const MAX_WAITING: usize = 16 << 20;
/// The intake takes nothing older.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);
