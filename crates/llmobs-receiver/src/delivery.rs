//! Deliveries: the spans and evaluations of a request, and the reasons why others were refused.

use serde_json::Value;

use super::body::{self, BodyError};
use super::decode::{self, DecodeError, Found, ReceivedSpan};
use super::endpoint::Endpoint;

/// The items of a request, and the reasons why others were refused.
///
/// # Example
///
/// ```
/// use llmobs_receiver::DecodedRequest;
///
/// let body = br#"[{"spans":[{"span_id":"1","trace_id":"9","meta":{"span":{"kind":"task"}}}]}]"#;
/// let request = DecodedRequest::decode("POST", "/api/v2/llmobs", body).expect("a path of spans")?;
/// assert_eq!((request.spans.len(), request.rejected.len()), (1, 0));
/// # Ok::<(), llmobs_receiver::BodyError>(())
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct DecodedRequest {
    /// The spans.
    pub spans: Vec<ReceivedSpan>,
    /// The evaluations and feedback, as they were sent.
    pub evaluations: Vec<Value>,
    /// The reasons for items that were refused, for example `/api/v2/llmobs: [0].spans[2].span_id is missing`.
    pub rejected: Vec<String>,
}

impl DecodedRequest {
    /// Decodes a request as a [`Receiver`](crate::Receiver) does, without one; `None` for paths that bring neither spans nor
    /// evaluations. The body may be packed.
    ///
    /// # Errors
    ///
    /// The body is not JSON or msgpack, or it is too large.
    pub fn decode(method: &str, path: &str, body: &[u8]) -> Option<Result<Self, BodyError>> {
        Self::read(Endpoint::of(method, path, true), path, body)
    }

    /// Decodes the body of a request; `None` for requests that have nothing to keep.
    pub(super) fn read(endpoint: Endpoint, path: &str, bytes: &[u8]) -> Option<Result<Self, BodyError>> {
        let take: fn(Value, &str) -> Self = match endpoint {
            Endpoint::Spans => |body, path| Self::of_spans(decode::spans(body), path),
            Endpoint::Traces => |body, path| Self::of_spans(decode::traces(body), path),
            Endpoint::Evaluations => |body, path| {
                let Found { items, rejected } = decode::evaluations(body);
                Self { evaluations: items, rejected: reasons(&rejected, path), ..Self::default() }
            },
            Endpoint::PlainTraces
            | Endpoint::Info
            | Endpoint::WrongMethod
            | Endpoint::NoSubdomain
            | Endpoint::Unknown
            | Endpoint::Other => return None,
        };
        Some(body::read(bytes).map(|body| take(body, path)))
    }

    fn of_spans(found: Found<ReceivedSpan>, path: &str) -> Self {
        Self { spans: found.items, rejected: reasons(&found.rejected, path), ..Self::default() }
    }
}

fn reasons(errors: &[DecodeError], path: &str) -> Vec<String> {
    errors.iter().map(|error| format!("{path}: {error}")).collect()
}

/// Items that the receiver refused although it accepted their request.
///
/// # Example
///
/// ```
/// use llmobs_receiver::Receiver;
///
/// let receiver = Receiver::bind("127.0.0.1:0")?;
/// let rejected = receiver.rejected();
/// assert_eq!(rejected.items, 0, "{:?}", rejected.reasons);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// The number of spans, evaluations and envelopes that were malformed. Other items of their requests were kept.
    pub items: u64,
    /// The number of requests with APM traces in a format that has no room for span events (v0.5), which are not read.
    pub unread: u64,
    /// The reasons for the latest 100 items, the oldest first, for example
    /// `/api/v2/llmobs: [0].spans[2].span_id is missing`.
    pub reasons: Vec<String>,
}

impl Rejected {
    pub(super) fn add(&mut self, reasons: Vec<String>) {
        self.items = self.items.saturating_add(u64::try_from(reasons.len()).unwrap_or(u64::MAX));
        self.reasons.extend(reasons);
        let excess = self.reasons.len().saturating_sub(MAX_REASONS);
        self.reasons.drain(..excess);
    }
}

const MAX_REASONS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_bounded_and_their_count_is_not() {
        let mut rejected = Rejected::default();
        rejected.add((0..150).map(|number| number.to_string()).collect());
        assert_eq!((rejected.items, rejected.reasons.len()), (150, 100));
        assert_eq!(rejected.reasons.first().map(String::as_str), Some("50"));
    }
}
