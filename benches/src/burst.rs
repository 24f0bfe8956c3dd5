//! Throughput: as much as the machine gives, to a sink on loopback, with nothing lost.

use std::time::{Duration, Instant};

use crate::program::{cpu_ns, thread_ns};
use crate::text::Texts;
use crate::variant::Variant;
use crate::workload::{chat, two_kilobytes};

/// `burst w1 <sink>`: 10^5 spans of W1 at once, default bounds. `burst 2kb <sink>`: 10^5 events of two
/// kilobytes at once. `burst steady <sink>`: such events for three seconds, where the one who makes them
/// waits while too many are pending, so that the rate is that of the pipeline.
///
/// # Errors
///
/// When the kind is none of them.
pub fn main(kind: &str, sink: &str) -> Result<(), String> {
    let running = Variant::Ours.start(sink);
    let handle = running.guard().expect("it is ours").handle();
    let texts = if kind == "w1" { Texts::new(1000, 1000) } else { Texts::new(650, 650) };
    warm_up(&texts);
    running.flush();
    let before = handle.stats();
    let (cpu, own_before, start) = (cpu_ns(), thread_ns(), Instant::now());
    match kind {
        "w1" => (0..33_334).for_each(|_| chat(&texts)),
        "2kb" => (0..100_000).for_each(|_| two_kilobytes(&texts)),
        "steady" => {
            while start.elapsed() < Duration::from_secs(3) {
                (0..512).for_each(|_| two_kilobytes(&texts));
                while handle.stats().pending > MOST_PENDING {
                    std::thread::sleep(Duration::from_micros(500));
                }
            }
        }
        _ => return Err(format!("no such burst: {kind}")),
    }
    let (made, own) = (start.elapsed(), thread_ns());
    running.flush();
    let (took, cpu) = (start.elapsed(), cpu_ns() - cpu);
    let stats = handle.stats();
    let delivered = stats.delivered - before.delivered;
    let offered = stats.offered - before.offered;
    let each = |ns: u64| ns as f64 / 1e3 / offered as f64;
    println!("{kind}: {offered} spans made in {:.3} s, {delivered} delivered by {:.3} s", seconds(made), seconds(took));
    println!("  {:.0} k/s delivered, {} lost", delivered as f64 / seconds(took) / 1e3, offered - delivered);
    println!(
        "  processor: {:.2} us a span, of which {:.2} us on the thread that makes them",
        each(cpu),
        each(own - own_before)
    );
    println!("  {} requests; {stats:?}", stats.requests - before.requests);
    Ok(())
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

fn warm_up(texts: &Texts) {
    (0..1000).for_each(|_| two_kilobytes(texts));
}

/// About four payloads.
const MOST_PENDING: u64 = 8192;
