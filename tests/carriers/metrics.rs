//! The recipe of `docs/carriers.md` that turns the ledger into metrics.

use tracing_llmobs::{ExportOutcome, ExportRequest, Exporter, LossReason, Stats};

use crate::{below, builder, emit, end};

/// The ledger as lines of DogStatsD: counters since `before`, gauges as they are.
fn metrics(stats: &Stats, before: &Stats) -> Vec<String> {
    let counter = |name: &str, now: u64, before: u64| format!("llmobs.{name}:{}|c", now.saturating_sub(before));
    let gauge = |name: &str, now: u64| format!("llmobs.{name}:{now}|g");
    let mut lines = vec![
        counter("offered", stats.offered, before.offered),
        counter("delivered", stats.delivered, before.delivered),
        counter("requests", stats.requests, before.requests),
        counter("retries", stats.retries, before.retries),
        counter("restarts", stats.restarts, before.restarts),
        gauge("pending", stats.pending),
        gauge("queued_bytes", stats.queued_bytes),
        gauge("open_spans", stats.open_spans),
    ];
    // All reasons, also those that a newer version adds.
    for reason in LossReason::ALL {
        let lost = counter("lost", stats.lost(*reason), before.lost(*reason));
        lines.push(format!("{lost}|#reason:{reason},refused:{}", reason.is_refusal()));
    }
    lines
}

#[test]
fn each_loss_is_in_the_metrics_once() {
    struct Rejecting;
    impl Exporter for Rejecting {
        async fn export(&self, _: ExportRequest) -> ExportOutcome {
            ExportOutcome::rejected("no")
        }
    }
    let stats = end(below(builder(), Rejecting, |_| emit(4)));
    let lines = metrics(&stats, &Stats::default());
    for line in ["llmobs.offered:4|c", "llmobs.delivered:0|c", "llmobs.pending:0|g"] {
        assert!(lines.iter().any(|known| known == line), "{lines:?}");
    }
    assert!(lines.contains(&"llmobs.lost:4|c|#reason:rejected,refused:false".to_owned()), "{lines:?}");
    let again = metrics(&stats, &stats);
    assert!(again.iter().filter(|line| line.contains("|c")).all(|line| line.contains(":0|c")), "{again:?}");
}
