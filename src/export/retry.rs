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
/// | no connection, timeout, 1xx, 408, 425, 5xx, a web page | again, 3 attempts in all, then unreachable |
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
        Failure::Status(100..=199 | 408 | 425 | 500..=599) => again(asked(error, attempt)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use Failure::{Broken, Connect, NoWay, Status, Timeout, WebPage};

    const FIRST: Attempt =
        Attempt { number: 1, body_bytes: 1_000, items: 10, jitter: 0.5, unix_time: Duration::from_secs(1_800_000_000) };

    #[test]
    fn each_failure_has_its_verdict() {
        let again = Verdict::Again(Duration::from_millis(100));
        let (rejected, unauthorized) = (Verdict::Never(LossReason::Rejected), Verdict::Never(LossReason::Unauthorized));
        let table: [(&[Failure], Verdict); 6] = [
            (&[Connect, Timeout, Broken, WebPage, Status(101), Status(408), Status(425)], again),
            (&[Status(500), Status(502), Status(503), Status(504), Status(599)], again),
            (&[Status(429)], Verdict::Again(Duration::from_secs(1))),
            (&[Status(413)], Verdict::Split),
            (&[Status(401), Status(403), NoWay], unauthorized),
            (&[Status(301), Status(308), Status(400), Status(404), Status(405), Status(422), Status(600)], rejected),
        ];
        for (failures, expected) in table {
            for failure in failures {
                assert_eq!(verdict(&SendError::new(*failure), &FIRST), expected, "{failure:?}");
            }
        }
        let alone = Attempt { items: 1, ..FIRST };
        assert_eq!(verdict(&SendError::new(Status(413)), &alone), Verdict::Never(LossReason::TooLarge));
    }

    #[test]
    fn the_third_attempt_is_the_last() {
        for failure in [Connect, Timeout, Broken, WebPage, Status(429), Status(503)] {
            let verdicts = [1, 2, 3, 4, u32::MAX].map(|number| {
                let attempt = Attempt { number, ..FIRST };
                matches!(verdict(&SendError::new(failure), &attempt), Verdict::Again(_))
            });
            assert_eq!(verdicts, [true, true, false, false, false], "{failure:?}");
            let last = Attempt { number: 3, ..FIRST };
            assert_eq!(verdict(&SendError::new(failure), &last), Verdict::Never(LossReason::Unreachable));
        }
    }

    #[test]
    fn a_large_payload_that_breaks_the_connection_twice_is_split() {
        let table = [
            (1, 300_000, 10, false),
            (2, 300_000, 10, true),
            (3, 300_000, 10, true),
            (2, 300_000, 1, false),
            (2, 200_000, 10, false),
        ];
        for (number, body_bytes, items, is_split) in table {
            let attempt = Attempt { number, body_bytes, items, ..FIRST };
            assert_eq!(verdict(&SendError::new(Broken), &attempt) == Verdict::Split, is_split, "{attempt:?}");
            assert_ne!(verdict(&SendError::new(Timeout), &attempt), Verdict::Split);
        }
    }

    #[test]
    fn waits_grow_and_spread_and_end_at_a_second() {
        let table = [(1, 0.0, 50), (1, 1.0, 150), (2, 0.5, 150), (2, 1.0, 225), (1, f64::NAN, 100), (1, 9.0, 150)];
        for (number, jitter, expected) in table {
            let attempt = Attempt { number, jitter, ..FIRST };
            assert_eq!(backoff(&attempt), Duration::from_millis(expected), "{number} {jitter}");
        }
        assert!(backoff(&Attempt { number: u32::MAX, jitter: 1.0, ..FIRST }) <= LONGEST_BACKOFF);
    }

    #[test]
    fn the_receivers_wish_counts_within_limits() {
        let default = Some(1_000);
        let table = [
            (429, Some(2_000), Some(2_000)),
            (429, Some(86_400_000), Some(10_000)),
            (429, Some(1_800_000_003_000), Some(3_000)),
            (429, Some(1_900_000_000_000), Some(10_000)),
            (429, Some(1_700_000_000_000), default),
            (429, Some(0), default),
            (429, None, default),
            (503, Some(4_000), Some(4_000)),
            (503, Some(0), Some(100)),
            (400, Some(4_000), None),
        ];
        for (status, wait, expected) in table {
            let error = SendError { wait: wait.map(Duration::from_millis), ..SendError::new(Status(status)) };
            let expected =
                expected.map_or(Verdict::Never(LossReason::Rejected), |ms| Verdict::Again(Duration::from_millis(ms)));
            assert_eq!(verdict(&error, &FIRST), expected, "{status} {wait:?}");
        }
    }
}
