//! The hand-over of log lines to a thread of their own.
//!
//! A subscriber is code of the application: it may block, for example on a pipe that nobody reads, and it may panic.
//! Neither may hold up the exporter. So log lines go through a bounded channel, and what does not fit is dropped; the
//! counters in it are repeated by the next line.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::announcement::{Announcement, Destination, FailedRequest};
use super::diagnosis::Diagnosis;
use super::listener::has_subscriber;
use super::reporter::Reporter;
use crate::stats::{Problems, Stats};

/// The exporter's end of the channel.
#[derive(Debug)]
pub(crate) struct Announcer {
    problems: Arc<Problems>,
    /// The thread is started when there is something to log for the first time.
    reporter: Option<Reporter>,
    sender: Option<mpsc::SyncSender<Announcement>>,
    on_thread_start: fn(),
    /// The counters at the last report.
    reported: Fingerprint,
    /// Set while a line waits, because nobody listened or because it was logged a moment ago.
    has_unlogged: Arc<AtomicBool>,
    next_report: Option<Instant>,
    /// The process has a subscriber.
    has_subscriber: bool,
    has_route: bool,
}

/// Counters that change whenever there may be something new to log.
type Fingerprint = (u64, u64, u64, u64, u64, bool);

impl Announcer {
    /// Log lines that wait for a slow subscriber.
    const CAPACITY: usize = 64;
    /// While something is not logged, the thread looks again this often.
    const INTERVAL: Duration = Duration::from_millis(200);

    /// Creates an announcer; `on_thread_start` runs first on the thread that logs.
    pub(crate) fn new(problems: Arc<Problems>, diagnosis: Diagnosis, on_thread_start: fn()) -> Self {
        let has_unlogged = Arc::new(AtomicBool::new(!diagnosis.warnings.is_empty()));
        let reporter = Some(Reporter::new(Arc::clone(&problems), diagnosis, Arc::clone(&has_unlogged)));
        let (sender, next_report, has_subscriber, has_route) = Default::default();
        Self {
            problems,
            reporter,
            sender,
            on_thread_start,
            reported: Fingerprint::default(),
            has_unlogged,
            next_report,
            has_subscriber,
            has_route,
        }
    }

    /// Logs the receiver of the items, once.
    pub(crate) fn route_decided(&mut self, destination: impl FnOnce() -> Option<Arc<Destination>>) {
        if !self.has_route
            && let Some(destination) = destination()
        {
            self.has_route = true;
            self.announce(Announcement::Route(destination));
        }
    }

    /// Logs a failed request.
    pub(crate) fn request_failed(&mut self, failed: FailedRequest) {
        self.announce(Announcement::Failed(failed));
    }

    /// Logs losses and problems that are new.
    pub(crate) fn report(&mut self, now: Instant, stats: &Stats) {
        let problems = self.problems.snapshot().total();
        self.has_subscriber = self.has_subscriber || has_subscriber();
        let notes = self.problems.notes.version();
        let (refused, lost, remarks) = (stats.refused_total(), stats.lost_total(), self.problems.remarks.noted());
        let current = (refused, lost, problems, remarks, notes, self.has_subscriber);
        let is_due = self.has_unlogged.load(Ordering::Relaxed) && self.next_report.is_none_or(|next| next <= now);
        if current == self.reported && !is_due {
            return;
        }
        self.reported = current;
        self.next_report = now.checked_add(Self::INTERVAL);
        self.announce(Announcement::Report(Box::new(stats.clone()), now));
    }

    /// Logs the totals, and waits for the subscriber, but no longer than `patience`.
    pub(crate) fn finish(&mut self, now: Instant, stats: &Stats, patience: Duration) {
        let is_quiet = stats.refused_total() == 0
            && stats.lost_total() == 0
            && stats.open_spans == 0
            && self.problems.remarks.noted() == 0
            && self.problems.notes.version() == 0
            && !has_subscriber()
            && self.problems.snapshot().total() == 0;
        if is_quiet && self.sender.is_none() && !self.has_unlogged.load(Ordering::Relaxed) {
            return;
        }
        let (done, finished) = mpsc::sync_channel(1);
        self.announce(Announcement::Finish(Box::new(stats.clone()), now, done));
        // Disconnected when the thread is through, or was never there.
        let _ = finished.recv_timeout(patience);
        self.sender = None;
    }

    fn announce(&mut self, announcement: Announcement) {
        if self.sender.is_none() {
            self.sender = self.start();
        }
        if let Some(sender) = &self.sender {
            drop(sender.try_send(announcement));
        }
    }

    /// Starts the thread. Where that fails nothing is logged.
    fn start(&mut self) -> Option<mpsc::SyncSender<Announcement>> {
        let mut reporter = self.reporter.take()?;
        let (sender, receiver) = mpsc::sync_channel(Self::CAPACITY);
        let on_thread_start = self.on_thread_start;
        let run = move || {
            on_thread_start();
            for announcement in receiver {
                reporter.log(announcement);
            }
            reporter.watch_late_spans();
        };
        std::thread::Builder::new().name(THREAD_NAME.to_owned()).spawn(run).ok()?;
        Some(sender)
    }
}

/// At most 15 characters, or Linux cuts it.
const THREAD_NAME: &str = "dd-llmobs-log";
