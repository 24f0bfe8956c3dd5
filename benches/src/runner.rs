//! Measures wall time side by side: every variant of a workload is alive at once, each in its own process, and
//! is asked for one short sample a round, in random order. What the machine does to one it does to all, so
//! ratios are made within a round; medians are taken last.
//!
//! `compare [--rounds N] [--processes N] [workload …]`, or `compare burst` for the throughput.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::variant::Variant;
use crate::workload::Workload;

/// Does what the arguments say and prints a table for each workload.
///
/// # Errors
///
/// What is wrong with them, or with a process.
pub fn main() -> Result<(), String> {
    let (mut rounds, mut processes, mut workloads) = (60, 3, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|text| text.parse().ok()).ok_or("a number is missing");
        match argument.as_str() {
            "--rounds" => rounds = number()?,
            "--processes" => processes = number()?,
            "burst" => return bursts(),
            workload => workloads.push(workload.parse()?),
        }
    }
    if workloads.is_empty() {
        workloads = Workload::ALL.iter().map(|(_, workload)| *workload).collect();
    }
    let sink = Sink::start()?;
    for workload in workloads {
        let rounds = if workload == Workload::W5 { rounds.min(15) } else { rounds };
        compare(workload, rounds, processes, &sink.url)?;
    }
    Ok(())
}

/// Runs each burst in a process of its own, with a sink of its own; the sink says what arrived.
fn bursts() -> Result<(), String> {
    for kind in ["w1", "2kb", "steady"] {
        let sink = Sink::start()?;
        let (mut process, _, mut answers) = start("program", &["burst", kind, &sink.url])?;
        let mut said = String::new();
        answers.read_to_string(&mut said).map_err(|error| error.to_string())?;
        process.wait().map_err(|error| error.to_string())?;
        print!("{said}");
    }
    Ok(())
}

fn compare(workload: Workload, rounds: usize, processes: usize, sink: &str) -> Result<(), String> {
    let (variants, reference) = rivals(workload);
    let at = variants.iter().position(|variant| *variant == reference).unwrap_or(0);
    let mut rows: Vec<Row> = variants.iter().map(|_| Row::default()).collect();
    for _ in 0..processes {
        let mut peers =
            variants.iter().map(|variant| Peer::start(workload, *variant, sink)).collect::<Result<Vec<_>, _>>()?;
        for _ in 0..rounds {
            let mut order: Vec<usize> = (0..peers.len()).collect();
            fastrand::shuffle(&mut order);
            let mut walls = vec![0.0; peers.len()];
            for index in order {
                let sample = peers[index].sample(workload.sample())?;
                walls[index] = sample.wall;
                rows[index].add(&sample);
            }
            for (row, wall) in rows.iter_mut().zip(&walls) {
                row.ratios.push(wall / walls[at]);
            }
        }
    }
    println!("\n### {} ({rounds} rounds × {processes} processes)\n", workload.name());
    println!(
        "| variant | wall ns, median | min – p95 | × {} | processor ns | delivered |\n|---|--:|--:|--:|--:|--:|",
        reference.name()
    );
    for (variant, row) in variants.iter().zip(&mut rows) {
        println!("| {} {}", variant.name(), row.cells());
    }
    Ok(())
}

/// The variants of a workload, and the one that the others are compared with.
fn rivals(workload: Workload) -> (&'static [Variant], Variant) {
    use Variant::{Disabled, DisabledBeside, FmtJson, None, Noop, Otel, Ours, OursBeside};
    match workload {
        Workload::W1 | Workload::W2 => (&[None, Noop, Ours, Otel, FmtJson, Disabled, DisabledBeside], Otel),
        Workload::W1Annotate | Workload::W2Annotate => (&[Noop, Ours], Noop),
        Workload::W3 => (&[None, Noop, OursBeside, Otel, FmtJson, DisabledBeside], Noop),
        Workload::W4 | Workload::W4Unwanted => (&[None, Ours, Disabled], None),
        Workload::W5 => (&[Noop, Ours, Otel, FmtJson], Otel),
    }
}

/// The measurements of one variant.
#[derive(Debug, Default)]
struct Row {
    walls: Vec<f64>,
    processor: Vec<f64>,
    ratios: Vec<f64>,
    delivered: u64,
    made: u64,
}

impl Row {
    fn add(&mut self, sample: &Sample) {
        self.walls.push(sample.wall);
        self.processor.push(sample.processor);
        self.delivered += sample.delivered;
        self.made += sample.made;
    }

    fn cells(&mut self) -> String {
        let [wall, least, most] = [0.5, 0.0, 0.95].map(|at| quantile(&mut self.walls, at));
        let (ratio, processor) = (quantile(&mut self.ratios, 0.5), quantile(&mut self.processor, 0.5));
        let delivered = match (self.made, self.delivered) {
            (0, _) | (_, 0) => "–".to_owned(),
            (made, delivered) => format!("{:.0} %", delivered as f64 / made as f64 * 100.0),
        };
        format!("| {wall:.1} | {least:.1} – {most:.1} | {ratio:.2} | {processor:.0} | {delivered} |")
    }
}

fn quantile(values: &mut [f64], at: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let index = (values.len().saturating_sub(1) as f64 * at).round() as usize;
    values.get(index).copied().unwrap_or_default()
}

/// Nanoseconds an iteration.
#[derive(Debug)]
struct Sample {
    wall: f64,
    processor: f64,
    delivered: u64,
    made: u64,
}

/// A process with one variant.
#[derive(Debug)]
struct Peer {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start(workload: Workload, variant: Variant, sink: &str) -> Result<Self, String> {
        let arguments = ["serve", workload.name(), variant.name(), sink];
        let (process, requests, answers) = start("program", &arguments)?;
        let mut peer = Self { process, requests, answers };
        match peer.line()?.as_str() {
            "ready" => Ok(peer),
            other => Err(format!("{} did not start: {other}", variant.name())),
        }
    }

    fn sample(&mut self, iterations: u64) -> Result<Sample, String> {
        writeln!(self.requests, "{iterations}").map_err(|error| error.to_string())?;
        let line = self.line()?;
        let numbers: Vec<u64> = line.split(' ').filter_map(|number| number.parse().ok()).collect();
        let [wall, processor, delivered, made] = numbers[..] else { return Err(format!("bad answer: {line}")) };
        let per = |ns: u64| ns as f64 / iterations as f64;
        Ok(Sample { wall: per(wall), processor: per(processor), delivered, made })
    }

    fn line(&mut self) -> Result<String, String> {
        read_line(&mut self.answers)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has nothing to lose, and a busy one must not disturb the next.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The process that takes the events.
#[derive(Debug)]
pub struct Sink {
    /// The address of the sink.
    pub url: String,
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Sink {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// When its program cannot be started.
    pub fn start() -> Result<Self, String> {
        let (process, requests, mut answers) = start("sink", &[])?;
        let url = format!("http://127.0.0.1:{}", read_line(&mut answers)?);
        Ok(Self { url, process, requests: Some(requests), answers })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        drop(self.requests.take());
        let mut counted = String::new();
        let _ = self.answers.read_to_string(&mut counted);
        let _ = self.process.wait();
        if let Some((events, bytes)) = counted.trim().split_once(' ') {
            eprintln!("the sink counted {events} events in {bytes} bytes");
        }
    }
}

fn start(program: &str, arguments: &[&str]) -> Result<(Child, ChildStdin, BufReader<ChildStdout>), String> {
    let path: PathBuf = std::env::current_exe().map_err(|error| error.to_string())?.with_file_name(program);
    let mut command = Command::new(&path);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().map_err(|error| format!("{}: {error}", path.display()))?;
    let (Some(requests), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
        return Err(format!("{} has no pipes", path.display()));
    };
    Ok((process, requests, BufReader::new(answers)))
}

fn read_line(from: &mut impl BufRead) -> Result<String, String> {
    let mut line = String::new();
    from.read_line(&mut line).map_err(|error| error.to_string())?;
    Ok(line.trim().to_owned())
}
