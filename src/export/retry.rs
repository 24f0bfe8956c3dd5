//! What to do after a failure.
//!
//! In: an error and an attempt. Out: a verdict. Never: waiting, clocks, randomness.

use std::time::Duration;

use super::transport::{Failure, SendError};
use crate::stats::LossReason;

/// What to do with a payload that was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Send the same bytes again after this time.
    Again(Duration),
    /// Send its two halves, each as a payload of its own.
    Split,
    /// Its items are lost.
    Never(LossReason),
}

/// The attempt that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// From 1.
    pub(crate) number: u32,
    pub(crate) body_bytes: usize,
    pub(crate) items: usize,
    /// From 0 to 1, at random.
    pub(crate) jitter: f64,
    /// Now, since 1970.
    pub(crate) unix_time: Duration,
}

/// Decides.
///
/// | failure | verdict |
/// |---|---|
/// | no connection, timeout, 408, 425, 5xx, a web page | again, 3 attempts in all, then unreachable |
/// | the connection broke | the same; but a large payload is split from the second time on |
/// | 429 | again when the receiver says, within 10 s, 3 attempts in all, then unreachable |
/// | 413 | split; a single item is too large |
/// | 401, 403, no agent and no key | unauthorized |
/// | any other status | rejected |
pub(crate) fn verdict(error: &SendError, attempt: &Attempt) -> Verdict {
    let again = |wait: Option<Duration>| match attempt.number {
        ..MAX_ATTEMPTS => Verdict::Again(wait.unwrap_or_else(|| backoff(attempt))),
        MAX_ATTEMPTS.. => Verdict::Never(LossReason::Unreachable),
    };
    match error.failure {
        Failure::Status(413) if attempt.items > 1 => Verdict::Split,
        Failure::Status(413) => Verdict::Never(LossReason::TooLarge),
        Failure::Status(401 | 403) | Failure::NoWay => Verdict::Never(LossReason::Unauthorized),
        Failure::Status(429) => again(Some(asked(error, attempt).unwrap_or(RATE_LIMIT_WAIT))),
        Failure::Status(408 | 425 | 500..) => again(asked(error, attempt)),
        Failure::Status(_) => Verdict::Never(LossReason::Rejected),
        // A receiver that hangs up before it has read a large body usually means 413 and does not get to say it.
        Failure::Broken if attempt.number > 1 && attempt.items > 1 && attempt.body_bytes > LARGE_BYTES => {
            Verdict::Split
        }
        Failure::Broken | Failure::Connect | Failure::Timeout | Failure::WebPage => again(None),
    }
}

/// What the receiver asked for, if it is in the future, and not longer than we are willing to wait.
fn asked(error: &SendError, attempt: &Attempt) -> Option<Duration> {
    let wait = error.wait?;
    let wait = if wait < FIRST_POINT_IN_TIME { wait } else { wait.saturating_sub(attempt.unix_time) };
    Some(wait.min(MAX_WAIT)).filter(|wait| !wait.is_zero())
}

/// 100 ms, half as much again each time, give or take half; at most 1 s.
fn backoff(attempt: &Attempt) -> Duration {
    let jitter = if attempt.jitter.is_finite() { attempt.jitter.clamp(0.0, 1.0) } else { 0.5 };
    let exponent = attempt.number.saturating_sub(1).min(MAX_ATTEMPTS);
    let growth = (0..exponent).fold(1.0, |growth: f64, _| growth * 1.5);
    FIRST_WAIT.mul_f64(growth * (0.5 + jitter)).min(LONGEST_BACKOFF)
}

const MAX_ATTEMPTS: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);
/// If a rate limit does not say when it ends.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(10);
/// A wait of more than 30 years is a date.
const FIRST_POINT_IN_TIME: Duration = Duration::from_secs(1_000_000_000);
const LARGE_BYTES: usize = 256 << 10;
