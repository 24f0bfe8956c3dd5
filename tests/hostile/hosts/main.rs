//! The host is never harmed: whatever values, neighbour layers and callbacks do, no call into the layer panics, aborts,
//! hangs or recurses, and the process goes on recording.
//!
//! Every case has a process of its own, a global default subscriber and a watchdog.

mod neighbours;
mod values;

use std::process::ExitCode;
use std::time::Duration;

use tracing::info_span;
use tracing_llmobs::testing::Recorder;
use tracing_llmobs_hostile::Case;

fn main() -> ExitCode {
    let cases: Vec<Case> = values::cases().into_iter().chain(neighbours::cases()).collect();
    tracing_llmobs_hostile::main(cases)
}

/// Asserts that the layer still works: a span of now is delivered with its parent, and every span is accounted for.
fn assert_alive(recorder: &Recorder) {
    let around = info_span!("around", llmobs.kind = "workflow").entered();
    drop(info_span!("after", llmobs.kind = "task", llmobs.input = "still here"));
    drop(around);
    let _ = recorder.handle().flush(Duration::from_secs(20));
    let (around, after) = (recorder.span("around"), recorder.span("after"));
    assert_eq!((after.input, after.parent_id), (Some("still here".into()), Some(around.span_id)));
    let stats = recorder.handle().stats();
    assert!(stats.is_balanced() && stats.open_spans == 0 && stats.pending == 0, "{stats:?}");
}

/// Ends the process at any panic from now on, as some programs do: no `catch_unwind` comes before the hook.
fn abort_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("a panic: {panic}");
        std::process::abort();
    }));
}
