//! Why a payload was not acknowledged.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::http_date;
use crate::config::API_KEY;

/// Why a payload was not acknowledged, with what a retry needs to know. It has neither URL nor body nor key.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) failure: Failure,
    /// What the receiver asked us to wait; from 10^9 seconds on it is a point in time, since 1970.
    pub(crate) wait: Option<Duration>,
    pub(crate) source: Option<reqwest::Error>,
}

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It answered with a status other than 2xx.
    Status(u16),
    /// It answered 2xx with a web page: somebody's login, not the intake.
    WebPage,
    /// No connection was made: name, network, TLS.
    Connect,
    /// The time was up; the payload may or may not have arrived.
    Timeout,
    /// The connection broke, or what came was no HTTP; the payload may or may not have arrived.
    Broken,
    /// There is no agent that takes events, and no API key to send them straight.
    NoWay,
}

impl SendError {
    /// A failure that needs no cause.
    pub(crate) const fn new(failure: Failure) -> Self {
        Self { failure, wait: None, source: None }
    }

    /// An answer with this status.
    pub(super) fn status(status: u16, headers: &HeaderMap) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        // A reset of zero says nothing, and must not hide what else is said.
        let wait = header(RESET).and_then(seconds).filter(|wait| !wait.is_zero()).or_else(|| {
            let text = header(RETRY_AFTER.as_str())?;
            seconds(text).or_else(|| http_date::unix_time(text))
        });
        Self { wait, ..Self::new(Failure::Status(status)) }
    }
}

impl From<reqwest::Error> for SendError {
    fn from(error: reqwest::Error) -> Self {
        let failure = match () {
            () if error.is_connect() => Failure::Connect,
            () if error.is_timeout() => Failure::Timeout,
            () => Failure::Broken,
        };
        Self { source: Some(error.without_url()), ..Self::new(failure) }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failure {
            Failure::Status(status @ (401 | 403)) => {
                write!(f, "the API key was refused with status {status}; does it belong to the site?")
            }
            Failure::Status(status @ 300..=399) => write!(f, "status {status}, a redirect, which is not followed"),
            Failure::Status(status) => write!(f, "status {status}"),
            Failure::WebPage => f.write_str("the answer was a web page, so it is not from the intake"),
            Failure::Connect => f.write_str("no connection"),
            Failure::Timeout => f.write_str("no answer in time"),
            Failure::Broken => f.write_str("the connection broke, or the answer was no HTTP"),
            Failure::NoWay => {
                write!(f, "no Datadog Agent takes the events, and {} is not set for sending without one", API_KEY.name)
            }
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref()?)
    }
}

/// Seconds, which may have a fraction but no sign.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// Datadog's own word for when a rate limit ends: seconds, or a unix time.
const RESET: &str = "x-ratelimit-reset";
