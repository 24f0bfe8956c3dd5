//! The model calls that clients made inside the span.

use super::super::calls_inside::CallsInside;
use super::super::services::Services;
use super::SpanRecord;
use llmobs_model::SpanKind;

impl SpanRecord {
    /// Joins a call to the span. Returns the calls inside for the first one, and `None` for every later one, which is to be a
    /// span of its own below this one.
    #[cfg_attr(not(feature = "observe"), allow(dead_code, reason = "only observed clients join calls"))]
    pub(crate) fn join_call(&mut self, services: &Services) -> Option<CallsInside> {
        let Some(calls) = &self.calls else {
            return Some(self.calls.insert(CallsInside::default()).clone());
        };
        calls.begin_another();
        self.leave_call_to_gateway(services);
        None
    }

    /// Makes the span a workflow without token counts, because its model calls are reported elsewhere: by a gateway, or by
    /// spans below it.
    pub(crate) fn leave_call_to_gateway(&mut self, services: &Services) {
        self.content.head_mut().is_reported_elsewhere = true;
        self.set_kind(services, SpanKind::Workflow);
    }
}
