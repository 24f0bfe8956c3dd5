//! The store: spans, evaluations and requests in memory, bounded by the memory they take. The oldest traces go first.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use serde_json::Value;

use super::answer::Answer;
use super::decode::ReceivedSpan;
use super::delivery::{DecodedRequest, Rejected};
use super::evaluation_index::EvaluationIndex;
use super::received_request::ReceivedRequest;
use super::trace::Trace;
use llmobs_model::TraceId;

/// Spans, evaluations and requests as they came, and the responses that a test wants next.
#[derive(Debug, Default)]
pub(super) struct Store {
    spans: VecDeque<Arc<ReceivedSpan>>,
    span_bytes: usize,
    /// The JSON text of each: parsed, it would take ten times the memory.
    evaluations: VecDeque<Box<str>>,
    evaluation_bytes: usize,
    requests: VecDeque<Arc<ReceivedRequest>>,
    request_bytes: usize,
    forgotten: usize,
    rejected: Rejected,
    /// The number of spans that each trace had when it was last printed.
    printed: HashMap<TraceId, usize>,
    /// Responses that a test wants next.
    script: VecDeque<Answer>,
    /// The response to `/info` that a test wants.
    pub(super) info: Option<Answer>,
    /// The number of requests so far.
    pub(super) arrivals: u64,
}

impl Store {
    pub(super) fn add_request(&mut self, request: ReceivedRequest) {
        self.arrivals = self.arrivals.wrapping_add(1);
        self.request_bytes = self.request_bytes.saturating_add(request.retained_bytes());
        self.requests.push_back(Arc::new(request));
        while self.request_bytes > MAX_REQUEST_BYTES
            && let Some(oldest) = self.requests.pop_front()
        {
            self.request_bytes = self.request_bytes.saturating_sub(oldest.retained_bytes());
        }
    }

    pub(super) fn add(&mut self, delivery: DecodedRequest) {
        for span in delivery.spans {
            self.span_bytes = self.span_bytes.saturating_add(span.retained_bytes);
            self.spans.push_back(Arc::new(span));
        }
        self.forget(MAX_SPAN_BYTES);
        for evaluation in delivery.evaluations {
            self.add_evaluation(evaluation.to_string().into());
        }
        self.rejected.add(delivery.rejected);
    }

    fn add_evaluation(&mut self, json: Box<str>) {
        self.evaluation_bytes = self.evaluation_bytes.saturating_add(evaluation_bytes(&json));
        self.evaluations.push_back(json);
        while self.evaluation_bytes > MAX_EVALUATION_BYTES
            && let Some(oldest) = self.evaluations.pop_front()
        {
            self.evaluation_bytes = self.evaluation_bytes.saturating_sub(evaluation_bytes(&oldest));
            self.forgotten = self.forgotten.saturating_add(1);
        }
    }

    /// Counts a request whose body is not read.
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

    /// Returns the traces that have changed since they were printed and fit `good`, and marks them as printed.
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

    /// Returns all traces, in the order in which their first spans came.
    pub(super) fn traces(&self) -> Vec<Trace> {
        let evaluations = EvaluationIndex::read(&self.evaluations());
        let mut places = HashMap::new();
        let mut traces: Vec<Vec<Arc<ReceivedSpan>>> = Vec::new();
        for span in &self.spans {
            let place = *places.entry(&span.event.trace_id).or_insert(traces.len());
            match traces.get_mut(place) {
                Some(trace) => trace.push(Arc::clone(span)),
                None => traces.push(vec![Arc::clone(span)]),
            }
        }
        traces.into_iter().filter_map(|spans| Trace::new(spans, &evaluations)).collect()
    }

    pub(super) fn spans(&self) -> Vec<ReceivedSpan> {
        self.spans.iter().map(|span| ReceivedSpan::clone(span)).collect()
    }

    pub(super) fn evaluations(&self) -> Vec<Value> {
        self.evaluations.iter().filter_map(|json| serde_json::from_str(json).ok()).collect()
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

    /// Removes whole traces, oldest first, until a quarter of the bound is free: then not every request costs a walk. The
    /// newest trace only loses its oldest spans.
    fn forget(&mut self, max_bytes: usize) {
        if self.span_bytes <= max_bytes {
            return;
        }
        let enough = max_bytes.saturating_sub(max_bytes / 4);
        let newest = self.spans.back().map(|span| span.event.trace_id.clone());
        let mut sizes: HashMap<&TraceId, usize> = HashMap::new();
        for span in &self.spans {
            let size = sizes.entry(&span.event.trace_id).or_default();
            *size = size.saturating_add(span.retained_bytes);
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
            left = left.saturating_sub(oldest.retained_bytes);
        }
        self.span_bytes = left;
        self.forgotten = self.forgotten.saturating_add(before.saturating_sub(self.spans.len()));
    }
}

/// Memory that spans, evaluations and requests may take: 256 MiB in all.
const MAX_SPAN_BYTES: usize = 128 * MIB;
const MAX_EVALUATION_BYTES: usize = 32 * MIB;
const MAX_REQUEST_BYTES: usize = 96 * MIB;
const MIB: usize = 1024 * 1024;

/// Returns the memory that an evaluation takes.
fn evaluation_bytes(json: &str) -> usize {
    size_of::<Box<str>>().saturating_add(json.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Puts spans of these traces, each of the size 10, into a store that may hold `max_bytes`.
    fn kept(traces: &[&str], max_bytes: usize) -> (String, usize) {
        let mut store = Store::default();
        for (id, trace) in (1..).zip(traces) {
            let json = json!({"span_id": id, "trace_id": trace, "meta": {"span.kind": "task"}});
            let mut span = ReceivedSpan::new(&json).unwrap();
            span.retained_bytes = 10;
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
    fn evaluations_are_bounded_by_the_memory_that_they_take() {
        let mut store = Store::default();
        let evaluations = (0..40).map(|_| json!({"label": "l", "reasoning": "x".repeat(1 << 20)})).collect();
        store.add(DecodedRequest { evaluations, ..DecodedRequest::default() });
        assert_eq!((store.evaluation_count(), store.forgotten()), (31, 9));
    }

    #[test]
    fn headers_count_by_their_size() {
        let mut store = Store::default();
        for _ in 0..200 {
            let headers = vec![("x".to_owned(), "y".repeat(1 << 20))];
            store.add_request(ReceivedRequest::new("GET", "/".to_owned(), headers, Vec::new()));
        }
        assert_eq!(store.request_count(), 95);
    }

    #[test]
    fn requests_are_bounded_too() {
        let mut store = Store::default();
        let body = vec![0; 40 * MIB];
        for path in ["/1", "/2", "/3"] {
            store.add_request(ReceivedRequest::new("POST", path.to_owned(), Vec::new(), body.clone()));
        }
        let paths: Vec<_> = store.requests.iter().map(|request| request.path.as_str()).collect();
        assert_eq!((paths, store.arrivals), (vec!["/2", "/3"], 3));
    }
}
