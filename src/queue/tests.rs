//! Whatever is asked of the queue, in whatever order: what went in comes out, and the ledger balances.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::model::{Annotation, CapturePolicy, FieldValue, Log, Meaning, Origin, Said, SpanId, TraceId};

/// A span that holds so many bytes besides, as an annotation says that is not read yet.
fn item(number: u64, bytes: usize) -> Item {
    Item::Span(recording(number, bytes))
}

fn recording(number: u64, bytes: usize) -> Box<Recording> {
    let origin = Origin {
        name: "call",
        span_id: SpanId::new(number + 1).unwrap(),
        trace_id: TraceId::new(9),
        parent_id: None,
        start_ns: 1_000,
        sampling: None,
        session_id: None,
        ml_app: None,
        agent: None,
        policy: CapturePolicy::All,
        apm: None,
        passed: None,
        is_entry: false,
    };
    let mut recording = Recording::new(origin, spare_log());
    recording.log_mut().annotate(Annotation::later(bytes, Annotation::new));
    Box::new(recording)
}

/// The same with texts that all tell the number.
fn telling(number: u64, random: &mut fastrand::Rng) -> Box<Recording> {
    let mut recording = recording(number, random.usize(..2_000));
    let log = recording.log_mut();
    for meaning in [Meaning::Name, Meaning::Output].into_iter().take(random.usize(..3)) {
        log.push(meaning, FieldValue::Text(&number.to_string().repeat(random.usize(1..200))));
    }
    if random.u8(..) < 20 {
        log.push_large(Meaning::Input, number.to_string().repeat(Log::LARGE * random.usize(1..30)));
    }
    recording
}

fn said(log: &Log) -> Vec<String> {
    log.iter()
        .filter_map(|said| match said {
            Said::Field(_, value) => Some(format!("{value:?}")),
            Said::Annotation(_) => None,
        })
        .collect()
}

/// The queue, and what it should hold.
struct Play {
    queue: Queue,
    random: fastrand::Rng,
    waiting: VecDeque<(u64, Vec<String>, usize)>,
    unsettled: u64,
    used: Option<Chunk>,
    log: Log,
    /// Those who wait, and for how many more.
    waiters: Vec<(Receiver<Unsettled>, u64)>,
    pushed: u64,
}

impl Play {
    const LIMITS: Limits = Limits { max_items: 300, max_bytes: 1 << 20, wake_bytes: 1 << 19, wake_items: 200 };

    fn push(&mut self) {
        let number = self.pushed;
        self.pushed += 1;
        let recording = telling(number, &mut self.random);
        let (bytes, texts) = (recording.bytes(), said(recording.log()));
        let held: usize = self.waiting.iter().map(|(_, _, bytes)| bytes).sum();
        let expected = if self.waiting.len() >= Self::LIMITS.max_items {
            Err(LossReason::QueueItems)
        } else if held + bytes > Self::LIMITS.max_bytes {
            Err(LossReason::QueueBytes)
        } else {
            self.waiting.push_back((number, texts, bytes));
            self.unsettled += 1;
            Ok(())
        };
        assert_eq!(self.queue.push(Item::Span(recording)), expected);
    }

    /// Takes a chunk and settles what is in it, and now and then one that was found in an item.
    fn work(&mut self) {
        let Some(mut chunk) = self.queue.take(self.used.take()) else { return assert!(self.waiting.is_empty()) };
        while let Some(next) = chunk.next(&mut self.log) {
            let Next::Span(mut recording) = next else { panic!("only spans went in") };
            let (number, texts, bytes) = self.waiting.pop_front().unwrap();
            assert_eq!((Some(recording.origin.span_id), said(recording.log())), (SpanId::new(number + 1), texts));
            assert_eq!(recording.bytes(), bytes, "what comes out counts for what went in");
            self.log = std::mem::take(recording.log_mut());
            self.queue.spare_texts.empty(&mut self.log);
            let found = u64::from(self.random.u8(..) < 30);
            for _ in 0..found {
                assert_eq!(self.queue.adopt(), Ok(()));
            }
            self.unsettled += found;
            self.waiters.iter_mut().for_each(|(_, left)| *left += found);
            self.settle(1 + found);
        }
        self.used = Some(chunk).filter(|_| self.random.bool());
    }

    fn settle(&mut self, items: u64) {
        if self.random.bool() {
            self.queue.deliver(items);
        } else {
            self.queue.lose(LossReason::Rejected, items);
        }
        self.unsettled -= items;
        self.waiters.retain_mut(|(answer, left)| {
            *left = left.saturating_sub(items);
            let expected = if *left == 0 { Ok(Unsettled(0)) } else { Err(TryRecvError::Empty) };
            assert_eq!(answer.try_recv(), expected);
            *left > 0
        });
    }

    fn check(&self) {
        let stats = self.queue.stats();
        assert!(stats.is_balanced(), "{stats:?}");
        let held: usize = self.waiting.iter().map(|(_, _, bytes)| bytes).sum();
        assert_eq!((stats.queued_bytes, stats.pending), (u64::try_from(held).unwrap(), self.unsettled));
    }
}

#[test]
fn what_goes_in_comes_out_in_order_and_is_counted_whatever_happens_between() {
    for seed in 0..12 {
        let mut play = Play {
            queue: Queue::new(Play::LIMITS),
            random: fastrand::Rng::with_seed(seed),
            waiting: VecDeque::new(),
            unsettled: 0,
            used: None,
            log: Log::new(),
            waiters: Vec::new(),
            pushed: 0,
        };
        for _ in 0..2_000 {
            match play.random.u8(..) {
                0 => play.queue.shrink(),
                1..8 => play.work(),
                8..10 if play.unsettled > 0 => {
                    play.waiters.push((play.queue.flush_from_thread(), play.unsettled));
                }
                _ => play.push(),
            }
            play.check();
        }
        let waiters = std::mem::take(&mut play.waiters);
        let left = play.unsettled;
        assert_eq!(play.queue.stop(LossReason::Deadline), left);
        play.queue.dismiss_waiters();
        assert!(waiters.iter().all(|(answer, _)| answer.try_recv() == Ok(Unsettled(left))));
        assert_eq!(
            (play.queue.push(item(0, 0)), play.queue.adopt()),
            (Err(LossReason::Closed), Err(LossReason::Closed))
        );
        let stats = play.queue.stats();
        assert!(stats.is_balanced() && stats.pending == 0 && stats.queued_bytes == 0, "{stats:?}");
        let kinds = [LossReason::QueueItems, LossReason::QueueBytes].map(|reason| stats.lost(reason));
        assert!(seed > 0 || kinds.iter().any(|lost| *lost > 0), "the bounds were met: {kinds:?}");
    }
}

#[test]
fn quiet_gives_back_what_a_burst_has_left() {
    let queue = Queue::new(Limits { max_items: 100_000, max_bytes: 1 << 30, wake_bytes: 1 << 30, wake_items: 100_000 });
    (0..100_000).for_each(|number| queue.push(item(number, 100)).unwrap());
    let mut used = None;
    while let Some(chunk) = queue.take(used.take()) {
        used = Some(chunk);
    }
    let spare = || queue.state.lock().backlog.spare();
    let (chunks, bytes) = spare();
    assert!(chunks > 100 && bytes > 1 << 20, "{chunks} {bytes}");
    (0..16).for_each(|_| queue.shrink());
    let (chunks, bytes) = spare();
    assert!(chunks == 1 && bytes <= 1 << 20, "{chunks} {bytes}");
}

#[test]
fn a_log_is_used_again_on_its_thread_and_one_at_the_end_of_a_thread_is_no_trouble() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            // Whichever of the two goes first.
            keep_log(spare_log());
        }
    }
    std::thread_local!(static LATE: Late = const { Late });
    for is_late_first in [true, false] {
        let thread = std::thread::spawn(move || {
            if is_late_first {
                LATE.with(|_| ());
            }
            let mut log = Log::new();
            log.push(Meaning::Name, FieldValue::Text("name"));
            let capacity = log.capacity();
            log.clear(drop);
            keep_log(log);
            LATE.with(|_| ());
            assert_eq!(spare_log().capacity(), capacity);
            assert_eq!(spare_log().capacity(), 0);
            // No more are kept than a few, and none that is large.
            for length in [10, 64 * 1024].repeat(100) {
                let mut log = Log::new();
                log.push(Meaning::Name, FieldValue::Text(&"n".repeat(length)));
                log.clear(drop);
                keep_log(log);
            }
            let kept = (0..100).filter(|_| spare_log().capacity() > 0).count();
            assert_eq!(kept, 8);
        });
        thread.join().unwrap();
    }
}

/// Which of so many equal items wake the worker.
fn woken_by(queue: &Queue, bytes: usize, items: usize) -> Vec<bool> {
    let push = |_| {
        queue.push(item(0, bytes)).unwrap();
        pin!(queue.work()).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    };
    (0..items).map(push).collect()
}

#[test]
fn one_large_item_wakes_nobody_and_several_do() {
    for (bytes, enough) in [(5 << 20, 4), (128 << 10, 4), (32 << 10, 16)] {
        let queue = Queue::new(Limits { max_items: 99, max_bytes: 64 << 20, wake_bytes: 512 << 10, wake_items: 99 });
        for round in 0..2 {
            let woken = woken_by(&queue, bytes, enough);
            assert_eq!(woken.iter().position(|woken| *woken), Some(enough - 1), "{bytes} bytes, round {round}");
            std::iter::from_fn(|| queue.take(None)).for_each(drop);
        }
    }
}
