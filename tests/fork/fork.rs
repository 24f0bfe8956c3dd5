//! A child of `fork` that only logs and ends, drops the guard, flushes or shuts down returns at once and harms nothing; a
//! child that wants to send starts a layer of its own.
//!
//! The parent forks while other threads hold the locks of the layer as often as they can: a lock that is held at that
//! moment is held in the child for ever.

#[cfg(unix)]
fn main() {
    fork::main();
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
mod fork {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use llmobs_receiver::Receiver;
    use tracing_llmobs::{FlushError, Guard, LossReason};
    use tracing_subscriber::prelude::*;

    /// A child that takes longer hangs.
    const SOON: Duration = Duration::from_secs(20);
    /// The shutdown timeout, which no child waits for.
    const LONG: Duration = Duration::from_secs(3_600);

    pub fn main() {
        let rounds = std::env::var("LLMOBS_FORK_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(25);
        let receiver = Receiver::bind("127.0.0.1:0").unwrap();
        let guard = start(receiver.url());
        a_child_starts_a_layer_of_its_own(&receiver);
        let guard = children_return_at_once(guard, rounds);
        the_parent_lost_nothing(guard, &receiver);
        println!("fork: ok");
    }

    fn start(url: &str) -> Guard {
        let builder = tracing_llmobs::Builder::without_environment().ml_app("fork").agentless(false).agent_url(url);
        let (layer, guard) = builder.shutdown_timeout(LONG).start().unwrap();
        tracing_subscriber::registry().with(layer).init();
        guard
    }

    fn emit(spans: usize) {
        for _ in 0..spans {
            drop(tracing::info_span!("step", llmobs.kind = "task", llmobs.input = "some text"));
        }
    }

    /// The actions of children, each to its end.
    const CHILDREN: [fn(Guard); 5] = [
        // Ends without a word. More spans than a chunk or a wake-up of the encoder takes.
        |guard| {
            emit(5_000);
            let stats = guard.handle().stats();
            assert!(
                stats.lost(LossReason::Forked) > 0 || stats.accepted == 0,
                "it is refused for that reason: {stats:?}"
            );
            // The guard of a program that ends by `exit` is never dropped.
            unsafe { libc::_exit(0) }
        },
        |guard| {
            emit(3);
            drop(guard);
        },
        |guard| {
            emit(3);
            assert_eq!(guard.flush(LONG).unwrap_err(), FlushError::Forked);
            assert_eq!(guard.handle().flush(LONG).unwrap_err(), FlushError::Forked);
        },
        |guard| {
            emit(3);
            assert_eq!(guard.shutdown(LONG).unwrap_err(), FlushError::Forked);
        },
        |guard| {
            let shutdown = std::pin::pin!(guard.shutdown_async(LONG));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let std::task::Poll::Ready(ended) = shutdown.poll(&mut context) else { panic!("it waits") };
            assert_eq!(ended.unwrap_err(), FlushError::Forked);
        },
    ];

    fn children_return_at_once(guard: Guard, rounds: usize) -> Guard {
        let is_over = Arc::new(AtomicBool::new(false));
        let busy = || {
            let is_over = Arc::clone(&is_over);
            let handle = guard.handle();
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    // The locks stay busy, and the queue does not run full.
                    if handle.stats().pending < 2_000 {
                        emit(20);
                    }
                }
            })
        };
        let threads: Vec<_> = (0..3).map(|_| busy()).collect();
        for _ in 0..rounds {
            for (at, child) in CHILDREN.iter().enumerate() {
                let id = unsafe { libc::fork() };
                if id == 0 {
                    child(guard);
                    unsafe { libc::_exit(0) }
                }
                assert_eq!(wait(id), Some(0), "child {at}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        guard
    }

    fn a_child_starts_a_layer_of_its_own(receiver: &Receiver) {
        let url = receiver.url();
        let id = unsafe { libc::fork() };
        if id == 0 {
            let builder =
                tracing_llmobs::Builder::without_environment().ml_app("child").agentless(false).agent_url(url);
            let (layer, guard) = builder.start().unwrap();
            let subscriber = tracing_subscriber::registry().with(layer);
            tracing::subscriber::with_default(subscriber, || emit(7));
            let is_sent = guard.shutdown(SOON).is_ok_and(|outcome| outcome.delivered() == 7);
            unsafe { libc::_exit(if is_sent { 0 } else { 1 }) }
        }
        assert_eq!(wait(id), Some(0), "a child with a layer of its own");
        let ours = |app: &str| {
            let spans = receiver.spans();
            spans.iter().filter(|span| span.event.tags.get("ml_app") == Some(app)).count()
        };
        assert_eq!((ours("child"), ours("fork")), (7, 0));
    }

    fn the_parent_lost_nothing(guard: Guard, receiver: &Receiver) {
        let handle = guard.handle();
        guard.flush(SOON).unwrap();
        let stats = handle.stats();
        assert!(stats.is_balanced() && stats.pending == 0, "{stats:?}");
        assert_eq!((stats.lost_total(), stats.refused_total()), (0, 0), "{stats:?}");
        let spans = receiver.spans();
        let arrived = spans.iter().filter(|span| span.event.tags.get("ml_app") == Some("fork")).count();
        assert_eq!(
            arrived,
            usize::try_from(stats.delivered).unwrap(),
            "nothing was sent twice, and nothing by a child"
        );
        guard.shutdown(SOON).unwrap();
    }

    /// Waits for a child and returns its exit code; `None` when it was killed. One that hangs is killed.
    fn wait(id: libc::pid_t) -> Option<i32> {
        let began = Instant::now();
        let mut status = 0;
        loop {
            let ended = unsafe { libc::waitpid(id, &raw mut status, libc::WNOHANG) };
            if ended == id {
                return libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
            }
            if began.elapsed() > SOON {
                unsafe { libc::kill(id, libc::SIGKILL) };
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}
