//! Ends of programs: all spans that the guard covers have arrived when the process is gone.
//!
//! Each row is a process with a `main` of its own, so this binary has no test harness: called without the variable
//! below it is the test, and with it one of the programs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    clippy::print_stdout,
    reason = "a test may panic, and is a program here"
)]

use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use llmobs_receiver::{Answer, Receiver};
use tracing_llmobs::Guard;
use tracing_subscriber::prelude::*;

const PROGRAM: &str = "LLMOBS_EXIT_PROGRAM";
const ORIGIN: &str = "LLMOBS_EXIT_ORIGIN";
const SOON: Duration = Duration::from_secs(20);
const SPANS: usize = 500;

/// Ways to end, whether the process then says that it succeeded, and how many spans arrive.
const PROGRAMS: [(&str, bool, usize); 12] = [
    ("return", true, SPANS),
    ("return an error", false, SPANS),
    ("panic", false, SPANS),
    ("panic in a thread", true, SPANS),
    ("return from a current-thread runtime", true, SPANS),
    ("return from a multi-thread runtime", true, SPANS),
    ("panic in a runtime", false, SPANS),
    ("shut down in a runtime", true, SPANS),
    ("drop the runtime before the guard", true, SPANS),
    // Without the guard's drop there is nobody to send them; the flush before is what counts.
    ("flush and exit", true, SPANS),
    // The recipes of the README for signals.
    ("flush on SIGTERM", true, SPANS),
    ("flush on SIGTERM and end by it", false, SPANS),
];

fn main() -> ExitCode {
    if let Ok(program) = std::env::var(PROGRAM) {
        return play(&program);
    }
    let programs = PROGRAMS.into_iter().filter(|(program, ..)| cfg!(unix) || !program.contains("SIGTERM"));
    for (program, succeeds, spans) in programs {
        for failures in [&[][..], &[503, 429]] {
            run(program, failures, succeeds, spans);
        }
        println!("exit: {program} ... ok");
    }
    ExitCode::SUCCESS
}

/// Runs a program to its end against an intake that fails at first.
fn run(program: &str, failures: &[u16], succeeds: bool, spans: usize) {
    let receiver = Receiver::bind("127.0.0.1:0").unwrap();
    receiver.answer_next(failures.iter().map(|status| Answer::status(*status).header("retry-after", "0.05")));
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(PROGRAM, program).env(ORIGIN, receiver.url()).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (tx, rx) = mpsc::channel();
    let id = child.id();
    let waiting = std::thread::spawn(move || tx.send(child.wait()));
    let Ok(status) = rx.recv_timeout(SOON) else {
        // It is ours, and it hangs.
        drop(Command::new("kill").args(["-9", &id.to_string()]).status());
        panic!("{program} hangs");
    };
    waiting.join().unwrap().unwrap();
    assert_eq!(status.unwrap().success(), succeeds, "{program}");
    assert_eq!(receiver.spans().len(), spans, "{program} after {failures:?}");
}

fn start() -> Guard {
    let origin = std::env::var(ORIGIN).unwrap();
    let builder = tracing_llmobs::Builder::without_environment().ml_app("exit").agentless(true).api_key("test-key");
    // Nothing is sent before the end.
    let (layer, guard) = builder.override_origin(origin).flush_interval(Duration::from_secs(3_600)).start().unwrap();
    tracing_subscriber::registry().with(layer).init();
    guard
}

fn emit(spans: usize) {
    for _ in 0..spans {
        drop(tracing::info_span!("step", llmobs.kind = "task"));
    }
}

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn multi_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A program, from its `main` to its end.
fn play(program: &str) -> ExitCode {
    let guard = start();
    if program.ends_with("runtime") {
        play_in_runtime(program, guard);
        return ExitCode::SUCCESS;
    }
    match program {
        "return" => emit(SPANS),
        "return an error" => {
            emit(SPANS);
            return ExitCode::from(7);
        }
        "panic" => {
            emit(SPANS - 1);
            panic_in_a_span();
        }
        "panic in a thread" => {
            let thread = std::thread::spawn(|| {
                emit(SPANS - 1);
                panic_in_a_span();
            });
            assert!(thread.join().is_err());
        }
        "drop the runtime before the guard" => {
            let runtime = multi_thread();
            runtime.block_on(async { tokio::spawn(async { emit(SPANS) }).await.unwrap() });
            drop(runtime);
        }
        "flush and exit" => {
            emit(SPANS);
            guard.flush(SOON).unwrap();
            emit(3);
            std::process::exit(0);
        }
        #[cfg(unix)]
        "flush on SIGTERM" => {
            flush_on_signal(guard.handle(), || std::process::exit(0));
            emit(SPANS);
            receive_sigterm();
        }
        #[cfg(unix)]
        "flush on SIGTERM and end by it" => {
            flush_on_signal(guard.handle(), || {
                drop(signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTERM));
            });
            emit(SPANS);
            receive_sigterm();
        }
        other => panic!("{other} is no program"),
    }
    ExitCode::SUCCESS
}

/// Panics in a span that is open, which is sent, too.
fn panic_in_a_span() {
    let _entered = tracing::info_span!("panics", llmobs.kind = "task").entered();
    panic!("the program has a defect");
}

/// The recipe: a thread that waits for a signal, sends what is there, and ends the process.
#[cfg(unix)]
fn flush_on_signal(handle: tracing_llmobs::Handle, end: fn()) {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).unwrap();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            if let Err(error) = handle.flush(Duration::from_secs(5)) {
                println!("{error}");
            }
            end();
        }
    });
}

#[cfg(unix)]
fn receive_sigterm() {
    signal_hook::low_level::raise(signal_hook::consts::SIGTERM).unwrap();
    // Ends with the process.
    std::thread::sleep(SOON);
}

fn play_in_runtime(program: &str, guard: Guard) {
    match program {
        "return from a current-thread runtime" => current_thread().block_on(async move {
            emit(SPANS);
            drop(guard);
        }),
        "return from a multi-thread runtime" => multi_thread().block_on(async move {
            let guard = guard;
            tokio::spawn(async { emit(SPANS) }).await.unwrap();
            drop(guard);
        }),
        "panic in a runtime" => multi_thread().block_on(async move {
            let _guard = guard;
            emit(SPANS);
            panic!("the program has a defect");
        }),
        "shut down in a runtime" => current_thread().block_on(async move {
            emit(SPANS);
            guard.shutdown_async(SOON).await.unwrap();
        }),
        other => panic!("{other} is no program"),
    }
}
