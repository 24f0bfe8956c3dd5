//! Generation of span and trace ids.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use llmobs_model::{SpanId, TraceId};

/// A source of new ids: random in production, a counted sequence in tests.
#[derive(Debug, Clone, Default)]
pub(crate) enum IdSource {
    #[default]
    Random,
    #[cfg_attr(not(any(test, feature = "testing")), expect(dead_code, reason = "only tests need ids that repeat"))]
    Sequence(Arc<AtomicU64>),
}

impl IdSource {
    /// Creates a sequence that starts at `0xF0`, so that an id is never mistaken for a count.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn sequence() -> Self {
        Self::Sequence(Arc::new(AtomicU64::new(0xF0)))
    }

    /// Returns the next span id.
    pub(crate) fn span_id(&self) -> SpanId {
        SpanId::new(self.number()).unwrap_or(SpanId::MIN)
    }

    /// Returns an id for a trace that begins at `start_ns`: 32 bits of unix seconds, 32 zero bits, 64 random bits.
    pub(crate) fn trace_id(&self, start_ns: u64) -> TraceId {
        let seconds = u128::from(start_ns / 1_000_000_000) & u128::from(u32::MAX);
        TraceId::new(seconds << 96 | u128::from(self.number()))
    }

    fn number(&self) -> u64 {
        match self {
            Self::Random => fastrand::u64(1..),
            Self::Sequence(next) => next.fetch_add(1, Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_begin_with_the_unix_seconds_and_have_a_zero_middle() {
        let ids = IdSource::sequence();
        let id = ids.trace_id(1_787_270_400 * 1_000_000_000 + 7);
        assert_eq!(id.to_string(), "6a8795000000000000000000000000f0");
        let random = IdSource::Random.trace_id(1_787_270_400 * 1_000_000_000);
        assert_eq!(random.to_string().get(..16), Some("6a87950000000000"));
    }
}
