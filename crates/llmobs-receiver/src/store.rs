//! What came in, kept in memory and bounded: the oldest traces go first.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::answer::Answer;
use super::decode::ReceivedSpan;
use super::delivery::{Delivery, Rejected};
use super::trace::Trace;
use super::verdicts::Verdicts;
use llmobs_model::TraceId;

/// A request as it came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReceivedRequest {
    /// For example `POST`.
    pub method: String,
    /// The path, with the query if there is one.
    pub path: String,
    /// The headers in their order; names in lower case.
    pub headers: Vec<(String, String)>,
    /// The bytes as they came, packed if they were.
    pub body: Vec<u8>,
}

impl ReceivedRequest {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body as a JSON value, unpacked if it was packed; `None` when it is none.
    pub fn json(&self) -> Option<Value> {
        super::body::read(&self.body).ok()
    }
}

/// Everything that is kept.
#[derive(Debug, Default)]
pub(super) struct Store {
    spans: VecDeque<Arc<ReceivedSpan>>,
    span_bytes: usize,
    evaluations: VecDeque<Value>,
    requests: VecDeque<Arc<ReceivedRequest>>,
    request_bytes: usize,
    forgotten: usize,
    rejected: Rejected,
    /// How many spans each trace had when it was last printed.
    printed: HashMap<TraceId, usize>,
    /// What tests want answered next.
    script: VecDeque<Answer>,
    /// What a test wants answered to `/info`.
    pub(super) info: Option<Answer>,
    /// Grows with every request.
    pub(super) arrivals: u64,
}

impl Store {
    pub(super) fn add_request(&mut self, request: ReceivedRequest) {
        self.arrivals = self.arrivals.wrapping_add(1);
        self.request_bytes = self.request_bytes.saturating_add(request.body.len()).saturating_add(REQUEST_BYTES);
        self.requests.push_back(Arc::new(request));
        while self.request_bytes > MAX_REQUEST_BYTES
            && let Some(oldest) = self.requests.pop_front()
        {
            self.request_bytes = self.request_bytes.saturating_sub(oldest.body.len()).saturating_sub(REQUEST_BYTES);
        }
    }

    pub(super) fn add(&mut self, delivery: Delivery) {
        for span in delivery.spans {
            self.span_bytes = self.span_bytes.saturating_add(span.bytes);
            self.spans.push_back(Arc::new(span));
        }
        self.forget(MAX_SPAN_BYTES);
        self.evaluations.extend(delivery.evaluations);
        let excess = self.evaluations.len().saturating_sub(MAX_EVALUATIONS);
        self.evaluations.drain(..excess);
        self.forgotten = self.forgotten.saturating_add(excess);
        self.rejected.add(delivery.rejected);
    }

    /// Counts a request that nobody looks into.
    pub(super) const fn count_unread(&mut self) {
        self.rejected.unread = self.rejected.unread.saturating_add(1);
    }

    pub(super) fn script(&mut self, answers: impl IntoIterator<Item = Answer>) {
        self.script.extend(answers);
    }

    pub(super) fn next_answer(&mut self) -> Option<Answer> {
        self.script.pop_front()
    }

    pub(super) fn clear(&mut self) {
        let kept = Self { arrivals: self.arrivals, ..Self::default() };
        let old = std::mem::replace(self, kept);
        (self.script, self.info) = (old.script, old.info);
    }

    /// The traces that were not printed as they are now, and are good enough to print.
    pub(super) fn unprinted(&mut self, good: impl Fn(&Trace) -> bool) -> Vec<Trace> {
        let traces = self.traces().into_iter().filter(|trace| {
            self.printed.get(trace.trace_id()).is_none_or(|count| *count < trace.spans().len()) && good(trace)
        });
        let traces: Vec<_> = traces.collect();
        for trace in &traces {
            self.printed.insert(trace.trace_id().clone(), trace.spans().len());
        }
        traces
    }

    /// All traces, the one that began to come first first.
    pub(super) fn traces(&self) -> Vec<Trace> {
        let verdicts = Verdicts::read(&self.evaluations);
        let mut places = HashMap::new();
        let mut traces: Vec<Vec<Arc<ReceivedSpan>>> = Vec::new();
        for span in &self.spans {
            let place = *places.entry(&span.event.trace_id).or_insert(traces.len());
            match traces.get_mut(place) {
                Some(trace) => trace.push(Arc::clone(span)),
                None => traces.push(vec![Arc::clone(span)]),
            }
        }
        traces.into_iter().filter_map(|spans| Trace::new(spans, &verdicts)).collect()
    }

    pub(super) fn spans(&self) -> Vec<ReceivedSpan> {
        self.spans.iter().map(|span| ReceivedSpan::clone(span)).collect()
    }

    pub(super) fn evaluations(&self) -> Vec<Value> {
        self.evaluations.iter().cloned().collect()
    }

    pub(super) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.iter().map(|request| ReceivedRequest::clone(request)).collect()
    }

    pub(super) fn span_count(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn evaluation_count(&self) -> usize {
        self.evaluations.len()
    }

    pub(super) fn request_count(&self) -> usize {
        self.requests.len()
    }

    pub(super) const fn forgotten(&self) -> usize {
        self.forgotten
    }

    pub(super) fn rejected(&self) -> Rejected {
        self.rejected.clone()
    }

    /// Takes whole traces out, oldest first, until what is left is below the bound by a quarter, so that not
    /// every request costs a walk; the newest trace only gives its oldest spans.
    fn forget(&mut self, max_bytes: usize) {
        if self.span_bytes <= max_bytes {
            return;
        }
        let enough = max_bytes.saturating_sub(max_bytes / 4);
        let newest = self.spans.back().map(|span| span.event.trace_id.clone());
        let mut sizes: HashMap<&TraceId, usize> = HashMap::new();
        for span in &self.spans {
            let size = sizes.entry(&span.event.trace_id).or_default();
            *size = size.saturating_add(span.bytes);
        }
        let mut left = self.span_bytes;
        let mut doomed = HashSet::new();
        for span in self.spans.iter().filter(|span| Some(&span.event.trace_id) != newest.as_ref()) {
            if left <= enough {
                break;
            }
            if let Some(size) = sizes.remove(&span.event.trace_id) {
                left = left.saturating_sub(size);
                doomed.insert(span.event.trace_id.clone());
            }
        }
        let before = self.spans.len();
        self.spans.retain(|span| !doomed.contains(&span.event.trace_id));
        self.printed.retain(|trace_id, _| !doomed.contains(trace_id));
        while left > enough
            && let Some(oldest) = self.spans.pop_front()
        {
            left = left.saturating_sub(oldest.bytes);
        }
        self.span_bytes = left;
        self.forgotten = self.forgotten.saturating_add(before.saturating_sub(self.spans.len()));
    }
}

/// What the spans may take in memory, by the estimate of their JSON; their events take about as much again.
const MAX_SPAN_BYTES: usize = 256 * 1024 * 1024;
const MAX_REQUEST_BYTES: usize = 128 * 1024 * 1024;
const MAX_EVALUATIONS: usize = 100_000;

/// What a request takes beside its body, about.
const REQUEST_BYTES: usize = 1024;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Spans of these traces, each of the size 10, in a store that may hold this much.
    fn kept(traces: &[&str], max_bytes: usize) -> (String, usize) {
        let mut store = Store::default();
        for (id, trace) in (1..).zip(traces) {
            let json = json!({"span_id": id, "trace_id": trace, "meta": {"span.kind": "task"}});
            let mut span = ReceivedSpan::new(json).unwrap();
            span.bytes = 10;
            store.span_bytes += 10;
            store.spans.push_back(Arc::new(span));
            store.forget(max_bytes);
        }
        assert_eq!(store.span_bytes, store.span_count() * 10);
        let ids: Vec<_> = store.spans.iter().map(|span| span.event.span_id.to_string()).collect();
        (ids.join(" "), store.forgotten())
    }

    #[test]
    fn the_oldest_traces_go_first_and_whole() {
        for (traces, max_bytes, left, forgotten) in [
            (&["a", "b", "c"][..], 30, "1 2 3", 0),
            (&["a", "b", "a", "b", "c"], 40, "2 4 5", 2),
            (&["a", "b", "c", "d", "e"], 40, "3 4 5", 2),
            (&["a", "a", "a", "a", "a"], 40, "3 4 5", 2),
            (&["b", "a", "a", "a", "a"], 40, "3 4 5", 2),
            (&["a", "b"], 5, "", 2),
        ] {
            assert_eq!(kept(traces, max_bytes), (left.to_owned(), forgotten), "{traces:?}");
        }
    }

    #[test]
    fn requests_are_bounded_too() {
        let mut store = Store::default();
        let body = vec![0; 50 * 1024 * 1024];
        for path in ["/1", "/2", "/3"] {
            let (method, headers) = ("POST".to_owned(), Vec::new());
            store.add_request(ReceivedRequest { method, path: path.to_owned(), headers, body: body.clone() });
        }
        let paths: Vec<_> = store.requests.iter().map(|request| request.path.as_str()).collect();
        assert_eq!((paths, store.arrivals), (vec!["/2", "/3"], 3));
    }
}
