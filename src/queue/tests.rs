//! Whatever is asked of the queue, in whatever order: what went in comes out, and the ledger balances.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::Instant;

use super::*;
use crate::recording::{FieldKey, FieldLog, FieldValue, LogEntry, Origin, RecordedAnnotation, Recording};
use crate::stats::LossReason;
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
        parent_defaults: None,
        is_entry: false,
    };
    let mut recording = Recording::new(origin, FieldLog::new());
    recording.log_mut().annotate(RecordedAnnotation::deferred(bytes, Annotation::new));
    Box::new(recording)
}

/// Records a span whose texts all tell the number.
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

/// The queue, and a model of it.
struct Play {
    queue: Queue,
    random: fastrand::Rng,
    waiting: VecDeque<(u64, Vec<String>, u64)>,
    /// Batches that are not settled: the number of the first item, items, bytes.
    batches: Vec<(u64, u64, usize)>,
    pending: u64,
    drained: Drained,
    log: FieldLog,
    /// Waiters, each with the number that everything below must be settled.
    waiters: Vec<(Receiver<FlushReply>, u64)>,
    accepted: u64,
    names: u64,
}

impl Play {
    const LIMITS: Limits = Limits { max_items: 300, max_bytes: 1 << 20, wake_bytes: 1 << 19, wake_items: 200 };

    fn held(&self) -> u64 {
        let waiting: u64 = self.waiting.iter().map(|(_, _, bytes)| bytes).sum();
        waiting + self.batches.iter().map(|(_, _, bytes)| *bytes as u64).sum::<u64>()
    }

    fn push(&mut self) {
        let name = self.names;
        self.names += 1;
        let recording = telling(name, &mut self.random);
        let (bytes, texts) = (recording.bytes() as u64, said(recording.log()));
        let (items, held) = (self.waiting.len() as u64 + 1, self.held() + bytes);
        match self.queue.push(Item::Span(recording)) {
            Ok(()) => {
                assert!(items <= Self::LIMITS.max_items && held <= Self::LIMITS.max_bytes);
                self.waiting.push_back((name, texts, bytes));
                (self.pending, self.accepted) = (self.pending + 1, self.accepted + 1);
            }
            Err(LossReason::QueueItems) => assert!(items > Self::LIMITS.max_items / 16 * 15),
            Err(LossReason::QueueBytes) => assert!(held > Self::LIMITS.max_bytes / 16 * 15),
            Err(other) => panic!("{other}"),
        }
    }

    /// Reads what is there into a batch, and now and then an item that was found in another one.
    fn work(&mut self) {
        let first = self.drained.next_number();
        assert_eq!(self.queue.drain(&mut self.drained), !self.waiting.is_empty());
        let mut items = 0;
        while let Some(next) = self.queue.next(&mut self.drained, &mut self.log) {
            let Next::Span(head) = next else { panic!("only spans went in") };
            let (name, texts, bytes) = self.waiting.pop_front().unwrap();
            assert_eq!((Some(head.origin.span_id), said(&self.log)), (SpanId::new(name + 1), texts));
            assert_eq!(Recording::bytes_with(&self.log) as u64, bytes, "what comes out counts for what went in");
            self.queue.spare_texts.empty(&mut self.log);
            items += 1;
            if self.random.u8(..) < 30 {
                assert_eq!(self.queue.adopt(), Ok(()));
                (self.pending, items) = (self.pending + 1, items + 1);
            }
        }
        if items > 0 && self.random.bool() {
            let bytes = self.random.usize(..2_000);
            self.queue.open_batch(first, bytes, 0);
            self.batches.push((first, items, bytes));
        } else {
            self.queue.lose(LossReason::Processor, items);
            self.pending -= items;
        }
        self.queue.drained_below(self.drained.next_number());
        self.check_waiters();
    }

    /// Settles any of the batches, in any order.
    fn end_batch(&mut self) {
        if self.batches.is_empty() {
            return;
        }
        let (first, items, bytes) = self.batches.swap_remove(self.random.usize(..self.batches.len()));
        if items > 1 && self.random.bool() {
            for (part, bytes) in [(items / 2, bytes / 2), (items - items / 2, bytes - bytes / 2)] {
                self.queue.open_batch(first, bytes, 0);
                self.batches.push((first, part, bytes));
            }
            return self.queue.end_batch(first, bytes, 0, BatchEnd::Delivered);
        }
        let end = if self.random.bool() { BatchEnd::Delivered } else { BatchEnd::Lost(LossReason::Rejected) };
        self.queue.end_batch(first, bytes, items, end);
        self.pending -= items;
        self.check_waiters();
    }

    /// A waiter is answered once every item that was accepted before it is settled, and not earlier.
    fn check_waiters(&mut self) {
        let open = self.batches.iter().map(|(first, ..)| *first);
        let settled_below = open.fold(self.drained.next_number(), u64::min);
        self.waiters.retain(|(answer, target)| match answer.try_recv() {
            Ok(_) => {
                assert!(*target <= settled_below, "{target} {settled_below}");
                false
            }
            Err(error) => {
                assert!(error == TryRecvError::Empty && *target > settled_below, "{target} {settled_below}");
                true
            }
        });
    }

    fn check(&self) {
        let stats = self.queue.stats();
        assert!(stats.is_balanced(), "{stats:?}");
        assert_eq!((stats.queued_bytes, stats.pending), (self.held(), self.pending));
    }
}

#[test]
fn items_come_out_in_order_and_the_ledger_balances_whatever_happens_between() {
    for seed in 0..12 {
        let mut play = Play {
            queue: Queue::new(Play::LIMITS),
            random: fastrand::Rng::with_seed(seed),
            waiting: VecDeque::new(),
            batches: Vec::new(),
            pending: 0,
            drained: Drained::default(),
            log: FieldLog::new(),
            waiters: Vec::new(),
            accepted: 0,
            names: 0,
        };
        for _ in 0..2_000 {
            match play.random.u8(..) {
                0 => play.queue.shrink(),
                1..8 => play.work(),
                8..18 => play.end_batch(),
                18..20 if play.pending > 0 => {
                    play.waiters.push((
                        play.queue.flush_from_thread(Instant::now() + std::time::Duration::from_secs(60)),
                        play.accepted,
                    ));
                    play.check_waiters();
                }
                _ => play.push(),
            }
            play.check();
        }
        let waiters = std::mem::take(&mut play.waiters);
        let left = play.pending;
        assert_eq!(play.queue.stop(LossReason::Deadline), left);
        play.queue.dismiss_waiters();
        play.queue.discard();
        assert!(waiters.iter().all(|(answer, _)| answer.try_recv().unwrap().0.pending() == left));
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
fn near_the_bound_whole_traces_give_way_and_errors_go_last() {
    let limits = Limits { max_items: 16_000, max_bytes: 1 << 30, wake_bytes: 1 << 30, wake_items: 1 << 20 };
    let queue = Queue::new(limits);
    let span = |trace: u64, is_error: bool| {
        let mut recording = recording(1, 0);
        recording.head.origin.trace_id = TraceId::new(trace.into());
        if is_error {
            recording.log_mut().push(FieldKey::ErrorMessage, FieldValue::Text("boom"));
        }
        Item::Span(recording)
    };
    let accepted = (0..15_500).filter(|_| queue.push(span(0, false)).is_ok()).count();
    assert!(accepted >= 15_000);
    let accepts = |is_error| (1..400).filter(|trace| queue.push(span(*trace, is_error)).is_ok()).collect::<Vec<u64>>();
    let (first, second) = (accepts(false), accepts(false));
    assert!(first.len() > 100 && first.len() < 399, "some traces give way: {}", first.len());
    let both = second.iter().filter(|trace| first.contains(trace)).count();
    assert_eq!(both, second.len(), "a trace that gave way does not come back while room runs out");
    assert!(accepts(true).len() > accepts(false).len(), "errors have room where others have none");
}

/// Takes what is there, and says of which spans it is.
fn read(queue: &Queue, drained: &mut Drained) -> Vec<SpanId> {
    let (mut spans, mut log) = (Vec::new(), FieldLog::new());
    while queue.drain(drained) {
        while let Some(Next::Span(head)) = queue.next(drained, &mut log) {
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
    let (mut drained, mut spans) = (Drained::default(), Vec::new());
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
            spans.extend(read(queue, &mut drained));
        }
    });
    assert!(spans.into_iter().eq((1..=ITEMS).filter_map(SpanId::new)));
}

#[test]
fn a_number_that_is_missing_holds_nobody_up() {
    let (mut drained, mut log) = (Drained::default(), FieldLog::new());
    for (row, numbers) in drained.rows().zip([[1, 5], [0, 3], [2, 6]]) {
        let mut chunk = chunk::Chunk::default();
        for number in numbers {
            drop(chunk.put(number, item(number, 0), 1));
        }
        row.append(&mut VecDeque::from([chunk]));
    }
    drained.extend_to(6);
    let mut read = Vec::new();
    while let Some(Next::Span(head)) = drained.next(&mut log) {
        read.push(head.origin.span_id.as_u64() - 1);
        log.clear(drop);
        drained.take_read_chunk();
    }
    assert_eq!((read, drained.take_missing()), (vec![0, 1, 2, 3, 5], 1));
    assert!(drained.is_empty(), "what came later is not read before what may still come");
}

#[test]
fn threads_that_do_not_wait_for_one_another_lose_nothing_and_keep_the_bound() {
    const ITEMS: u64 = 20_000;
    let limits = Limits { max_items: 500, max_bytes: 1 << 20, wake_bytes: 1 << 30, wake_items: 1 << 20 };
    let queue = Queue::new(limits);
    let (mut drained, mut settled) = (Drained::default(), 0);
    std::thread::scope(|scope| {
        let push = |own: u64| {
            let queue = &queue;
            move || (0..ITEMS).filter(|number| queue.push(item(own << 32 | number, 0)).is_ok()).count()
        };
        let threads: Vec<_> = (0..3).map(|own| scope.spawn(push(own))).collect();
        let mut last = [None; 3];
        while threads.iter().any(|thread| !thread.is_finished()) || queue.stats().pending > 0 {
            assert!(queue.stats().is_balanced() && queue.stats().queued_bytes <= limits.max_bytes);
            let spans = read(&queue, &mut drained);
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
    let queue = Queue::new(Limits { max_items: 200_000, max_bytes: 1 << 30, wake_bytes: 1 << 30, wake_items: 100_000 });
    (0..100_000).for_each(|number| queue.push(item(number, 100)).unwrap());
    read(&queue, &mut Drained::default());
    let spare = || queue.spare_chunks();
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

/// Returns for each of so many equal items whether it wakes the encoder.
fn woken_by(queue: &Queue, bytes: usize, items: usize) -> Vec<bool> {
    let push = |_| {
        queue.push(item(0, bytes)).unwrap();
        queue.wait_for_work(std::time::Duration::ZERO)
    };
    (0..items).map(push).collect()
}

#[test]
fn one_large_item_wakes_nobody_and_several_do() {
    for (bytes, enough) in [(5 << 20, 4), (128 << 10, 4), (32 << 10, 16)] {
        let queue = Queue::new(Limits { max_items: 99, max_bytes: 64 << 20, wake_bytes: 512 << 10, wake_items: 99 });
        let mut drained = Drained::default();
        for round in 0..2 {
            let woken = woken_by(&queue, bytes, enough);
            assert_eq!(woken.iter().position(|woken| *woken), Some(enough - 1), "{bytes} bytes, round {round}");
            read(&queue, &mut drained);
        }
    }
}
