//! Failures of requests.

use std::fmt;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::http_date;
use crate::config::API_KEY;

/// A request that was not acknowledged, with what a retry needs to know. It holds neither URL nor body nor key.
#[derive(Debug)]
pub(crate) struct SendError {
    pub(crate) failure: Failure,
    /// The wait that the receiver asked for; from 10^9 seconds on it is a point in time, since 1970.
    pub(crate) wait: Option<Duration>,
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The status is not 2xx.
    Status(u16),
    /// The response is 2xx with a web page: a login form, not the intake.
    WebPage,
    /// No connection was made: name, network, TLS.
    Connect,
    /// The time was up. The request may have arrived.
    Timeout,
    /// The connection broke, or the response was not HTTP. The request may have arrived.
    Broken,
    /// No agent takes events, and there is no API key to send them without one.
    NoWay,
    /// A carrier of the application did not take it.
    Carrier(CarrierFailure),
}

/// The answer of a carrier of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CarrierFailure {
    Away,
    TooLarge,
    Invalid,
    Rejected,
}

impl SendError {
    /// Creates a failure without a cause.
    pub(crate) const fn new(failure: Failure) -> Self {
        Self { failure, wait: None, source: None }
    }

    /// Returns the innermost cause as text. Not every subscriber asks for the sources of an error.
    pub(crate) fn cause_text(&self) -> Option<String> {
        let first = std::error::Error::source(self);
        std::iter::successors(first, |error| error.source()).last().map(ToString::to_string)
    }

    /// Creates the failure of a response with this status.
    pub(super) fn status(status: u16, headers: &HeaderMap) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        // A reset of zero carries no information, and must not hide the other header.
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
        Self { source: Some(Box::new(error.without_url())), ..Self::new(failure) }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failure {
            Failure::Status(status @ (401 | 403)) => write!(f, "the API key was refused with status {status}"),
            Failure::Status(status @ 300..=399) => write!(f, "status {status}, a redirect, which is not followed"),
            Failure::Status(status) => write!(f, "status {status}"),
            Failure::WebPage => f.write_str("the response was a web page, so it is not from the intake"),
            Failure::Connect => f.write_str("no connection"),
            Failure::Timeout => f.write_str("no answer in time"),
            Failure::Broken => f.write_str("the connection broke, or the response was not HTTP"),
            Failure::NoWay => {
                write!(f, "no Datadog Agent takes the events, and {} is not set for sending without one", API_KEY.name)
            }
            Failure::Carrier(CarrierFailure::Away) => {
                f.write_str("the exporter of the application could not take them")
            }
            Failure::Carrier(CarrierFailure::TooLarge) => f.write_str("they are too large for the exporter"),
            Failure::Carrier(CarrierFailure::Invalid) => f.write_str("the exporter refused the content of an item"),
            Failure::Carrier(CarrierFailure::Rejected) => f.write_str("the exporter refused them"),
        }
    }
}

impl std::error::Error for SendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// Parses seconds, which may have a fraction but no sign.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.parse().ok()?).ok()
}

/// Datadog's header for the end of a rate limit: seconds, or a unix time.
const RESET: &str = "x-ratelimit-reset";
