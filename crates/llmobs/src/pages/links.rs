//! Addresses of pages. Every view is a link, so all state is in them.

use crate::store::filter::Filter;
use crate::store::query::Sort;

/// Percent-encodes a text for a path or a query.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            let digits = [byte >> 4, byte & 15].map(|half| char::from_digit(u32::from(half), 16));
            encoded.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
        }
    }
    encoded
}

/// The state of the list: search, times as they were written, order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ListState {
    pub(crate) filter: Filter,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) sort: Sort,
}

impl ListState {
    /// Returns the link to the list in this state.
    pub(crate) fn link(&self) -> String {
        self.link_of("/traces")
    }

    pub(crate) fn link_of(&self, page: &str) -> String {
        let query = self.query();
        if query.is_empty() { page.to_owned() } else { format!("{page}?{query}") }
    }

    /// Returns the state as a query string; empty for the initial one.
    pub(crate) fn query(&self) -> String {
        let sort = if self.sort == Sort::Start { "" } else { self.sort.as_str() };
        let search = self.filter.text();
        let parts = [("q", search.as_str()), ("from", &self.from), ("to", &self.to), ("sort", sort)];
        let parts = parts.iter().filter(|(_, value)| !value.is_empty());
        parts.map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
    }

    pub(crate) fn with_filter(&self, filter: Filter) -> Self {
        Self { filter: Filter { from_ns: None, to_ns: None, ..filter }, ..self.clone() }
    }
}

/// Returns the link to a trace; `within` is the query of the list that it was opened from.
pub(crate) fn trace(trace: &str, within: &str) -> String {
    let mut link = format!("/traces/{}", encode(trace));
    if !within.is_empty() {
        link.push_str("?in=");
        link.push_str(&encode(within));
    }
    link
}

/// Returns the link to a span of a trace.
pub(crate) fn span(trace: &str, span: &str) -> String {
    format!("/traces/{}?span={}", encode(trace), encode(span))
}

/// Returns the link to a session.
pub(crate) fn session(session: &str) -> String {
    format!("/sessions/{}", encode(session))
}
