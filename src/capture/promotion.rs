//! Spans that the filter hides and that an annotation with a kind, or a remote parent, makes spans of the layer.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use tracing_core::Dispatch;
use tracing_core::span::Id;

use super::ancestors::{CloseNotice, CloseSpan, RegistryAccess};
use super::capture::Capture;
use super::context_stack;
use super::extensions_probe::are_extensions_free;
use super::record::SpanRecord;
use super::span_table::TableEntry;
use crate::stats::LossReason;

impl Capture {
    /// Gives a record to a span that the filter hides, and returns what `change` does to it.
    pub(super) fn promote<T>(
        self: &Arc<Self>,
        dispatch: &Dispatch,
        id: &Id,
        change: impl FnOnce(&mut SpanRecord) -> T,
    ) -> Option<T> {
        let registry = self.subscriber.registry()?;
        let site = registry.site(dispatch, id)?;
        self.subscriber.learn(dispatch);
        // Before the record is there: a span that begins below it at that moment must not pass it over.
        self.subscriber.look_behind_filter();
        let parent = self.parent_context(&mut self.subscriber.all_ancestors(dispatch, id)).0;
        let Some(mut record) = self.begin(site.metadata.name(), parent, None) else {
            self.services.queue.refuse(LossReason::OpenSpans);
            return None;
        };
        context_stack::for_each(|annotation, traces| record.annotate_from_context(&self.services, annotation, traces));
        // Another thread may have been faster; then this record, which has no kind, ends unsent.
        let (changed, surplus) = self.spans.with_or_insert(id, Box::new(record), change);
        match surplus {
            Some(surplus) => self.end(TableEntry::Open(surplus)),
            None => self.watch(registry, dispatch, id),
        }
        changed
    }

    /// Makes sure that a promoted span ends when it closes: `on_close` is not called for spans that the filter hides.
    fn watch(self: &Arc<Self>, registry: &RegistryAccess, dispatch: &Dispatch, id: &Id) {
        let spans: Arc<dyn CloseSpan> = Arc::<Self>::clone(self);
        if are_extensions_free(dispatch, id) && registry.attach(dispatch, id, CloseNotice { spans, id: id.clone() }) {
            return;
        }
        self.unwatched.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        self.unwatched_count.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends promoted spans that have closed and whose extensions could hold no notice.
    #[inline]
    pub(crate) fn sweep_unwatched(&self) {
        if self.unwatched_count.load(Ordering::Relaxed) > 0 {
            self.sweep();
        }
    }

    #[cold]
    fn sweep(&self) {
        let Some(registry) = self.subscriber.registry() else { return };
        let dispatch = self.subscriber.dispatch();
        // Without a subscriber none of them is open.
        let is_open = |id: &Id| dispatch.as_ref().is_some_and(|dispatch| registry.site(dispatch, id).is_some());
        let mut unwatched = self.unwatched.lock().unwrap_or_else(PoisonError::into_inner);
        let closed: Vec<Id> = unwatched.extract_if(.., |id| !is_open(id)).collect();
        self.unwatched_count.store(unwatched.len(), Ordering::Relaxed);
        drop(unwatched);
        for id in &closed {
            self.close_span(id);
        }
    }
}

impl CloseSpan for Capture {
    fn close_span(&self, id: &Id) {
        if let Some(entry) = self.spans.remove(id) {
            self.end(entry);
        }
    }
}
