//! The only file that asks what time it is.
//!
//! In: nothing. Out: instants, wall time in nanoseconds since 1970. Never: sleeping.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The source of time: the machine in production, a hand in tests.
#[derive(Debug, Clone, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    Manual(ManualClock),
}

impl Clock {
    /// Nanoseconds since 1970; 0 before that.
    pub(crate) fn wall_ns(&self) -> u64 {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
            }
            Self::Manual(clock) => clock.elapsed_ns().saturating_add(ManualClock::EPOCH_NS),
        }
    }

    /// Milliseconds since 1970; 0 before that.
    pub(crate) fn wall_ms(&self) -> u64 {
        self.wall_ns() / 1_000_000
    }

    /// The instant, for durations.
    pub(crate) fn instant(&self) -> Instant {
        match self {
            Self::System => Instant::now(),
            Self::Manual(clock) => {
                let elapsed = Duration::from_nanos(clock.elapsed_ns());
                clock.begin.checked_add(elapsed).unwrap_or(clock.begin)
            }
        }
    }
}

/// Nanoseconds from one instant to a later one; 0 when it is not later.
pub(crate) fn nanos_between(earlier: Instant, later: Instant) -> u64 {
    u64::try_from(later.saturating_duration_since(earlier).as_nanos()).unwrap_or(u64::MAX)
}

/// A clock that stands still until it is moved on.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use tracing_llmobs::testing::ManualClock;
///
/// let clock = ManualClock::new();
/// clock.advance(Duration::from_millis(5));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    begin: Instant,
    elapsed_ns: Arc<AtomicU64>,
}

impl ManualClock {
    /// The time that the clock shows at first: 2026-08-20 00:00:00 UTC, in nanoseconds since 1970.
    pub const EPOCH_NS: u64 = 1_787_184_000_000_000_000;

    /// A clock that shows [`EPOCH_NS`](Self::EPOCH_NS).
    pub fn new() -> Self {
        Self { begin: Instant::now(), elapsed_ns: Arc::default() }
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.elapsed_ns.fetch_add(by, Ordering::Relaxed);
    }

    fn elapsed_ns(&self) -> u64 {
        self.elapsed_ns.load(Ordering::Relaxed)
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}
