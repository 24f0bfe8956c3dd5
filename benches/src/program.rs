//! A process with one variant, driven over its standard input.
//!
//! `program serve <workload> <variant> <sink>` answers each line on its input, an iteration count, with
//! `<ns of the closing threads> <ns of processor time, flush included> <delivered> <made>`.
//! `program run <workload> <variant> <sink> <iterations>` runs that many and ends, for callgrind and perf.

use std::io::{BufRead, Write};

use rustix::time::{ClockId, clock_gettime};

use crate::text::Texts;
use crate::variant::{Running, Variant};
use crate::workload::Workload;

/// Does what the arguments say.
///
/// # Errors
///
/// What is wrong with them.
pub fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve", workload, variant, sink] => serve(&Program::new(workload, variant, sink)?),
        ["run", workload, variant, sink, iterations] => {
            let program = Program::new(workload, variant, sink)?;
            program.run(iterations.parse().map_err(|_| "iterations is a number")?);
        }
        ["burst", kind, sink] => crate::burst::main(kind, sink)?,
        _ => return Err("usage: program serve|run|burst …; see src/program.rs".to_owned()),
    }
    Ok(())
}

/// A variant that is ready to do a workload.
#[derive(Debug)]
pub struct Program {
    workload: Workload,
    texts: Texts,
    running: Running,
}

impl Program {
    /// Starts the variant.
    ///
    /// # Errors
    ///
    /// When one of the names is none.
    pub fn new(workload: &str, variant: &str, sink: &str) -> Result<Self, String> {
        let workload: Workload = workload.parse()?;
        let running = variant.parse::<Variant>()?.start(sink);
        Ok(Self { workload, texts: workload.texts(), running })
    }

    /// Runs this many iterations, with a flush between samples, so that no queue is ever full.
    pub fn run(&self, iterations: u64) {
        let mut left = iterations;
        while left > 0 {
            let now = left.min(self.workload.sample());
            self.workload.run(now, &self.texts);
            self.running.flush();
            left -= now;
        }
    }

    /// Iterations without a flush.
    pub fn sample(&self, iterations: u64) -> std::time::Duration {
        self.workload.run(iterations, &self.texts)
    }

    /// Waits until everything has left.
    pub fn flush(&self) {
        self.running.flush();
    }
}

fn serve(program: &Program) {
    program.run(program.workload.sample() * 4);
    let mut answers = std::io::stdout().lock();
    writeln!(answers, "ready").expect("the runner listens");
    for line in std::io::stdin().lock().lines() {
        let iterations: u64 = line.expect("the runner speaks").parse().expect("a number of iterations");
        let (delivered, cpu) = (program.running.delivered(), cpu_ns());
        let wall = program.sample(iterations).as_nanos();
        program.flush();
        let (delivered, cpu) = (program.running.delivered() - delivered, cpu_ns() - cpu);
        let made = iterations * program.workload.spans();
        writeln!(answers, "{wall} {cpu} {delivered} {made}").expect("the runner listens");
    }
}

/// Processor time of the whole process.
pub fn cpu_ns() -> u64 {
    nanoseconds(ClockId::ProcessCPUTime)
}

/// Processor time of this thread.
pub fn thread_ns() -> u64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}
