//! Classification of failed requests, and how long to wait before the next one.
//!
//! In: an error. Out: a [`Verdict`], a wait. Never: waiting, clocks, randomness.

use std::time::Duration;

use super::transport::{CarrierFailure, Failure, SendError};
use crate::stats::LossReason;

/// The consequence of a failure for the batch that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The intake or the way to it is in trouble: the batch stays, and the lane pauses. `asked` is the wait that the
    /// response asks for.
    Retry { asked: Option<Duration> },
    /// The request is larger than the receiver takes: the batch is sent in halves.
    TooLarge,
    /// The content of an item is refused: the batch is bisected until only that item is lost.
    Invalid,
    /// The receiver refuses everything, for example because of the API key: the batch stays, and the lane stops
    /// uploading content until a probe is accepted.
    Refused,
    /// The items are lost.
    Lost(LossReason),
}

/// Classifies a failure.
///
/// | failure | verdict |
/// |---|---|
/// | no connection, timeout, broken connection, a web page, no agent and no key | retry |
/// | 1xx, 408, 425, 429, 5xx | retry, not before the time that the response names |
/// | a broken connection again, with a large body | too large: a receiver that hangs up early seldom gets to say 413 |
/// | 413, or a carrier says so | too large |
/// | 400, 422, or a carrier says so | invalid |
/// | 3xx, 401, 403, 404, 407 | refused |
/// | any other status | lost |
pub(crate) fn verdict(error: &SendError, attempt: &Attempt) -> Verdict {
    match error.failure {
        Failure::Status(413) | Failure::Carrier(CarrierFailure::TooLarge) => Verdict::TooLarge,
        Failure::Status(400 | 422) | Failure::Carrier(CarrierFailure::Invalid) => Verdict::Invalid,
        Failure::Status(300..=399 | 401 | 403 | 404 | 407) => Verdict::Refused,
        Failure::Status(429) => Verdict::Retry { asked: Some(asked(error, attempt).unwrap_or(RATE_LIMIT_WAIT)) },
        Failure::Status(100..=199 | 408 | 425 | 500..=599) | Failure::Carrier(CarrierFailure::Away) => {
            Verdict::Retry { asked: asked(error, attempt) }
        }
        Failure::Status(_) | Failure::Carrier(CarrierFailure::Rejected) => Verdict::Lost(LossReason::Rejected),
        Failure::Broken if attempt.number > 1 && attempt.items > 1 && attempt.body_bytes > LARGE_BYTES => {
            Verdict::TooLarge
        }
        Failure::Broken | Failure::Connect | Failure::Timeout | Failure::WebPage | Failure::NoWay => {
            Verdict::Retry { asked: None }
        }
    }
}

/// The attempt that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    /// Counted from 1.
    pub(crate) number: u32,
    pub(crate) body_bytes: usize,
    pub(crate) items: usize,
    /// The time since 1970.
    pub(crate) unix_time: Duration,
}

/// Returns the wait that the response asks for, if it lies in the future, and at most [`MAX_ASKED_WAIT`].
fn asked(error: &SendError, attempt: &Attempt) -> Option<Duration> {
    let wait = error.wait?;
    let wait = if wait < FIRST_POINT_IN_TIME { wait } else { wait.saturating_sub(attempt.unix_time) };
    Some(wait.min(MAX_ASKED_WAIT)).filter(|wait| !wait.is_zero())
}

/// Returns the wait after so many failures in a row: anything between nothing and a bound that doubles each time, so that
/// the clients of one intake do not come back all at once. `random` is between 0 and 1.
pub(crate) fn backoff(failures: u32, random: f64) -> Duration {
    let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 0.5 };
    let doublings = failures.saturating_sub(1).min(16);
    let bound = FIRST_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF);
    bound.mul_f64(random).max(MIN_BACKOFF)
}

const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const MIN_BACKOFF: Duration = Duration::from_millis(10);
pub(crate) const MAX_BACKOFF: Duration = Duration::from_secs(30);
/// The wait after a rate limit that does not say when it ends.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(1);
/// The longest wait that a response can ask for.
const MAX_ASKED_WAIT: Duration = Duration::from_secs(300);
/// Values from this on are dates: a wait of more than 30 years makes no sense.
const FIRST_POINT_IN_TIME: Duration = Duration::from_secs(1_000_000_000);
const LARGE_BYTES: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use Failure::{Broken, Connect, NoWay, Status, Timeout, WebPage};

    const FIRST: Attempt =
        Attempt { number: 1, body_bytes: 1_000, items: 10, unix_time: Duration::from_secs(1_800_000_000) };

    #[test]
    fn each_failure_has_its_verdict() {
        let retry = Verdict::Retry { asked: None };
        let table: [(&[Failure], Verdict); 7] = [
            (&[Connect, Timeout, Broken, WebPage, NoWay, Status(101), Status(408), Status(425)], retry),
            (&[Status(500), Status(502), Status(503), Status(504), Status(599)], retry),
            (&[Status(429)], Verdict::Retry { asked: Some(Duration::from_secs(1)) }),
            (&[Status(413)], Verdict::TooLarge),
            (&[Status(400), Status(422)], Verdict::Invalid),
            (&[Status(301), Status(308), Status(401), Status(403), Status(404)], Verdict::Refused),
            (&[Status(405), Status(410), Status(415), Status(600)], Verdict::Lost(LossReason::Rejected)),
        ];
        for (failures, expected) in table {
            for failure in failures {
                assert_eq!(verdict(&SendError::new(*failure), &FIRST), expected, "{failure:?}");
            }
        }
    }

    #[test]
    fn a_large_payload_that_breaks_the_connection_twice_is_too_large() {
        let table = [
            (1, 300_000, 10, false),
            (2, 300_000, 10, true),
            (3, 300_000, 10, true),
            (2, 300_000, 1, false),
            (2, 200_000, 10, false),
        ];
        for (number, body_bytes, items, is_too_large) in table {
            let attempt = Attempt { number, body_bytes, items, ..FIRST };
            let outcome = verdict(&SendError::new(Broken), &attempt);
            assert_eq!(outcome == Verdict::TooLarge, is_too_large, "{attempt:?}");
            assert_ne!(verdict(&SendError::new(Timeout), &attempt), Verdict::TooLarge);
        }
    }

    #[test]
    fn waits_double_up_to_thirty_seconds_with_full_jitter() {
        let table =
            [(1, 1.0, 200), (2, 1.0, 400), (3, 0.5, 400), (1, 0.0, 10), (u32::MAX, 1.0, 30_000), (9, 9.0, 30_000)];
        for (failures, random, expected) in table {
            assert_eq!(backoff(failures, random), Duration::from_millis(expected), "{failures} {random}");
        }
        assert_eq!(backoff(1, f64::NAN), Duration::from_millis(100));
    }

    #[test]
    fn the_wait_that_a_response_asks_for_is_honoured_up_to_five_minutes() {
        let default = Some(1_000);
        let table = [
            (429, Some(2_000), Some(2_000)),
            (429, Some(60_000), Some(60_000)),
            (429, Some(86_400_000), Some(300_000)),
            (429, Some(1_800_000_003_000), Some(3_000)),
            (429, Some(1_900_000_000_000), Some(300_000)),
            (429, Some(1_700_000_000_000), default),
            (429, Some(0), default),
            (429, None, default),
            (503, Some(4_000), Some(4_000)),
            (503, Some(0), None),
        ];
        for (status, wait, expected) in table {
            let error = SendError { wait: wait.map(Duration::from_millis), ..SendError::new(Status(status)) };
            let asked = expected.map(Duration::from_millis);
            assert_eq!(verdict(&error, &FIRST), Verdict::Retry { asked }, "{status} {wait:?}");
        }
    }
}
