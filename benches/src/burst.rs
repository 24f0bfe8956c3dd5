//! Throughput: as much as the machine gives, to a sink on loopback, with nothing lost.

use std::time::{Duration, Instant};

use crate::program::cpu_ns;
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
    let (cpu, start) = (cpu_ns(), Instant::now());
    let mut most_bytes = 0;
    match kind {
        "w1" => (0..33_334).for_each(|_| chat(&texts)),
        "2kb" => (0..100_000).for_each(|_| two_kilobytes(&texts)),
        "steady" => {
            while start.elapsed() < Duration::from_secs(3) {
                (0..512).for_each(|_| two_kilobytes(&texts));
                loop {
                    let stats = handle.stats();
                    most_bytes = most_bytes.max(stats.queued_bytes);
                    if stats.pending < 16_384 {
                        break;
                    }
                    std::thread::sleep(Duration::from_micros(500));
                }
            }
        }
        _ => return Err(format!("no such burst: {kind}")),
    }
    let made = start.elapsed();
    running.flush();
    let (took, cpu) = (start.elapsed(), cpu_ns() - cpu);
    let stats = handle.stats();
    let delivered = stats.delivered - before.delivered;
    let offered = stats.offered - before.offered;
    println!(
        "{kind}: {offered} made in {:.3} s ({:.2} us each), {delivered} delivered by {:.3} s ({:.0} k/s), {} lost, \
         {:.2} us of processor time each, {} requests",
        made.as_secs_f64(),
        made.as_secs_f64() * 1e6 / offered as f64,
        took.as_secs_f64(),
        delivered as f64 / took.as_secs_f64() / 1e3,
        offered - delivered,
        cpu as f64 / 1e3 / offered as f64,
        stats.requests - before.requests,
    );
    println!("{stats:?}");
    Ok(())
}

fn warm_up(texts: &Texts) {
    (0..1000).for_each(|_| two_kilobytes(texts));
}
