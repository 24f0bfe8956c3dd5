//! Every span and every evaluation ends exactly once: the ledger balances at every instant, and agrees with what the receiver really got.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use llmobs_receiver::{Answer, Receiver};
use proptest::prelude::*;
use tracing_llmobs::{Annotation, Evaluation, Handle, LossReason, Stats};

use crate::harness::{Intake, Pipeline, SOON, bounded, item_ids, receiver, to, until};

/// The intake's reaction to a request.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Acknowledged(u16),
    Refused(u16),
    /// The connection ends without an answer, before or after the batch was kept.
    Cut {
        kept: bool,
    },
    /// The batch is kept, and the answer comes too late.
    Late,
}

impl Fate {
    fn answer(self) -> Answer {
        match self {
            Self::Acknowledged(status) => Answer::status(status),
            // Not the second that a rate limit lasts if it does not say.
            Self::Refused(status) => Answer::status(status).header("x-ratelimit-reset", "0.01"),
            Self::Cut { kept } => Answer::closed().stored(kept),
            Self::Late => Answer::status(202).delay(SOON),
        }
    }

    const fn is_acknowledged(self) -> bool {
        matches!(self, Self::Acknowledged(_))
    }

    const fn is_kept(self) -> bool {
        matches!(self, Self::Acknowledged(_) | Self::Late | Self::Cut { kept: true })
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => prop::sample::select(vec![200, 201, 202, 204]).prop_map(Fate::Acknowledged),
        4 => prop::sample::select(vec![408, 425, 429, 500, 503]).prop_map(Fate::Refused),
        4 => prop::sample::select(vec![301, 400, 401, 403, 404, 413, 413, 413]).prop_map(Fate::Refused),
        3 => any::<bool>().prop_map(|kept| Fate::Cut { kept }),
    ]
}

/// The script of one pipeline, from start to shutdown.
#[derive(Debug, Clone)]
struct Life {
    fates: Vec<Fate>,
    /// Requests that are answered too late; each costs a whole timeout.
    late: Option<prop::sample::Index>,
    /// The actions of each thread, in order.
    threads: Vec<Vec<Step>>,
    queue_items: usize,
    queue_bytes: usize,
    payload_bytes: usize,
    shutdown: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Span {
        bytes: usize,
    },
    /// Its label is its id.
    Evaluation {
        bytes: usize,
    },
    /// Too large for an event even without its input.
    Unfit,
    Flush,
}

fn life() -> impl Strategy<Value = Life> {
    let step = prop_oneof![
        20 => (0_usize..3_000).prop_map(|bytes| Step::Span { bytes }),
        2 => (10_000_usize..40_000).prop_map(|bytes| Step::Span { bytes }),
        8 => (0_usize..3_000).prop_map(|bytes| Step::Evaluation { bytes }),
        1 => Just(Step::Evaluation { bytes: 30_000 }),
        1 => Just(Step::Unfit),
        2 => Just(Step::Flush),
    ];
    let threads = prop::collection::vec(prop::collection::vec(step, 1..60), 8);
    let fates = prop::collection::vec(fate(), 0..30);
    let limits = (20_usize..2_000, 50_000_usize..2_000_000, 2_000_usize..200_000);
    let ends = (any::<Option<prop::sample::Index>>(), prop::sample::select(vec![0, 30, 20_000]));
    (fates, threads, limits, ends).prop_map(
        |(fates, threads, (queue_items, queue_bytes, payload_bytes), (late, end))| Life {
            fates,
            late,
            threads,
            queue_items,
            queue_bytes,
            payload_bytes,
            shutdown: Duration::from_millis(end),
        },
    )
}

impl Life {
    /// The reaction to each request; all later ones are acknowledged.
    fn fates(&self) -> Vec<Fate> {
        let mut fates = self.fates.clone();
        if let Some(late) = self.late.filter(|_| !fates.is_empty()) {
            let at = late.index(fates.len());
            fates[at] = Fate::Late;
        }
        fates
    }

    fn live(&self, receiver: &Intake) -> Stats {
        receiver.answer_next(self.fates().into_iter().map(Fate::answer));
        let settings = to(receiver.url()).queue_max_items(self.queue_items).queue_max_bytes(self.queue_bytes);
        let settings = settings.max_payload_bytes(self.payload_bytes).max_event_bytes(20_000);
        let settings = settings.request_timeout(Duration::from_secs(2)).flush_interval(Duration::from_millis(20));
        let pipeline = Pipeline::start(settings);
        let handle = pipeline.guard.handle();
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let watching = scope.spawn(|| watch(&handle, &is_over));
            self.work(&pipeline);
            // What is lost by the deadline is in the ledger.
            let _ = pipeline.guard.shutdown(self.shutdown);
            is_over.store(true, Ordering::Relaxed);
            assert!(watching.join().unwrap() > 0);
        });
        handle.stats()
    }
}

impl Life {
    /// Runs the threads to their ends.
    fn work(&self, pipeline: &Pipeline) {
        std::thread::scope(|scope| {
            for steps in &self.threads {
                scope.spawn(|| steps.iter().for_each(|step| step.take(pipeline)));
            }
        });
    }
}

/// Looks again and again, and says how often.
fn watch(handle: &Handle, is_over: &AtomicBool) -> u64 {
    let mut looks = 0;
    while !is_over.load(Ordering::Relaxed) {
        let stats = handle.stats();
        assert!(stats.is_balanced(), "{stats:?}");
        looks += 1;
        std::thread::yield_now();
    }
    looks
}

impl Step {
    fn take(self, pipeline: &Pipeline) {
        match self {
            Self::Span { bytes } => pipeline.emit_input(bytes),
            Self::Evaluation { bytes } => evaluate(&pipeline.guard.handle(), bytes),
            Self::Unfit => pipeline.emit_annotated(Annotation::new().tag("large", "x".repeat(30_000))),
            // It may meet anything.
            Self::Flush => drop(pipeline.guard.flush(Duration::from_millis(50))),
        }
    }
}

fn evaluate(handle: &Handle, bytes: usize) {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let label = format!("evaluation_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let evaluation = Evaluation::categorical(label, "x".repeat(bytes)).span_with_tag("k", "v");
    // A full queue refuses it, as it does a span.
    drop(handle.submit_evaluation(evaluation));
}

/// The ids of spans and the labels of evaluations that the receiver got.
#[derive(Default)]
struct Seen {
    all: BTreeSet<String>,
    kept: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
}

impl Seen {
    /// Reads the requests, which were answered in this order.
    fn by(receiver: &Receiver, life: &Life) -> Self {
        let fates = life.fates().into_iter().chain(std::iter::repeat(Fate::Acknowledged(202)));
        let mut seen = Self::default();
        for (request, fate) in receiver.requests().iter().zip(fates) {
            let ids = item_ids(&request.body);
            if fate.is_kept() {
                seen.kept.extend(ids.iter().cloned());
            }
            if fate.is_acknowledged() {
                let is_new = ids.iter().all(|id| seen.acknowledged.insert(id.clone()));
                assert!(is_new, "something was sent again after it was acknowledged");
            }
            seen.all.extend(ids);
        }
        seen
    }
}

/// Holds the ledger against what was received.
fn check(life: &Life, stats: &Stats, receiver: &Receiver) {
    assert!(stats.is_balanced() && stats.pending == 0, "{stats:?}");
    let offered = life.threads.iter().flatten().filter(|step| !matches!(step, Step::Flush)).count() as u64;
    assert_eq!(stats.offered, offered, "{stats:?}");
    let committed = || -> BTreeSet<String> {
        let spans = receiver.spans().into_iter().map(|span| span.event.span_id.to_string());
        let labels = receiver.evaluations().into_iter().map(|one| one["label"].as_str().unwrap().to_owned());
        spans.chain(labels).collect()
    };
    // A request that the deadline cut off may still be on its way.
    until("the receiver keeps what it says", || Seen::by(receiver, life).kept == committed());
    let Seen { all, kept, acknowledged } = Seen::by(receiver, life);
    let delivered = acknowledged.len() as u64;
    assert!(stats.delivered <= delivered && all.len() as u64 <= stats.accepted, "{delivered} {stats:?}");
    // The deadline may pass between the receiver's answer and our reading of it.
    if stats.lost(LossReason::Deadline) == 0 {
        assert_eq!(stats.delivered, delivered, "{stats:?}");
    }
    let ambiguous = kept.difference(&acknowledged).count() as u64;
    assert!(ambiguous <= stats.lost_total(), "what was kept and not acknowledged is counted as lost: {stats:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_item_ends_once(life in life()) {
        bounded(move || {
            let receiver = receiver();
            let stats = life.live(&receiver);
            check(&life, &stats, &receiver);
        });
    }
}

#[test]
fn a_healthy_intake_gets_everything_from_eight_threads() {
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()).flush_interval(Duration::from_millis(5)));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| pipeline.emit(2_500));
        }
    });
    let handle = pipeline.guard.handle();
    pipeline.guard.shutdown(SOON).unwrap();
    let stats = handle.stats();
    assert_eq!(
        (stats.offered, stats.delivered, stats.pending, stats.lost_total()),
        (20_000, 20_000, 0, 0),
        "{stats:?}"
    );
    let ids: BTreeSet<u64> = receiver.spans().iter().map(|span| span.event.span_id.as_u64()).collect();
    assert_eq!(ids.len(), 20_000);
}
