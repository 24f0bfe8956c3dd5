//! Responses of the receiver, and those that a test wants instead.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Response, StatusCode};

/// A response of the receiver, for tests of clients.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use llmobs_receiver::{Answer, Receiver};
///
/// let receiver = Receiver::bind("127.0.0.1:0")?;
/// receiver.answer_next([
///     Answer::status(429).header("retry-after", "1"),
///     Answer::status(202).delay(Duration::from_secs(30)),
///     Answer::closed(),
/// ]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an answer does nothing until it is given to a receiver"]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    delay: Duration,
    closes: bool,
    stores: Option<bool>,
}

impl Answer {
    /// Answers with this status and the body `{}`. A status outside of 100 to 999 becomes 500.
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: "{}".to_owned(), delay: Duration::ZERO, closes: false, stores: None }
    }

    /// Closes the connection without an answer.
    pub fn closed() -> Self {
        Self { closes: true, ..Self::status(500) }
    }

    /// Adds a header; one that HTTP does not allow makes the answer a 500.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets the body; default `{}`.
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// Waits this long before the answer; default is not to wait. What is stored is stored before.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets whether the spans or evaluations of the request are kept all the same.
    ///
    /// Default is to keep them when the status is 2xx. An intake that keeps a batch whose answer then gets
    /// lost is `Answer::closed().stored(true)`.
    pub fn stored(mut self, stored: bool) -> Self {
        self.stores = Some(stored);
        self
    }

    /// Creates a refusal with a reason.
    pub(super) fn refusal(status: u16, reason: &str) -> Self {
        Self::status(status).body(serde_json::json!({ "errors": [reason] }).to_string())
    }

    pub(super) fn is_stored(&self) -> bool {
        self.stores.unwrap_or(!self.closes && (200..300).contains(&self.status))
    }

    pub(super) const fn is_closing(&self) -> bool {
        self.closes
    }

    pub(super) const fn waiting_time(&self) -> Duration {
        self.delay
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status).header("content-type", "application/json");
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(self.body)).unwrap_or_else(|_| {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }
}
