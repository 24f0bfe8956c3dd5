//! However much comes in, and however little goes out, memory stays within the limits.

use std::time::Duration;

use tracing_llmobs::{Annotation, LossReason};

use crate::harness::{Pipeline, RawServer, Reaction, in_own_process, to};

const MIB: u64 = 1 << 20;
/// 100 000 spans of 20 kB are 2 GB.
const SPANS: u64 = 100_000;
const SPAN_BYTES: usize = 20_000;

/// Bytes of this process that are in memory.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4_096
}

#[test]
fn two_gigabytes_for_a_silent_intake_cost_what_the_queue_may_hold() {
    if !in_own_process("bounds::two_gigabytes_for_a_silent_intake_cost_what_the_queue_may_hold") {
        return;
    }
    let limit = 128 * MIB;
    let wire = RawServer::start(|_| Reaction::StallUnread);
    let pipeline = Pipeline::start(to(&wire.url).flush_interval(Duration::from_millis(50)));
    let handle = pipeline.guard.handle();
    let prompt = "x".repeat(SPAN_BYTES);
    let before = resident();
    let (mut peak_bytes, mut peak_resident) = (0, 0);
    for number in 0..SPANS {
        pipeline.emit_annotated(Annotation::new().input(prompt.as_str()));
        if number % 64 == 0 {
            // A chunk that is being encoded is counted in both forms.
            let stats = handle.stats();
            assert!(stats.is_balanced() && stats.queued_bytes <= limit + 2 * MIB, "{stats:?}");
            peak_bytes = peak_bytes.max(stats.queued_bytes);
            peak_resident = peak_resident.max(resident());
        }
    }
    let stats = handle.stats();
    let refused = stats.lost(LossReason::QueueBytes);
    assert_eq!((stats.offered, stats.refused_total()), (SPANS, refused), "{stats:?}");
    assert!(peak_bytes > limit / 2 && refused > SPANS * 9 / 10, "the queue was full: {stats:?}");
    // Queue, a chunk of it, a payload and the next, and buffers for reuse.
    let growth = peak_resident.saturating_sub(before);
    assert!(growth < limit + limit / 2 + 32 * MIB, "grew by {} MiB", growth / MIB);
    drop(pipeline);
    let stats = handle.stats();
    assert!(stats.is_balanced() && stats.pending == 0 && stats.queued_bytes == 0, "{stats:?}");
}

#[test]
fn many_small_spans_cost_no_more_than_the_queue_may_hold() {
    if !in_own_process("bounds::many_small_spans_cost_no_more_than_the_queue_may_hold") {
        return;
    }
    let wire = RawServer::start(|_| Reaction::StallUnread);
    let pipeline = Pipeline::start(to(&wire.url).queue_max_items(10_000));
    let before = resident();
    pipeline.emit(300_000);
    let growth = resident().saturating_sub(before);
    let stats = pipeline.guard.handle().stats();
    assert!(stats.is_balanced(), "{stats:?}");
    // The bound on items holds for those that are not encoded; batches are bounded by their bytes.
    let held = stats.offered - stats.lost(LossReason::QueueItems);
    assert!(held >= 10_000 && stats.queued_bytes <= 128 * MIB, "{stats:?}");
    assert!(growth < 160 * MIB, "grew by {} MiB", growth / MIB);
    // Nobody needs to wait for an intake that does not answer.
    drop(pipeline.guard.shutdown(Duration::ZERO));
}
