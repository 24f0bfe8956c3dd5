//! The spool, in processes of their own: what is spooled outlives a kill, an outage and a shutdown, and nothing is harmed
//! where it cannot be used.
//!
//! Called without the variable below it is the test, and with it one of the programs.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a test may panic, and is a program here"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use llmobs_receiver::{Answer, Receiver};
use tracing_llmobs::{FlushError, Guard, LossReason};
use tracing_subscriber::prelude::*;

const PROGRAM: &str = "LLMOBS_SPOOL_PROGRAM";
const ORIGIN: &str = "LLMOBS_SPOOL_ORIGIN";
const FOLDER: &str = "LLMOBS_SPOOL_FOLDER";
const FIRST: &str = "LLMOBS_SPOOL_FIRST";
const SOON: Duration = Duration::from_secs(20);
const KEY: &str = "canary-key-of-the-spool";

fn main() -> ExitCode {
    if let Ok(program) = std::env::var(PROGRAM) {
        play(&program);
        return ExitCode::SUCCESS;
    }
    // Whatever the harness of cargo passes is not for this program.
    let rounds = std::env::var("LLMOBS_SPOOL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5);
    a_shutdown_during_an_outage_loses_nothing();
    println!("spool: a shutdown during an outage ... ok");
    whoever_cannot_use_the_folder_goes_on_without();
    println!("spool: a folder that cannot be used ... ok");
    what_is_spooled_outlives_a_kill(rounds);
    println!("spool: {rounds} kills ... ok");
    ExitCode::SUCCESS
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("llmobs-spool-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Self(path)
    }

    fn contains(&self, text: &str) -> bool {
        let files = std::fs::read_dir(&self.0).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn start(url: &str, folder: &Path) -> (impl tracing::Subscriber + Send + Sync + 'static, Guard) {
    let builder = tracing_llmobs::Builder::without_environment().ml_app("spool").agentless(true).api_key(KEY);
    let builder = builder.override_origin(url).flush_interval(Duration::from_millis(10)).stderr(false);
    let (layer, guard) = builder.spool(folder).start().unwrap();
    (tracing_subscriber::registry().with(layer), guard)
}

fn emit(first: usize, spans: usize) {
    for number in first..first + spans {
        drop(tracing::info_span!("step", llmobs.kind = "task", llmobs.name = format!("prompt-{number}")));
    }
}

/// An intake that is away.
fn away() -> Receiver {
    let receiver = Receiver::bind("127.0.0.1:0").unwrap();
    receiver.answer_next((0..10_000).map(|_| Answer::status(503)));
    receiver
}

fn a_shutdown_during_an_outage_loses_nothing() {
    let (folder, intake) = (Folder::new("outage"), away());
    let (subscriber, guard) = start(intake.url(), &folder.0);
    tracing::subscriber::with_default(subscriber, || emit(0, 100));
    let handle = guard.handle();
    let error = guard.flush(Duration::from_millis(300)).unwrap_err();
    let FlushError::TimedOut { pending: 100, outcome, .. } = error else { panic!("{error}") };
    assert_eq!(outcome.spooled(), 100, "{outcome}");
    assert!(folder.contains("prompt-7") && !folder.contains(KEY));
    let outcome = guard.shutdown(Duration::from_millis(200)).unwrap();
    assert_eq!((outcome.spooled(), outcome.pending(), outcome.lost_total()), (100, 0, 0), "{outcome}");
    let stats = handle.stats();
    assert!(stats.is_balanced() && stats.lost(LossReason::Deadline) == 0, "{stats:?}");
    assert_eq!((stats.pending, stats.spooled), (100, 100));
    // The next process.
    let intake = Receiver::bind("127.0.0.1:0").unwrap();
    let (_subscriber, guard) = start(intake.url(), &folder.0);
    assert_eq!(intake.wait_for_spans(100, SOON).len(), 100);
    let handle = guard.handle();
    guard.shutdown(SOON).unwrap();
    let stats = handle.stats();
    assert_eq!((stats.accepted, stats.delivered, stats.spooled), (100, 100, 0), "{stats:?}");
    assert!(!folder.contains("prompt-7"), "what is delivered does not stay on disk");
}

fn whoever_cannot_use_the_folder_goes_on_without() {
    let (folder, intake) = (Folder::new("taken"), Receiver::bind("127.0.0.1:0").unwrap());
    let (first, guard) = start(intake.url(), &folder.0);
    // Two owners; a folder that is a file; one below a file.
    let file = folder.0.join("lock");
    for path in [&folder.0, &file, &file.join("below")] {
        let (second, other) = start(intake.url(), path);
        tracing::subscriber::with_default(second, || emit(0, 10));
        let handle = other.handle();
        assert_eq!(other.shutdown(SOON).unwrap().delivered(), 10);
        assert_eq!(handle.stats().spooled, 0);
    }
    tracing::subscriber::with_default(first, || emit(0, 10));
    assert_eq!(guard.shutdown(SOON).unwrap().delivered(), 10);
}

/// Each round is killed at a moment of its own: during an outage, or while batches are delivered and deleted.
fn what_is_spooled_outlives_a_kill(rounds: usize) {
    let (folder, up) = (Folder::new("kill"), Receiver::bind("127.0.0.1:0").unwrap());
    let mut arrived = BTreeMap::<String, usize>::new();
    let mut spooled = Vec::new();
    for round in 0..rounds {
        let down = away();
        let first = round * 1_000;
        let url = if round % 2 == 0 { down.url() } else { up.url() };
        let mut child = Killed(
            program("emit").env(ORIGIN, url).env(FOLDER, &folder.0).env(FIRST, first.to_string()).spawn().unwrap(),
        );
        // Each line says how many of its spans have been accepted and lie on disk or are delivered.
        let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
        let wanted = 50 + round * 37 % 400;
        let mut safe = 0;
        for line in lines {
            safe = line.unwrap().parse().unwrap();
            if safe >= wanted {
                break;
            }
        }
        drop(child);
        spooled.extend((first..first + safe).map(|number| format!("prompt-{number}")));
        collect(&up, &mut arrived);
    }
    // The last process has an intake, and sends what all others have left.
    let (_subscriber, guard) = start(up.url(), &folder.0);
    let deadline = 200;
    for _ in 0..deadline {
        collect(&up, &mut arrived);
        if spooled.iter().all(|name| arrived.contains_key(name)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(spooled.len() >= rounds * 50, "the programs said that so few are safe: {}", spooled.len());
    let missing: Vec<_> = spooled.iter().filter(|name| !arrived.contains_key(*name)).collect();
    assert!(missing.is_empty(), "{} of {} are missing: {:?}", missing.len(), spooled.len(), missing.first());
    guard.shutdown(SOON).unwrap();
    let twice = arrived.values().filter(|count| **count > 1).count();
    println!("spool: {} spooled, {} arrived, {twice} of them more than once", spooled.len(), arrived.len());
}

fn collect(receiver: &Receiver, arrived: &mut BTreeMap<String, usize>) {
    // The receiver is quiet: nothing is lost between the two calls that was not sent again.
    let mut counts = BTreeMap::<String, usize>::new();
    for span in receiver.spans() {
        *counts.entry(span.event.name).or_default() += 1;
    }
    for (name, count) in counts {
        let known = arrived.entry(name).or_default();
        *known = count.max(*known);
    }
}

/// A process that is killed with SIGKILL.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn program(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(PROGRAM, name).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Emits spans until it is killed, and says how many are safe.
fn play(program: &str) {
    assert_eq!(program, "emit");
    let first: usize = std::env::var(FIRST).unwrap().parse().unwrap();
    let (subscriber, guard) = start(&std::env::var(ORIGIN).unwrap(), Path::new(&std::env::var(FOLDER).unwrap()));
    let handle = guard.handle();
    tracing::subscriber::with_default(subscriber, || {
        for number in (0..1_000).step_by(20) {
            emit(first + number, 20);
            // What was there before this process counts, too, so everything must be safe for this one's to be.
            let is_safe = |stats: tracing_llmobs::Stats| stats.pending == stats.spooled;
            while !is_safe(handle.stats()) {
                std::thread::sleep(Duration::from_millis(1));
            }
            println!("{}", number + 20);
        }
        std::thread::sleep(SOON);
    });
}
