//! Moves an open span below a span of another process, or into an APM trace.

use std::sync::Arc;

use super::super::parent_context::ParentContext;
use super::super::services::Services;
use super::SpanRecord;
use crate::stats::Problem;
use llmobs_model::{ApmContext, Sampling, SpanContext};

impl SpanRecord {
    /// Puts the span, and what starts below it, under a span of another process. Returns `false` and counts a problem when a
    /// span has started below it already: that one has inherited from the old parent.
    pub(crate) fn adopt(&mut self, services: &Services, mut parent: SpanContext) -> bool {
        let identity = &mut self.identity;
        let before = self.content.origin_mut();
        if identity.has_children {
            services.count(Problem::LateParent, before.name);
            return false;
        }
        // Decided once for all that starts below, and by an id that the caller does not choose: otherwise it could pick one
        // that is always sampled.
        if parent.has_untrusted_ids {
            let id = services.ids.trace_id(before.start_ns);
            parent.sampling = Some(Sampling::decide(services.sample_rate, &id));
        }
        let remote_parent = Box::new(parent.clone());
        let mut start = ParentContext::remote(parent).start(before.span_id);
        // A place that came from the old parent is not the span's own, and goes with it.
        start.apm = before.apm.clone().filter(|_| identity.is_correlated);
        let trace = Arc::clone(&start.trace);
        let mut origin = start.into_origin(services, (before.name, before.span_id, before.start_ns));
        if let Some(session_id) = before.session_id.take().filter(|_| identity.has_own_session) {
            trace.name_session(&session_id);
            origin.session_id = Some(session_id);
        }
        if identity.has_own_ml_app {
            origin.ml_app = before.ml_app.take();
        }
        origin.parent_defaults = before.parent_defaults.take();
        *before = origin;
        // Under another parent the span is still one of those that are not to be captured.
        if identity.trace.is_off() {
            trace.turn_off();
        }
        identity.trace = trace;
        identity.remote_parent = Some(remote_parent);
        true
    }

    /// Takes the span's place in the OpenTelemetry trace; with `only_first` a place that it has already stays.
    pub(crate) fn correlate(&mut self, apm: ApmContext, only_first: bool) {
        if only_first && self.identity.is_correlated {
            return;
        }
        self.identity.is_correlated = true;
        let own = &mut self.content.origin_mut().apm;
        if own.as_deref() != Some(&apm) {
            *own = Some(Arc::new(apm));
        }
    }
}
