//! The request size that a receiver turned out to take, learned from 413 responses.

use std::time::{Duration, Instant};

/// A learned limit, so that a receiver that answers 413 to everything is not asked about every item.
#[derive(Debug, Default)]
pub(super) struct SizeLimit {
    /// The smallest single item that was refused as too large, and when that was.
    refused: Option<(usize, Instant)>,
    /// The largest body that was delivered.
    delivered: usize,
}

impl SizeLimit {
    /// A limit is forgotten after this time, because receivers are reconfigured.
    const MEMORY: Duration = Duration::from_secs(60);

    pub(super) fn deliver(&mut self, bytes: usize) {
        self.delivered = self.delivered.max(bytes);
        if self.refused.is_some_and(|(refused, _)| refused <= bytes) {
            self.refused = None;
        }
    }

    /// Learns that a single item of `bytes` is too large. An item that is smaller than a body that was delivered is
    /// refused for another reason than its size, and teaches nothing.
    pub(super) fn refuse(&mut self, bytes: usize, now: Instant) {
        if bytes <= self.delivered {
            return;
        }
        let smallest = self.refused.map_or(bytes, |(refused, _)| refused.min(bytes));
        self.refused = Some((smallest, now));
    }

    /// Returns true when a body of `bytes` would be refused, as far as is known.
    pub(super) fn excludes(&self, bytes: usize, now: Instant) -> bool {
        self.refused.is_some_and(|(refused, at)| bytes >= refused && now.saturating_duration_since(at) < Self::MEMORY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn a_limit_is_learned_from_single_items_and_forgotten_after_a_minute() {
        let now = Clock::System.instant();
        let mut limit = SizeLimit::default();
        assert!(!limit.excludes(usize::MAX, now));
        limit.refuse(500, now);
        limit.refuse(400, now);
        assert!(limit.excludes(400, now) && !limit.excludes(399, now));
        assert!(!limit.excludes(400, now + SizeLimit::MEMORY));
        limit.deliver(450);
        assert!(!limit.excludes(400, now), "a larger body was delivered meanwhile");
        limit.refuse(430, now);
        assert!(!limit.excludes(430, now), "430 bytes are not too large where 450 are not");
    }
}
