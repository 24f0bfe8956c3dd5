//! When a span was, if not when `tracing` saw it.

use std::time::{Duration, Instant};

use super::SpanRecord;
use crate::clock::nanos_between;
use crate::recording::Recording;
use llmobs_model::{Annotation, SpanKind};

/// The times that somebody said, in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    start_ns: Option<u64>,
    end_ns: Option<u64>,
}

impl Times {
    pub(super) fn take(&mut self, said: &Annotation) {
        self.start_ns = said.start_ns.or(self.start_ns);
        self.end_ns = said.end_ns.or(self.end_ns);
    }
}

impl SpanRecord {
    /// Settles when the span was; `now` is when it ended by itself. An end before the start is the start.
    pub(super) fn settle_times(&self, recording: &mut Recording, now: Instant) {
        let took_ns = nanos_between(self.started, now);
        let end_ns = self.times.end_ns.unwrap_or_else(|| recording.head.origin.start_ns.saturating_add(took_ns));
        recording.head.origin.start_ns = self.times.start_ns.unwrap_or(recording.head.origin.start_ns);
        recording.head.duration_ns = end_ns.saturating_sub(recording.head.origin.start_ns);
    }

    /// How long the span is open, in seconds, from the start that was said if one was, and what it stands for.
    pub(crate) fn opened(&self) -> Option<(f64, SpanKind)> {
        let (recording, kind) = self.recording.as_ref().zip(self.kind)?;
        let took_ns = nanos_between(self.started, self.capture.clock.instant());
        let now_ns = recording.head.origin.start_ns.saturating_add(took_ns);
        let start_ns = self.times.start_ns.unwrap_or(recording.head.origin.start_ns);
        Some((Duration::from_nanos(now_ns.saturating_sub(start_ns)).as_secs_f64(), kind))
    }
}
