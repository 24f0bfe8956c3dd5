//! To and from other processes: what a span says of itself outside, and a parent that came from there.

use std::sync::Arc;

use tracing_core::Dispatch;
use tracing_core::span::Id;

use super::record::SpanRecord;
use super::state::Capture;
use crate::model::{Annotation, SpanContext, SpanKind};
use crate::stats::Problem;
use crate::vocabulary::PROXY_TAG;

impl Capture {
    /// Where the span with this id stands.
    pub(crate) fn context(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Option<SpanContext> {
        let mut context = None;
        self.with_records(dispatch, id, &mut |records| {
            context = records.of(self).and_then(|record| record.context());
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

    /// What a request that is made inside this span carries: the nearest span of ours, or else what came from outside.
    /// A task that calls out so is marked.
    pub(crate) fn outgoing(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Option<SpanContext> {
        let (mut context, mut task) = (None, None);
        self.upward(dispatch, id, &mut |(id, _), records| {
            let Some(record) = records.kept(self) else { return false };
            context = record.outgoing();
            task = (record.kind() == Some(SpanKind::Task) && context.is_some()).then_some(id);
            context.is_some()
        });
        if let Some(task) = task.filter(|_| self.mark_proxy_calls) {
            let (key, value) = PROXY_TAG;
            self.annotate(dispatch, &task, Annotation::new().tag(key, value));
        }
        Some(self.complete(context?))
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
            self.queue.problems.count(Problem::Header, "inject");
        }
    }

    fn complete(&self, mut context: SpanContext) -> SpanContext {
        context.ml_app.get_or_insert_with(|| Arc::clone(&self.ml_app));
        context
    }
}
