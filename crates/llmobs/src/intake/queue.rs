//! The queue between requests and the database, and the thread that writes.
//!
//! A request is acknowledged when its items are committed. The thread takes all requests that wait and commits them
//! together, so that many small requests cost one commit. A full queue refuses: senders try again, and nothing is
//! acknowledged that is not stored.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use llmobs_receiver::DecodedRequest;
use tokio::sync::{oneshot, watch};

use crate::clock::now_ms;
use crate::store::open::Database;
use crate::store::write::{index_some, store};

/// The sending half of the queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    sender: SyncSender<Item>,
    waiting_bytes: Arc<AtomicUsize>,
    pub(crate) counters: Arc<Counters>,
    /// Changes whenever something was stored.
    pub(crate) changes: watch::Receiver<u64>,
}

/// Counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) spans: AtomicI64,
    pub(crate) refused_requests: AtomicI64,
    pub(crate) malformed: AtomicI64,
}

#[derive(Debug)]
struct Item {
    request: DecodedRequest,
    bytes: usize,
    done: oneshot::Sender<Result<(), String>>,
}

/// The reason why a request was not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum QueueError {
    #[error("the viewer is busy: {0} MiB wait to be stored; send again")]
    Full(usize),
    #[error("the viewer could not store: {0}")]
    Storage(String),
    #[error("the viewer is shutting down; send again")]
    Closed,
}

impl Queue {
    /// Starts the thread that writes. It ends when the last queue is dropped.
    pub(crate) fn start(database: Arc<Database>) -> std::io::Result<Self> {
        let (sender, items) = sync_channel(MAX_ITEMS);
        let (notifier, changes) = watch::channel(0);
        let queue = Self { sender, waiting_bytes: Arc::default(), counters: Arc::default(), changes };
        let waiting_bytes = Arc::clone(&queue.waiting_bytes);
        thread::Builder::new().name("llmobs-store".to_owned()).spawn(move || {
            run(&database, &items, &waiting_bytes, &notifier);
        })?;
        Ok(queue)
    }

    /// Stores the items of a request, and returns when they are committed.
    pub(crate) async fn store(&self, request: DecodedRequest, bytes: usize) -> Result<(), QueueError> {
        let spans = crate::number::count(request.spans.len());
        let malformed = crate::number::count(request.rejected.len());
        let before = self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        let (done, outcome) = oneshot::channel();
        let is_full = before > 0 && before.saturating_add(bytes) > MAX_BYTES;
        if is_full || self.sender.try_send(Item { request, bytes, done }).is_err() {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.counters.refused_requests.fetch_add(1, Ordering::Relaxed);
            return Err(QueueError::Full(before >> 20));
        }
        outcome.await.map_err(|_| QueueError::Closed)?.map_err(QueueError::Storage)?;
        self.counters.spans.fetch_add(spans, Ordering::Relaxed);
        self.counters.malformed.fetch_add(malformed, Ordering::Relaxed);
        Ok(())
    }
}

fn run(database: &Database, receiver: &Receiver<Item>, waiting_bytes: &AtomicUsize, changed: &watch::Sender<u64>) {
    let mut unindexed = 1;
    loop {
        // Texts are indexed while no request waits.
        let patience = if unindexed > 0 { Duration::from_millis(1) } else { Duration::from_secs(3600) };
        match receiver.recv_timeout(patience) {
            Ok(first) => {
                commit(database, receiver, waiting_bytes, first);
                unindexed = 1;
                changed.send_modify(|version| *version = version.wrapping_add(1));
            }
            Err(RecvTimeoutError::Timeout) => {
                // An error comes again with the next request, which reports it.
                unindexed = index_some(&mut database.writer(), INDEX_STEP).unwrap_or(0);
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Stores the first item and all that wait behind it in one transaction.
fn commit(database: &Database, receiver: &Receiver<Item>, waiting_bytes: &AtomicUsize, first: Item) {
    let (mut requests, mut answers) = (Vec::new(), Vec::new());
    let mut bytes = 0_usize;
    let mut next = Some(first);
    while let Some(item) = next {
        bytes = bytes.saturating_add(item.bytes);
        requests.push(item.request);
        answers.push(item.done);
        next = if bytes < MAX_BATCH_BYTES { receiver.try_recv().ok() } else { None };
    }
    let outcome = store(&mut database.writer(), &requests, now_ms()).map_err(|error| error.to_string());
    waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    for answer in answers {
        // The sender went away; its items are stored all the same.
        let _ = answer.send(outcome.clone());
    }
}

/// Requests that wait.
const MAX_ITEMS: usize = 1024;
/// Bytes of the bodies of requests that wait; their values take some times as much.
const MAX_BYTES: usize = 32 * 1024 * 1024;
const MAX_BATCH_BYTES: usize = 8 * 1024 * 1024;
/// Spans that are indexed before the next look at the queue.
const INDEX_STEP: i64 = 64;
