//! Index from the ids of model responses to spans, for evaluations that name a response instead of a span.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use super::evaluable::EvaluableSpan;
use super::trace::TraceState;
use crate::fork::OwnProcess;

/// The spans of the latest responses.
#[derive(Debug, Default)]
pub(crate) struct ResponseIndex(Mutex<Responses>, OwnProcess);

#[derive(Debug, Default)]
struct Responses {
    spans: HashMap<Arc<str>, ReportedResponse>,
    /// The ids, oldest first.
    order: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct ReportedResponse {
    span: EvaluableSpan,
    trace: Arc<TraceState>,
}

impl ResponseIndex {
    const MAX_RESPONSES: usize = 1024;
    /// No provider gives longer ids.
    const MAX_ID_BYTES: usize = 256;

    /// Notes that `span` reported the response. With `only_first` a span that reported it before keeps it.
    pub(super) fn insert(&self, id: &str, span: EvaluableSpan, trace: &Arc<TraceState>, only_first: bool) {
        if id.len() > Self::MAX_ID_BYTES {
            return;
        }
        let Some(mut responses) = self.1.lock(&self.0) else { return };
        if let Some(reported) = responses.spans.get_mut(id) {
            if !only_first {
                *reported = ReportedResponse { span, trace: Arc::clone(trace) };
            }
            return;
        }
        if responses.order.len() >= Self::MAX_RESPONSES
            && let Some(oldest) = responses.order.pop_front()
        {
            responses.spans.remove(&oldest);
        }
        let id: Arc<str> = id.into();
        responses.order.push_back(Arc::clone(&id));
        responses.spans.insert(id, ReportedResponse { span, trace: Arc::clone(trace) });
    }

    /// Returns the span that reported the response.
    pub(super) fn find(&self, id: &str) -> Option<EvaluableSpan> {
        let responses = self.1.lock(&self.0)?;
        let found = responses.spans.get(id).map(|reported| (reported.span.clone(), reported.trace.is_off()));
        drop(responses);
        // The trace may have been turned off since.
        found.map(|(span, is_off)| EvaluableSpan { is_off, ..span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs_model::{CapturePolicy, SpanContext, SpanId, TraceId};

    #[test]
    fn the_latest_responses_are_kept_up_to_the_bound() {
        let index = ResponseIndex::default();
        let trace = Arc::new(TraceState::default());
        let report = |number: usize, only_first: bool| {
            let span_id = SpanId::new(u64::try_from(number).unwrap() + 1).unwrap();
            let context = SpanContext::new(TraceId::new(7), span_id);
            let span = EvaluableSpan { context, ml_app: None, policy: CapturePolicy::All, is_off: false };
            index.insert(&format!("r{}", number % 5_000), span, &trace, only_first);
        };
        let found = |id: &str| index.find(id).map(|span| span.context.span_id.to_string());
        (0..5_000).for_each(|number| report(number, false));
        assert_eq!((found("r0"), found("r3975")), (None, None));
        assert_eq!((found("r3976"), found("r4999")), (Some("3977".into()), Some("5000".into())));
        report(9_999, true);
        assert_eq!(found("r4999"), Some("5000".into()), "the first one keeps it");
        report(9_999, false);
        assert_eq!(found("r4999"), Some("10000".into()), "a later one has it");
        assert_eq!(index.0.lock().unwrap().order.len(), ResponseIndex::MAX_RESPONSES);
        trace.turn_off();
        assert!(index.find("r4999").is_some_and(|span| span.is_off));
    }
}
