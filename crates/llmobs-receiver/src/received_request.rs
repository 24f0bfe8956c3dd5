//! Requests as they came.

use std::fmt;

use serde_json::Value;

/// A request as it came.
///
/// Its `Debug` shows neither keys nor bodies: headers that carry credentials are `[hidden]`, and the body is its length.
#[derive(Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// The method, for example `POST`.
    pub method: String,
    /// The path, with the query if there is one.
    pub path: String,
    /// The headers in their order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes as they came, packed if they were.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    pub(super) fn new(method: &str, path: String, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { method: method.to_owned(), path, headers, body }
    }

    /// Returns the first header of this name; upper and lower case are the same.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the body as a JSON value, unpacked if it was packed; `None` when it is not JSON or msgpack.
    pub fn json(&self) -> Option<Value> {
        super::body::read(&self.body).ok()
    }

    /// Returns the memory that the request takes.
    pub(super) fn retained_bytes(&self) -> usize {
        let headers = self.headers.iter().fold(0_usize, |sum, (name, value)| {
            sum.saturating_add(name.capacity()).saturating_add(value.capacity()).saturating_add(HEADER)
        });
        let texts = self.method.capacity().saturating_add(self.path.capacity()).saturating_add(headers);
        texts.saturating_add(self.body.capacity()).saturating_add(size_of::<Self>())
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), if is_secret(name) { "[hidden]" } else { value.as_str() }))
            .collect();
        let path = self.path.split('?').next().unwrap_or_default();
        f.debug_struct("ReceivedRequest")
            .field("method", &self.method)
            .field("path", &path)
            .field("headers", &shown)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Returns whether a header carries a credential.
fn is_secret(name: &str) -> bool {
    ["key", "auth", "token", "secret", "cookie", "signature"].iter().any(|word| name.contains(word))
}

/// A pair of strings and their allocations.
const HEADER: usize = 2 * (size_of::<String>() + 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_key_and_no_body() {
        let secret = |name: &str| (name.to_owned(), "canary".to_owned());
        let mut headers: Vec<_> = ["dd-api-key", "authorization", "cookie", "x-auth-token"].map(secret).into();
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
        let path = "/api/v2/llmobs?api_key=canary".to_owned();
        let shown = format!("{:?}", ReceivedRequest::new("POST", path, headers, b"canary".to_vec()));
        assert!(!shown.contains("canary") && shown.contains("application/json") && shown.contains("/api/v2/llmobs"));
    }
}
