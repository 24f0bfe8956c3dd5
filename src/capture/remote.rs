//! To and from other processes: what a span says of itself outside, and a parent that came from there.

use std::sync::Arc;

use tracing_core::Dispatch;
use tracing_core::span::Id;

use super::lineage::Lineage;
use super::otel;
use super::record::SpanRecord;
use super::state::Capture;
use crate::fields::PROXY_TAG;
use crate::recording::{Gateways, RecordedAnnotation};
use crate::stats::Problem;
use llmobs_model::{Annotation, ApmContext, SpanContext, SpanKind};

/// What capture is told about requests that go out.
#[derive(Debug)]
pub(crate) struct Outbound {
    /// Whether a task that calls out is marked.
    pub(crate) mark_tasks: bool,
    /// Gateways that report model calls.
    pub(crate) proxy_urls: Gateways,
}

impl Outbound {
    pub(super) fn is_proxy(&self, url: &str) -> bool {
        self.proxy_urls.contain(url)
    }
}

impl Capture {
    /// Where the span with this id stands.
    pub(crate) fn context(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Option<SpanContext> {
        let mut context = None;
        let mut apm = otel::place(dispatch, id);
        self.with_records(dispatch, id, &mut |records| {
            context = records.of(self).and_then(|record| {
                apm.take().into_iter().for_each(|apm| record.correlate(apm));
                record.context()
            });
        });
        Some(self.complete(context?))
    }

    /// Where the nearest span of ours stands: this one, or one around it.
    pub(crate) fn nearest_context(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Option<SpanContext> {
        let mut context = None;
        self.upward(dispatch, id, &mut |_, records| {
            context = records.kept(self).and_then(SpanRecord::context);
            context.is_some()
        });
        Some(self.complete(context?))
    }

    /// Says something about the nearest span of ours, and whether there is one.
    pub(crate) fn annotate_nearest(
        self: &Arc<Self>,
        dispatch: &Dispatch,
        id: &Id,
        annotation: RecordedAnnotation,
    ) -> bool {
        let mut nearest = None;
        self.upward(dispatch, id, &mut |(id, _), records| {
            nearest = records.kept(self).and_then(SpanRecord::context).map(|_| id);
            nearest.is_some()
        });
        nearest.is_some_and(|id| self.annotate(dispatch, &id, annotation))
    }

    /// What a request that is made inside this span carries: the nearest span of ours, or else what came from outside.
    /// A task that calls out so is marked, and an llm span that calls a gateway which reports the call itself is a
    /// workflow from then on.
    pub(crate) fn outgoing(self: &Arc<Self>, dispatch: &Dispatch, id: &Id, url: Option<&str>) -> Option<SpanContext> {
        let (mut context, mut caller, mut session_id) = (None, None, None);
        self.upward(dispatch, id, &mut |(id, _), records| {
            let Some(record) = records.kept(self) else { return false };
            context = record.outgoing();
            if context.is_none() {
                session_id = session_id.take().or_else(|| record.session_borne());
            }
            caller = record.kind().map(|kind| (kind, id));
            context.is_some()
        });
        let mut context = self.complete(context?);
        // What starts below here in this process has that one, too.
        context.session_id = session_id.or(context.session_id);
        // The very span that calls, be it ours or not, is the parent in the APM trace.
        if let Some(apm) = otel::place(dispatch, id) {
            context.apm = Some(Arc::new(apm));
        }
        match caller {
            Some((SpanKind::Task, id)) if self.outbound.mark_tasks => {
                let (key, value) = PROXY_TAG;
                self.annotate(dispatch, &id, Annotation::new().tag(key, value).into());
            }
            Some((SpanKind::Llm, id)) if url.is_some_and(|url| self.outbound.is_proxy(url)) => {
                self.with_records(dispatch, &id, &mut |records| {
                    let _ = records.of(self).map(SpanRecord::leave_call_to_gateway);
                });
            }
            Some(_) | None => {}
        }
        Some(context)
    }

    /// Puts the span with this id under one of another process, and says whether that was possible.
    pub(crate) fn adopt(self: &Arc<Self>, dispatch: &Dispatch, id: &Id, parent: &SpanContext) -> bool {
        let (mut found, mut adopted) = (false, true);
        let reached = self.with_records(dispatch, id, &mut |records| {
            for record in records.iter_mut() {
                found = true;
                adopted &= record.adopt(parent.clone());
            }
        });
        if reached && !found {
            return self.promote(dispatch, id, |record| record.adopt(parent.clone()));
        }
        found && adopted
    }

    /// Counts entries that did not fit into a header.
    pub(crate) fn count_left_out(&self, entries: usize) {
        for _ in 0..entries {
            self.queue.problems.count(Problem::Header, "a request");
        }
    }

    fn complete(&self, mut context: SpanContext) -> SpanContext {
        context.ml_app.get_or_insert_with(|| Arc::clone(&self.ml_app));
        context
    }
}

impl SpanRecord {
    /// Puts the span, and with it what starts below, under a span of another process.
    ///
    /// It comes too late when something has started below already: `false`, and a problem is counted.
    pub(crate) fn adopt(&mut self, parent: SpanContext) -> bool {
        let Some(mut recording) = self.recording.take() else { return false };
        let was = &recording.head.origin;
        if *self.has_children.get_mut() {
            self.capture.queue.problems.count(Problem::LateParent, was.name);
            self.recording = Some(recording);
            return false;
        }
        let remote = Box::new(parent.clone());
        let (mut inherited, trace, _) = Lineage::of_remote(parent).split(was.span_id);
        inherited.apm = was.apm.clone().filter(|_| self.is_correlated);
        let place = (was.name, was.span_id, was.start_ns);
        let mut origin = self.capture.place(place, inherited);
        if let Some(session_id) = was.session_id.clone().filter(|_| self.own_session) {
            trace.name_session(&session_id);
            origin.session_id = Some(session_id);
        }
        if self.own_ml_app {
            origin.ml_app.clone_from(&was.ml_app);
        }
        origin.passed.clone_from(&was.passed);
        recording.head.origin = origin;
        self.recording = Some(recording);
        if self.trace.is_off() {
            trace.turn_off();
        }
        self.trace = trace;
        self.remote = Some(remote);
        true
    }

    /// Takes over where the span stands in the trace of OpenTelemetry.
    pub(super) fn correlate(&mut self, apm: ApmContext) {
        let Some(recording) = self.recording.as_mut() else { return };
        self.is_correlated = true;
        if recording.head.origin.apm.as_deref() != Some(&apm) {
            recording.head.origin.apm = Some(Arc::new(apm));
        }
    }

    /// What the span passes on: itself when it is ours, else the parent that it was given.
    pub(crate) fn outgoing(&self) -> Option<SpanContext> {
        let mut context = match self.standing() {
            Some(_) => self.context(),
            None => self.remote_context(),
        }?;
        context.session_id = context.session_id.or_else(|| self.trace.session());
        Some(context)
    }

    /// The gateway reports the call of the model, so that this span does not.
    pub(crate) fn leave_call_to_gateway(&mut self) {
        if let Some(recording) = self.recording.as_mut() {
            recording.head.is_reported_elsewhere = true;
            self.say_kind(SpanKind::Workflow);
        }
    }

    pub(crate) fn kind(&self) -> Option<SpanKind> {
        self.kind
    }
}
