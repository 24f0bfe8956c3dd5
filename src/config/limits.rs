//! The numbers: default, least, most.

use std::fmt::Debug;
use std::time::Duration;

use super::given::{ConfigWarning, Given, Read, excerpt};

/// What a number may be. Outside of it the default holds, and a warning says so.
#[derive(Debug)]
pub(super) struct Range<T> {
    default: T,
    least: T,
    most: T,
}

impl<T: PartialOrd + Copy + Debug> Range<T> {
    /// The number that was given if it is a good one. No comparison holds for a number that is none.
    pub(super) fn pick(&self, given: Option<Read<T>>, warnings: &mut Vec<ConfigWarning>) -> T {
        let Some(Given { setting, value }) = given else { return self.default };
        let value = match value {
            Ok(value) if value >= self.least && value <= self.most => return value,
            Ok(value) => excerpt(&format!("{value:?}")),
            Err(text) => text,
        };
        let allowed = format!("{:?} to {:?}", self.least, self.most);
        warnings.push(ConfigWarning::Number { setting, value, allowed, default: format!("{:?}", self.default) });
        self.default
    }
}

/// The share of traces that the intake keeps; all spans are sent, each with the decision of its root.
pub(super) const SAMPLE_RATE: Range<f64> = Range { default: 1.0, least: 0.0, most: 1.0 };
/// Five million, and not five times 2^20: the intake takes 5.1 MB.
pub(super) const EVENT_BYTES: Range<usize> = Range { default: 5_000_000, least: 1_000, most: 10_000_000 };
pub(super) const PAYLOAD_BYTES: Range<usize> = Range { default: 5_000_000, least: 1_000, most: 10_000_000 };
pub(super) const FLUSH_INTERVAL: Range<Duration> =
    Range { default: Duration::from_secs(1), least: Duration::from_millis(1), most: Duration::from_secs(3_600) };
pub(super) const REQUEST_TIMEOUT: Range<Duration> =
    Range { default: Duration::from_secs(5), least: Duration::from_millis(1), most: Duration::from_secs(600) };
pub(super) const INFO_TIMEOUT: Range<Duration> =
    Range { default: Duration::from_secs(2), least: Duration::from_millis(1), most: Duration::from_secs(60) };
/// A connection that takes longer will not come.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
pub(super) const QUEUE_ITEMS: Range<usize> = Range { default: 131_072, least: 1, most: 16_777_216 };
pub(super) const QUEUE_BYTES: Range<usize> = Range { default: 128 << 20, least: 1, most: 1 << 30 };
pub(super) const OPEN_SPANS_BYTES: Range<usize> = Range { default: 64 << 20, least: 1, most: 1 << 30 };
/// Zero does not wait at all.
pub(super) const SHUTDOWN_TIMEOUT: Range<Duration> =
    Range { default: Duration::from_secs(5), least: Duration::ZERO, most: Duration::from_secs(3_600) };
