//! Whatever is asked of the queue, in whatever order: what went in comes out, and the ledger balances.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::recording::{FieldKey, FieldLog, FieldValue, LogEntry, Origin, RecordedAnnotation};
use llmobs_model::{Annotation, CapturePolicy, SpanId, TraceId};

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
    let mut recording = Recording::new(origin, FieldLog::new());
    recording.log_mut().annotate(RecordedAnnotation::deferred(bytes, Annotation::new));
    Box::new(recording)
}

/// The same with texts that all tell the number.
fn telling(number: u64, random: &mut fastrand::Rng) -> Box<Recording> {
    let mut recording = recording(number, random.usize(..2_000));
    let log = recording.log_mut();
    for meaning in [FieldKey::Name, FieldKey::Output].into_iter().take(random.usize(..3)) {
        log.push(meaning, FieldValue::Text(&number.to_string().repeat(random.usize(1..200))));
    }
    if random.u8(..) < 20 {
        log.push_large(FieldKey::Input, number.to_string().repeat(FieldLog::LARGE * random.usize(1..30)));
    }
    recording
}

fn said(log: &FieldLog) -> Vec<String> {
    log.iter()
        .filter_map(|said| match said {
            LogEntry::Field(_, value) => Some(format!("{value:?}")),
            LogEntry::Annotation(_) => None,
        })
        .collect()
}

/// The queue, and what it should hold.
struct Play {
    queue: Queue,
    random: fastrand::Rng,
    waiting: VecDeque<(u64, Vec<String>, u64)>,
    unsettled: u64,
    taken: Taken,
    log: FieldLog,
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
        let (bytes, texts) = (recording.bytes() as u64, said(recording.log()));
        let held: u64 = self.waiting.iter().map(|(_, _, bytes)| bytes).sum();
        let expected = if self.waiting.len() as u64 >= Self::LIMITS.max_items {
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

    /// Takes what is there and settles it, and now and then one that was found in an item.
    fn work(&mut self) {
        assert_eq!(self.queue.take(&mut self.taken), !self.waiting.is_empty());
        while let Some(next) = self.queue.next(&mut self.taken, &mut self.log) {
            let Next::Span(head) = next else { panic!("only spans went in") };
            let (number, texts, bytes) = self.waiting.pop_front().unwrap();
            assert_eq!((Some(head.origin.span_id), said(&self.log)), (SpanId::new(number + 1), texts));
            assert_eq!(Recording::bytes_with(&self.log) as u64, bytes, "what comes out counts for what went in");
            self.queue.spare_texts.empty(&mut self.log);
            let found = u64::from(self.random.u8(..) < 30);
            for _ in 0..found {
                assert_eq!(self.queue.adopt(), Ok(()));
            }
            self.unsettled += found;
            self.waiters.iter_mut().for_each(|(_, left)| *left += found);
            self.settle(1 + found);
        }
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
        let held: u64 = self.waiting.iter().map(|(_, _, bytes)| bytes).sum();
        assert_eq!((stats.queued_bytes, stats.pending), (held, self.unsettled));
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
            taken: Taken::default(),
            log: FieldLog::new(),
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

/// Takes what is there, and says of which spans it is.
fn read(queue: &Queue, taken: &mut Taken) -> Vec<SpanId> {
    let (mut spans, mut log) = (Vec::new(), FieldLog::new());
    while queue.take(taken) {
        while let Some(Next::Span(head)) = queue.next(taken, &mut log) {
            spans.push(head.origin.span_id);
            log.clear(drop);
        }
    }
    spans
}

#[test]
fn what_threads_put_in_one_after_another_comes_out_in_that_order() {
    const THREADS: u64 = 5;
    const ITEMS: u64 = 4_000;
    let limits = Limits { max_items: 1 << 20, max_bytes: 1 << 30, wake_bytes: 1 << 30, wake_items: 1 << 20 };
    let (queue, turn) = (&Queue::new(limits), &AtomicU64::new(0));
    let (mut taken, mut spans) = (Taken::default(), Vec::new());
    // Each is let in by the one before; in runs of several, so that chunks have more than one of each.
    let push_own = |own: u64| {
        for number in (0..ITEMS).filter(|number| number / 3 % THREADS == own) {
            while turn.load(Ordering::Acquire) != number {
                std::thread::yield_now();
            }
            queue.push(item(number, 0)).unwrap();
            turn.store(number + 1, Ordering::Release);
        }
    };
    std::thread::scope(|scope| {
        for own in 0..THREADS {
            scope.spawn(move || push_own(own));
        }
        while spans.len() < usize::try_from(ITEMS).unwrap() {
            spans.extend(read(queue, &mut taken));
        }
    });
    assert!(spans.into_iter().eq((1..=ITEMS).filter_map(SpanId::new)));
}

#[test]
fn a_number_that_is_missing_holds_nobody_up() {
    let (mut taken, mut log) = (Taken::default(), FieldLog::new());
    for (row, numbers) in taken.rows().zip([[1, 5], [0, 3], [2, 6]]) {
        let mut chunk = chunk::Chunk::default();
        for number in numbers {
            drop(chunk.put(number, item(number, 0), 1));
        }
        row.append(&mut VecDeque::from([chunk]));
    }
    taken.extend_to(6);
    let mut read = Vec::new();
    while let Some(Next::Span(head)) = taken.next(&mut log) {
        read.push(head.origin.span_id.as_u64() - 1);
        log.clear(drop);
        taken.used_up();
    }
    assert_eq!((read, taken.take_missing()), (vec![0, 1, 2, 3, 5], 1));
    assert!(taken.is_empty(), "what came later is not read before what may still come");
}

#[test]
fn threads_that_do_not_wait_for_one_another_lose_nothing_and_keep_the_bound() {
    const ITEMS: u64 = 20_000;
    let limits = Limits { max_items: 500, max_bytes: 1 << 20, wake_bytes: 1 << 30, wake_items: 1 << 20 };
    let queue = Queue::new(limits);
    let (mut taken, mut settled) = (Taken::default(), 0);
    std::thread::scope(|scope| {
        let push = |own: u64| {
            let queue = &queue;
            move || (0..ITEMS).filter(|number| queue.push(item(own << 32 | number, 0)).is_ok()).count()
        };
        let threads: Vec<_> = (0..3).map(|own| scope.spawn(push(own))).collect();
        let mut last = [None; 3];
        while threads.iter().any(|thread| !thread.is_finished()) || queue.stats().pending > 0 {
            assert!(queue.stats().is_balanced() && queue.stats().queued_bytes <= limits.max_bytes);
            let spans = read(&queue, &mut taken);
            for number in spans.iter().map(|span| span.as_u64() - 1) {
                let last = &mut last[usize::try_from(number >> 32).unwrap()];
                assert!(*last < Some(number), "each thread's own order");
                *last = Some(number);
            }
            settled += spans.len();
            queue.deliver(spans.len() as u64);
        }
        let accepted: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(settled, accepted);
    });
    queue.close(Instant::now());
    assert_eq!(queue.push(item(0, 0)), Err(LossReason::Closed));
    let stats = queue.stats();
    assert!(stats.is_balanced() && stats.offered == 3 * ITEMS + 1 && stats.queued_bytes == 0, "{stats:?}");
    assert_eq!(stats.delivered + stats.lost(LossReason::QueueItems) + 1, stats.offered);
}

#[test]
fn quiet_gives_back_what_a_burst_has_left() {
    let queue = Queue::new(Limits { max_items: 100_000, max_bytes: 1 << 30, wake_bytes: 1 << 30, wake_items: 100_000 });
    (0..100_000).for_each(|number| queue.push(item(number, 100)).unwrap());
    read(&queue, &mut Taken::default());
    let spare = || queue.spare_chunks.kept();
    let (chunks, bytes) = spare();
    assert!(chunks > 100 && bytes > 1 << 20, "{chunks} {bytes}");
    (0..16).for_each(|_| queue.shrink());
    let (chunks, bytes) = spare();
    assert!(chunks == 1 && bytes <= 1 << 20, "{chunks} {bytes}");
}

#[test]
fn a_recording_is_used_again_on_its_thread_and_one_at_the_end_of_a_thread_is_no_trouble() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            // Whichever of the two goes first.
            keep_recording(spare_recording());
        }
    }
    std::thread_local!(static LATE: Late = const { Late });
    let saying = |length: usize| {
        let mut recording = Box::new(Recording::default());
        recording.log_mut().push(FieldKey::Name, FieldValue::Text(&"n".repeat(length)));
        recording.log_mut().clear(drop);
        recording
    };
    for is_late_first in [true, false] {
        let thread = std::thread::spawn(move || {
            if is_late_first {
                LATE.with(|_| ());
            }
            let recording = saying(4);
            let capacity = recording.log().capacity();
            keep_recording(recording);
            LATE.with(|_| ());
            assert_eq!(spare_recording().log().capacity(), capacity);
            assert_eq!(spare_recording().log().capacity(), 0);
            // No more are kept than a few, and none that is large.
            [10, 64 * 1024].repeat(100).into_iter().for_each(|length| keep_recording(saying(length)));
            let kept = (0..100).filter(|_| spare_recording().log().capacity() > 0).count();
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
        let mut taken = Taken::default();
        for round in 0..2 {
            let woken = woken_by(&queue, bytes, enough);
            assert_eq!(woken.iter().position(|woken| *woken), Some(enough - 1), "{bytes} bytes, round {round}");
            read(&queue, &mut taken);
        }
    }
}
