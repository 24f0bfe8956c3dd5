//! A batch on its way to a carrier.

use bytes::Bytes;

/// The intake that a batch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExportRoute {
    /// Span events.
    Spans,
    /// Evaluations and feedback.
    Evaluations,
}

/// A batch: the JSON body of one request to the intake, and the route that it is for.
///
/// **Shape:** for spans an array of envelopes, `[{"_dd.stage":"raw",…,"spans":[{…}]},…]`; for evaluations one document,
/// `{"data":{"type":"evaluation_metric","attributes":{"metrics":[{…},…]}}}`. It never holds the API key.
#[derive(Clone)]
pub struct ExportRequest {
    route: ExportRoute,
    path: &'static str,
    subdomain: &'static str,
    body: Bytes,
    /// The start of the first item in the body.
    start: usize,
    /// The end of each item; items are separated by commas.
    ends: Vec<usize>,
}

impl ExportRequest {
    pub(crate) const fn new(route: ExportRoute, path: &'static str, subdomain: &'static str) -> Self {
        Self { route, path, subdomain, body: Bytes::new(), start: 0, ends: Vec::new() }
    }

    /// Sets the body, the start of its first item and the end of each.
    pub(crate) fn with_items(self, body: Bytes, start: usize, ends: Vec<usize>) -> Self {
        Self { body, start, ends, ..self }
    }

    /// Returns the intake that the batch is for.
    pub const fn route(&self) -> ExportRoute {
        self.route
    }

    /// Returns the path of the intake, to which the body is posted in the end.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Returns the first label of the intake's host, which an Agent wants in the header `x-datadog-evp-subdomain`.
    pub const fn subdomain(&self) -> &'static str {
        self.subdomain
    }

    /// Returns the JSON of the whole batch: the body of a request, with the content type `application/json`.
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Returns the number of spans, evaluations or feedback.
    pub fn items(&self) -> usize {
        self.ends.len()
    }

    /// Returns each item in an envelope of its own, as JSON without line breaks, for carriers of single messages or lines.
    ///
    /// The envelope of a span is one element of the array that [`body`](Self::body) is; the envelope of an evaluation is a
    /// whole document with one evaluation. Either can be posted to the intake, a span between brackets.
    pub fn envelopes(&self) -> impl Iterator<Item = Vec<u8>> + '_ {
        let (prefix, suffix) = match self.route {
            ExportRoute::Spans => (&[][..], &[][..]),
            ExportRoute::Evaluations => {
                let last = self.ends.last().copied().unwrap_or_default();
                (self.body.get(..self.start).unwrap_or_default(), self.body.get(last..).unwrap_or_default())
            }
        };
        let starts = std::iter::once(self.start).chain(self.ends.iter().map(|end| end.saturating_add(1)));
        let items = starts.zip(&self.ends).filter_map(|(start, end)| self.body.get(start..*end));
        items.map(move |item| [prefix, item, suffix].concat())
    }
}

/// Shows sizes, and no content.
impl std::fmt::Debug for ExportRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (items, bytes) = (self.items(), self.body.len());
        f.debug_struct("ExportRequest")
            .field("route", &self.route)
            .field("items", &items)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn envelopes_are_elements_for_spans_and_documents_for_evaluations() {
        let request = ExportRequest::new(ExportRoute::Spans, "/", "s");
        let spans = request.with_items(Bytes::from_static(b"[{1},{22}]"), 1, vec![4, 9]);
        assert_eq!(spans.envelopes().collect::<Vec<_>>(), [b"{1}".to_vec(), b"{22}".to_vec()]);
        let request = ExportRequest::new(ExportRoute::Evaluations, "/", "s");
        let evaluations = request.with_items(Bytes::from_static(b"{[{1},{22}]}"), 2, vec![5, 10]);
        assert_eq!(evaluations.envelopes().collect::<Vec<_>>(), [b"{[{1}]}".to_vec(), b"{[{22}]}".to_vec()]);
        assert!(!format!("{spans:?}").contains("22"), "content is not shown");
    }
}
