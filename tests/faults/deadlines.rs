//! A flush and a shutdown end in time, whatever hangs: the intake, the way to it, a processor, the subscriber.
//!
//! Each wait is measured beside a thread that only sleeps for as long, so that a busy machine does not count.

use std::future::Future;
use std::net::TcpListener;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::task::{Context, Poll, Wake};
use std::thread::Thread;
use std::time::{Duration, Instant};

use tracing_subscriber::prelude::*;

use super::driver::{Driver, SOON, scaled, until};
use super::intake::{Answer, FaultIntake, Request, Script};

/// Never answers.
struct Silent;

impl Script for Silent {
    fn answer(&self, _: &Request<'_>) -> Answer {
        Answer::silence()
    }
}

const TIMEOUTS: [Duration; 4] =
    [Duration::ZERO, Duration::from_millis(10), Duration::from_millis(100), Duration::from_millis(300)];

/// Runs a future on this thread, without a runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Returns how much longer `wait` took than a thread that sleeps for `timeout`.
fn over(timeout: Duration, wait: impl FnOnce()) -> Duration {
    let control = std::thread::spawn(move || {
        let began = Instant::now();
        std::thread::sleep(timeout);
        began.elapsed()
    });
    let began = Instant::now();
    wait();
    began.elapsed().saturating_sub(control.join().unwrap())
}

/// Measures flushes and shutdowns of pipelines that `start` makes. Returns the largest overrun.
fn largest_overrun(what: &str, start: impl Fn() -> Driver) -> Duration {
    let rounds = scaled("LLMOBS_DEADLINE_ROUNDS", 1);
    let mut largest = Duration::ZERO;
    let mut note = |how: &str, timeout: Duration, over: Duration| {
        largest = largest.max(over);
        assert!(over < bound(), "{what}, {how} {timeout:?}: {over:?} more");
    };
    for _ in 0..rounds {
        let driver = start();
        for timeout in TIMEOUTS {
            let flush = || assert!(driver.guard.flush(timeout).is_err(), "{what}");
            note("flush", timeout, over(timeout, flush));
            let flush = || assert!(block_on(driver.guard.flush_async(timeout)).is_err(), "{what}");
            note("flush_async", timeout, over(timeout, flush));
        }
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let timeout = TIMEOUTS[1];
        note(
            "flush inside of a runtime",
            timeout,
            over(timeout, || {
                tokio.block_on(async { assert!(driver.guard.flush(timeout).is_err() && driver.made.len() > 1) });
            }),
        );
        drop(tokio);
        for (at, timeout) in TIMEOUTS.into_iter().enumerate() {
            let Driver { guard, made, .. } = start();
            let handle = guard.handle();
            let is_async = at % 2 == 0;
            let shutdown = || {
                let ended = if is_async { block_on(guard.shutdown_async(timeout)) } else { guard.shutdown(timeout) };
                assert!(ended.is_err(), "{what}: Ok is never said of lost data");
            };
            note(if is_async { "shutdown_async" } else { "shutdown" }, timeout, over(timeout, shutdown));
            let stats = handle.stats();
            assert!(stats.is_balanced() && stats.pending == 0, "{what}: {stats:?}");
            assert_eq!(stats.lost_total(), made.len() as u64, "{what}: {stats:?}");
        }
    }
    println!("{what}: at most {largest:?} over, {} waits", rounds * (3 * TIMEOUTS.len() + 1));
    largest
}

/// The promise is 50 ms on a quiet machine, which the long form holds it to.
fn bound() -> Duration {
    Duration::from_millis(scaled("LLMOBS_DEADLINE_BOUND_MS", 400) as u64)
}

#[test]
fn a_full_queue_before_a_silent_intake_delays_nobody() {
    let intake = FaultIntake::start(Silent);
    let prompt = "x".repeat(1_500);
    largest_overrun("full queue", || {
        let mut driver = Driver::start(&intake.url, |builder| builder.queue_max_items(100_000));
        driver.emit_inputs(scaled("LLMOBS_DEADLINE_SPANS", 10_000), &prompt);
        driver
    });
}

#[test]
fn a_processor_that_never_returns_delays_nobody() {
    let intake = FaultIntake::start(Silent);
    largest_overrun("hung processor", || {
        let mut driver = Driver::start(&intake.url, |builder| builder.processor(|_| std::thread::sleep(SOON * 100)));
        driver.emit(1_000);
        driver
    });
}

#[test]
fn a_network_that_swallows_everything_delays_nobody() {
    // Nobody accepts, and the second connection fills the backlog.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    largest_overrun("silent network", || {
        let mut driver = Driver::start(&url, |builder| builder);
        driver.emit(1_000);
        driver
    });
}

#[test]
fn an_intake_that_asks_for_a_long_wait_delays_nobody() {
    struct Later;
    impl Script for Later {
        fn answer(&self, _: &Request<'_>) -> Answer {
            Answer::with(429, "retry-after: 100\r\n")
        }
    }
    let intake = FaultIntake::start(Later);
    largest_overrun("asked to wait", || {
        let mut driver = Driver::start(&intake.url, |builder| builder);
        driver.emit(1_000);
        driver
    });
}

/// The variable that makes this process the program of the test below.
const BLOCKED: &str = "LLMOBS_DEADLINE_BLOCKED";

#[test]
fn a_subscriber_that_blocks_delays_nobody() {
    if std::env::var_os(BLOCKED).is_none() {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "deadlines::a_subscriber_that_blocks_delays_nobody", "--nocapture"]);
        let mut child = command.env(BLOCKED, "1").stdin(Stdio::null()).spawn().unwrap();
        until("the program ends", || child.try_wait().is_ok_and(|ended| ended.is_some()));
        assert!(child.wait().unwrap().success());
        return;
    }
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Blocks)).unwrap();
    let intake = FaultIntake::start(Silent);
    largest_overrun("blocked subscriber", || {
        let mut driver = Driver::start(&intake.url, |builder| builder.request_timeout(Duration::from_millis(50)));
        driver.emit(1_000);
        // Then the exporter has something to log.
        assert!(driver.guard.flush(Duration::from_millis(80)).is_err());
        driver
    });
}

/// A subscriber that does not come back from a log line of the exporter.
struct Blocks;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Blocks {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if event.metadata().target() == "tracing_llmobs" {
            std::thread::sleep(SOON * 4);
        }
    }
}
