//! Which span told of which answer of a model, for evaluations that name the answer and not the span.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::lineage::Trace;
use super::record::Evaluable;

/// See the file's card. The latest are remembered.
#[derive(Debug, Default)]
pub(crate) struct Responses(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    spans: HashMap<Arc<str>, Told>,
    /// The ids, the oldest first.
    order: VecDeque<Arc<str>>,
}

#[derive(Debug)]
struct Told {
    span: Evaluable,
    trace: Arc<Trace>,
}

impl Responses {
    const MOST: usize = 1024;
    /// A longer id is none that a provider gives.
    const LONGEST_ID: usize = 256;

    /// Remembers that this span told of the answer. With `only_first` another span keeps what it has told before.
    pub(super) fn remember(&self, id: &str, span: Evaluable, trace: &Arc<Trace>, only_first: bool) {
        if id.len() > Self::LONGEST_ID {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(told) = known.spans.get_mut(id) {
            if !only_first {
                *told = Told { span, trace: Arc::clone(trace) };
            }
            return;
        }
        if known.order.len() >= Self::MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.spans.remove(&oldest);
        }
        let id: Arc<str> = id.into();
        known.order.push_back(Arc::clone(&id));
        known.spans.insert(id, Told { span, trace: Arc::clone(trace) });
    }

    /// The span that told of the answer.
    pub(super) fn find(&self, id: &str) -> Option<Evaluable> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.spans.get(id).map(|told| (told.span.clone(), told.trace.is_off()));
        drop(known);
        found.map(|(span, is_off)| Evaluable { is_off, ..span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs_model::{CapturePolicy, SpanContext, SpanId, TraceId};

    #[test]
    fn the_latest_answers_are_remembered_and_no_more_than_so_many() {
        let responses = Responses::default();
        let trace = Arc::new(Trace::default());
        let told = |number: usize, only_first: bool| {
            let span_id = SpanId::new(u64::try_from(number).unwrap() + 1).unwrap();
            let context = SpanContext::new(TraceId::new(7), span_id);
            let span = Evaluable { context, ml_app: None, policy: CapturePolicy::All, is_off: false };
            responses.remember(&format!("r{}", number % 5_000), span, &trace, only_first);
        };
        let found = |id: &str| responses.find(id).map(|span| span.context.span_id.to_string());
        (0..5_000).for_each(|number| told(number, false));
        assert_eq!((found("r0"), found("r3975")), (None, None));
        assert_eq!((found("r3976"), found("r4999")), (Some("3977".into()), Some("5000".into())));
        told(9_999, true);
        assert_eq!(found("r4999"), Some("5000".into()), "the first one keeps it");
        told(9_999, false);
        assert_eq!(found("r4999"), Some("10000".into()), "a later one has it");
        assert_eq!(responses.0.lock().unwrap().order.len(), Responses::MOST);
        trace.turn_off();
        assert!(responses.find("r4999").is_some_and(|span| span.is_off));
    }
}
