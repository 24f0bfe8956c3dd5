//! Flush and shutdown, from wherever they are called: they cover what came before, and end in time.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use llmobs_receiver::Answer;
use tracing::Dispatch;
use tracing_llmobs::{Annotation, FlushError, FlushOutcome, Handle, LossReason, Stats};
use tracing_subscriber::prelude::*;

use crate::harness::{
    Pipeline, RawServer, Reaction, SOON, best_of_three, bounded, emit, in_own_process, receiver, to, until,
};
#[cfg(target_os = "linux")]
use crate::harness::{exporter_threads, nice_values, open_files};

/// The time that a call may take beyond its timeout.
const GRACE: Duration = Duration::from_millis(100);

/// The smallest executor there is: it has neither timers nor sockets.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Flushes and shuts down in one of the places where that can be done.
type Place = fn(Pipeline);

fn flush_and_shut_down(pipeline: Pipeline) {
    pipeline.guard.flush(SOON).unwrap();
    emit(&pipeline.dispatch, 2);
    pipeline.guard.shutdown(SOON).unwrap();
}

async fn flush_and_shut_down_async(pipeline: Pipeline) {
    pipeline.guard.flush_async(SOON).await.unwrap();
    emit(&pipeline.dispatch, 2);
    pipeline.guard.shutdown_async(SOON).await.unwrap();
}

#[test]
fn flush_and_shutdown_work_everywhere() {
    let places: [(&str, Place); 12] = [
        ("plain thread", flush_and_shut_down),
        ("tiny executor", |it| block_on(flush_and_shut_down_async(it))),
        ("tiny executor, blocking", |it| block_on(async { flush_and_shut_down(it) })),
        ("current thread", |it| current_thread().block_on(flush_and_shut_down_async(it))),
        ("current thread, blocking", |it| current_thread().block_on(async { flush_and_shut_down(it) })),
        ("multi thread", |it| multi_thread().block_on(flush_and_shut_down_async(it))),
        ("multi thread, blocking", |it| multi_thread().block_on(async { flush_and_shut_down(it) })),
        ("multi thread, spawned", |it| {
            let runtime = multi_thread();
            runtime.block_on(runtime.spawn(flush_and_shut_down_async(it))).unwrap();
        }),
        ("multi thread, spawned, blocking", |it| {
            let runtime = multi_thread();
            runtime.block_on(runtime.spawn(async { flush_and_shut_down(it) })).unwrap();
        }),
        ("block in place", |it| {
            multi_thread().block_on(async { tokio::task::block_in_place(|| flush_and_shut_down(it)) });
        }),
        ("local set", |it| {
            tokio::task::LocalSet::new().block_on(&current_thread(), flush_and_shut_down_async(it));
        }),
        ("local set, spawned, dropped in async", |it| {
            let spawned = async { tokio::task::spawn_local(async { drop(it.guard) }).await.unwrap() };
            tokio::task::LocalSet::new().block_on(&current_thread(), spawned);
        }),
    ];
    for (name, place) in places {
        let receiver = receiver();
        let pipeline = Pipeline::start(to(receiver.url()));
        let handle = pipeline.guard.handle();
        pipeline.emit(3);
        bounded(move || place(pipeline));
        let stats = handle.stats();
        let arrived = receiver.spans().len() as u64;
        assert!(stats.is_balanced() && stats.pending == 0 && arrived >= 3, "{name}: {stats:?}");
        assert_eq!((stats.delivered, stats.offered), (arrived, arrived), "{name}: {stats:?}");
    }
}

#[test]
fn time_that_stands_still_in_the_callers_runtime_does_not_matter() {
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()));
    pipeline.emit(3);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(flush_and_shut_down_async(pipeline));
    assert_eq!(receiver.spans().len(), 5);
}

#[test]
fn an_intake_on_the_callers_own_runtime_needs_the_async_flush() {
    bounded(|| {
        current_thread().block_on(async {
            let wire = RawServer::spawn(|_| Reaction::status(202)).await;
            let pipeline = Pipeline::start(to(&wire.url));
            pipeline.emit(1);
            let began = Instant::now();
            let timeout = Duration::from_millis(200);
            assert!(matches!(pipeline.guard.flush(timeout), Err(FlushError::TimedOut { pending: 1, .. })));
            assert!(began.elapsed() >= timeout && began.elapsed() < timeout * 5, "{:?}", began.elapsed());
            pipeline.guard.flush_async(SOON).await.unwrap();
            assert_eq!(pipeline.guard.handle().stats().delivered, 1);
            pipeline.emit(1);
            pipeline.guard.shutdown_async(SOON).await.unwrap();
            assert_eq!(wire.requests().len(), 2);
        });
    });
}

/// Each way to wait, with a timeout: what it answers and how long it took.
type Wait = fn(Pipeline, Duration) -> (Result<FlushOutcome, FlushError>, Duration);

const WAITS: [(&str, Wait); 6] = [
    ("flush", |it, timeout| timed(|| it.guard.flush(timeout))),
    ("flush_async", |it, timeout| timed(|| block_on(it.guard.flush_async(timeout)))),
    ("shutdown", |it, timeout| timed(|| it.guard.shutdown(timeout))),
    ("shutdown_async", |it, timeout| timed(|| block_on(it.guard.shutdown_async(timeout)))),
    ("shutdown_async on tokio", |it, timeout| {
        let runtime = current_thread();
        timed(|| runtime.block_on(it.guard.shutdown_async(timeout)))
    }),
    ("shutdown during a flush", |it, timeout| {
        let handle = it.guard.handle();
        let flushing = std::thread::spawn(move || handle.flush(SOON));
        let waited = timed(|| it.guard.shutdown(timeout));
        // It returns; what it says depends on who came first.
        let _ = flushing.join().unwrap();
        waited
    }),
];

fn timed<T>(wait: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let waited = wait();
    (waited, began.elapsed())
}

#[test]
fn whoever_waits_for_a_silent_intake_waits_as_long_as_he_said() {
    for (name, wait) in WAITS {
        for timeout in [0, 20, 300].map(Duration::from_millis) {
            let over = best_of_three(|| {
                let wire = RawServer::start(|_| Reaction::Stall);
                let pipeline = Pipeline::start(to(&wire.url).shutdown_timeout(Duration::ZERO));
                pipeline.emit(7);
                let (waited, took) = bounded(move || wait(pipeline, timeout));
                assert_eq!(left(waited), 7, "{name} {timeout:?}");
                assert!(took >= timeout, "{name} {timeout:?}: {took:?}");
                took.saturating_sub(timeout)
            });
            assert!(over < GRACE, "{name} {timeout:?}: {over:?} more");
        }
    }
}

#[test]
fn a_shutdown_says_what_it_left_behind_even_when_the_worker_is_faster() {
    let wire = RawServer::start(|_| Reaction::Stall);
    for life in 0..100 {
        let pipeline = Pipeline::start(to(&wire.url));
        pipeline.emit(3);
        let shut_down = if life % 2 == 0 {
            pipeline.guard.shutdown(Duration::ZERO)
        } else {
            block_on(pipeline.guard.shutdown_async(Duration::ZERO))
        };
        assert_eq!(left(shut_down), 3, "life {life}");
    }
}

#[test]
fn a_shutdown_ends_in_time_however_much_is_left() {
    for (what, act) in [("silent", Reaction::Stall), ("waiting", Reaction::with(503, "retry-after: 9\r\n", ""))] {
        let over = best_of_three(|| {
            let act = act.clone();
            let wire = RawServer::start(move |_| act.clone());
            let pipeline = Pipeline::start(to(&wire.url).max_payload_bytes(100_000));
            for _ in 0..2_000 {
                pipeline.emit_input(10_000);
            }
            until("it is being sent", || pipeline.guard.handle().stats().requests > 0);
            let handle = pipeline.guard.handle();
            let timeout = Duration::from_millis(100);
            let began = Instant::now();
            assert_eq!(left(pipeline.guard.shutdown(timeout)), 2_000, "{what}");
            let took = began.elapsed();
            let stats = handle.stats();
            assert!(stats.is_balanced() && stats.pending == 0, "{what}: {stats:?}");
            assert_eq!((stats.delivered, stats.lost(LossReason::Deadline)), (0, 2_000), "{what}: {stats:?}");
            assert_eq!(stats.requests, 1, "{what}: nothing is sent after the deadline");
            took.saturating_sub(timeout)
        });
        assert!(over < GRACE, "{what}: {over:?} more");
    }
}

/// The number of items that were pending at the timeout.
fn left(waited: Result<FlushOutcome, FlushError>) -> u64 {
    match waited {
        Err(FlushError::TimedOut { pending, .. }) => pending,
        other => panic!("{other:?} is not what happens when the time is up"),
    }
}

#[test]
fn a_shutdown_without_end_waits_for_everything() {
    for shut_down in [
        (|it: Pipeline| it.guard.shutdown(Duration::MAX)) as fn(Pipeline) -> _,
        |it| block_on(it.guard.shutdown_async(Duration::MAX)),
        |it| it.guard.flush(Duration::MAX),
        |it| block_on(it.guard.flush_async(Duration::MAX)),
    ] {
        let receiver = receiver();
        receiver.answer_next([Answer::status(503), Answer::status(202).delay(Duration::from_millis(50))]);
        let pipeline = Pipeline::start(to(receiver.url()));
        let handle = pipeline.guard.handle();
        pipeline.emit(3);
        assert!(bounded(move || shut_down(pipeline)).unwrap().is_complete());
        assert_eq!((handle.stats().delivered, receiver.spans().len()), (3, 3));
    }
}

#[test]
fn a_flush_of_nothing_is_immediate() {
    let wire = RawServer::start(|_| Reaction::Stall);
    let pipeline = Pipeline::start(to(&wire.url));
    for _ in 0..100 {
        pipeline.guard.flush(Duration::ZERO).unwrap();
        block_on(pipeline.guard.flush_async(Duration::ZERO)).unwrap();
    }
    assert_eq!((wire.requests().len(), pipeline.guard.handle().stats()), (0, Stats::default()));
}

#[test]
fn after_the_shutdown_a_flush_is_immediate_and_new_spans_are_refused() {
    let receiver = receiver();
    let Pipeline { dispatch, guard } = Pipeline::start(to(receiver.url()));
    let handle = guard.handle();
    emit(&dispatch, 1);
    guard.shutdown(SOON).unwrap();
    emit(&dispatch, 4);
    assert!(
        matches!(handle.flush(Duration::ZERO), Err(FlushError::Incomplete { .. })),
        "`Ok` is not said of lost data"
    );
    assert!(block_on(handle.flush_async(Duration::ZERO)).unwrap().is_complete(), "each loss is reported once");
    let stats = handle.stats();
    assert_eq!((stats.delivered, stats.lost(LossReason::Closed), stats.pending), (1, 4, 0));
    assert!(stats.is_balanced());
    assert_eq!(receiver.spans().len(), 1);
}

#[test]
fn a_flush_in_time_covers_all_that_came_before_it_even_when_later_spans_fail_first() {
    bounded(|| {
        let receiver = receiver();
        receiver.answer_next([
            Answer::status(202).delay(Duration::from_millis(300)),
            Answer::status(202).delay(Duration::from_millis(300)),
        ]);
        let pipeline = Pipeline::start(to(receiver.url()).max_event_bytes(1_000));
        // While the first request is answered, one more span comes in, a flush asks for both, and a third comes that
        // is too large to be sent, which the worker finds out before it sends the second.
        pipeline.emit(1);
        let handle = pipeline.guard.handle();
        let first = std::thread::spawn(move || handle.flush(SOON));
        assert_eq!(receiver.wait_for_requests(1, SOON).len(), 1);
        pipeline.emit(1);
        let mut flush = pin!(pipeline.guard.flush_async(SOON));
        let mut context = Context::from_waker(Waker::noop());
        assert!(flush.as_mut().poll(&mut context).is_pending());
        pipeline.emit_annotated(Annotation::new().tag("large", "x".repeat(5_000)));
        // It may have met the loss of the third.
        let _ = block_on(flush);
        let stats = pipeline.guard.handle().stats();
        assert_eq!(stats.delivered, 2, "the flush ended before its span was delivered: {stats:?}");
        let _ = first.join().unwrap();
        let _ = pipeline.guard.flush(SOON);
        let stats = pipeline.guard.handle().stats();
        assert_eq!((stats.delivered, stats.lost(LossReason::TooLarge), stats.pending), (2, 1, 0));
    });
}

#[test]
fn sixteen_threads_flush_emit_and_shut_down_at_once() {
    bounded(|| {
        let receiver = receiver();
        let Pipeline { dispatch, guard } = Pipeline::start(to(receiver.url()));
        let handle = guard.handle();
        let (dispatch, handle) = (&dispatch, &handle);
        std::thread::scope(|scope| {
            for thread in 0..16 {
                scope.spawn(move || (0..20).for_each(|_| emit_and_flush(dispatch, handle, thread % 2 == 0)));
            }
        });
        std::thread::scope(|scope| {
            // Some of them meet the shutdown.
            let racing = move || {
                emit(dispatch, 50);
                drop(handle.flush(SOON));
            };
            (0..8).for_each(|_| drop(scope.spawn(racing)));
            scope.spawn(|| guard.shutdown(SOON).unwrap());
        });
        let stats = handle.stats();
        assert!(stats.is_balanced() && stats.pending == 0 && stats.lost_total() == 0, "{stats:?}");
        assert_eq!(stats.offered, 16 * 20 * 3 + 8 * 50);
        assert_eq!(receiver.spans().len() as u64, stats.delivered);
    });
}

/// A flush covers what came before it, whoever else flushes.
fn emit_and_flush(dispatch: &Dispatch, handle: &Handle, blocks: bool) {
    emit(dispatch, 3);
    let accepted = handle.stats().accepted;
    if blocks { handle.flush(SOON) } else { block_on(handle.flush_async(SOON)) }.unwrap();
    let stats = handle.stats();
    assert!(stats.is_balanced() && stats.delivered >= accepted, "{accepted} {stats:?}");
}

#[test]
fn a_flush_that_nobody_waits_for_any_more_harms_nobody() {
    bounded(|| {
        let receiver = receiver();
        receiver.answer_next([Answer::status(503)]);
        let pipeline = Pipeline::start(to(receiver.url()));
        pipeline.emit(2);
        for _ in 0..50 {
            let mut flush = Box::pin(pipeline.guard.flush_async(SOON));
            assert!(flush.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            drop(flush);
            let _ = pipeline.guard.flush(Duration::ZERO);
        }
        pipeline.guard.flush(SOON).unwrap();
        assert_eq!(receiver.spans().len(), 2);
    });
}

#[test]
fn a_shutdown_that_is_given_up_still_ends_the_exporter() {
    bounded(|| {
        let receiver = receiver();
        let pipeline = Pipeline::start(to(receiver.url()));
        pipeline.emit(2);
        let handle = pipeline.guard.handle();
        let mut shutdown = Box::pin(pipeline.guard.shutdown_async(SOON));
        assert!(shutdown.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(shutdown);
        until("everything is settled", || handle.stats().pending == 0);
        assert_eq!(receiver.spans().len(), 2);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn two_hundred_lives_leave_neither_thread_nor_file_behind() {
    if !in_own_process("lifecycle::two_hundred_lives_leave_neither_thread_nor_file_behind") {
        return;
    }
    let receiver = receiver();
    let life = |number: usize| {
        let pipeline = Pipeline::start(to(receiver.url()));
        pipeline.emit(1);
        match number % 4 {
            0 => drop(pipeline.guard),
            1 => drop(pipeline.guard.shutdown(SOON).unwrap()),
            2 => drop(block_on(pipeline.guard.shutdown_async(SOON)).unwrap()),
            _ => {
                // Dropped in the middle of a request to a silent intake.
                let wire = RawServer::start(|_| Reaction::Stall);
                let pipeline = Pipeline::start(to(&wire.url).shutdown_timeout(Duration::from_millis(5)));
                pipeline.emit(1);
            }
        }
    };
    (0..4).for_each(life);
    until("the first threads end", || exporter_threads() == 0);
    let before = open_files().len();
    (4..204).for_each(life);
    until("the threads end", || exporter_threads() == 0);
    // The receiver closes its ends of the connections in its own time.
    until("the files are closed", || open_files().len() <= before);
    assert!(receiver.spans().len() >= 204);
}

#[test]
fn a_subscriber_that_hangs_costs_a_shutdown_its_timeout_and_no_more() {
    if !in_own_process("lifecycle::a_subscriber_that_hangs_costs_a_shutdown_its_timeout_and_no_more") {
        return;
    }
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Hangs)).unwrap();
    let timeout = Duration::from_millis(200);
    let over = best_of_three(|| {
        let receiver = receiver();
        receiver.answer_next([Answer::status(403)]);
        let pipeline = Pipeline::start(to(receiver.url()));
        let handle = pipeline.guard.handle();
        pipeline.emit(1);
        drop(pipeline.guard.flush(Duration::from_millis(50)));
        pipeline.emit(2);
        let (waited, took) = timed(|| pipeline.guard.shutdown(timeout));
        let stats = handle.stats();
        assert!(stats.is_balanced() && stats.pending == 0, "what hangs is lost, and counted: {stats:?}");
        let pending = waited.map_or_else(|error| error.outcome().unwrap().pending(), |outcome| outcome.pending());
        assert_eq!(pending, stats.lost(LossReason::Deadline));
        took.saturating_sub(timeout)
    });
    assert!(over < GRACE, "{over:?} more");
}

/// The exporter says something to it, and does not come back.
struct Hangs;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Hangs {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "tracing_llmobs" {
            std::thread::sleep(SOON * 2);
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_exporter_gives_way_to_the_application() {
    if !in_own_process("lifecycle::the_exporter_gives_way_to_the_application") {
        return;
    }
    let mine = std::thread::Builder::new().name("mine".to_owned());
    let mine = mine.spawn(|| nice_values("mine")).unwrap().join().unwrap();
    let receiver = receiver();
    let pipeline = Pipeline::start(to(receiver.url()));
    until("the encoder is behind", || nice_values("dd-llmobs-enc") == [(mine[0] + 10).min(19)]);
    pipeline.emit(1);
    pipeline.guard.flush(SOON).unwrap();
    // What starts afterwards on a thread of the application is where it was.
    let later = std::thread::Builder::new().name("later".to_owned());
    assert_eq!(later.spawn(|| nice_values("later")).unwrap().join().unwrap(), mine);
}
