//! The spans of one layer, and what can be done with one by its id.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use tracing_core::span::Id;
use tracing_core::{Dispatch, Subscriber};
use tracing_subscriber::registry::LookupSpan;

use super::allowlist::LlmObsFilter;
use super::ancestors::{Ancestors, SpanSite};
use super::evaluable::EvaluableSpan;
use super::idle_spans::IdleSpans;
use super::otel;
use super::parent_context::{InheritedContext, ParentContext};
use super::record::SpanRecord;
use super::roll_call::{self, Answer, call_roll};
use super::services::{Options, Services};
use super::span_table::{SkippedSpan, SpanTable, TableEntry};
use super::subscriber_link::SubscriberLink;
use super::trace::TraceState;
use super::visibility::Visibility;
use crate::queue::Queue;
use crate::recording::RecordedAnnotation;
use llmobs_model::{Annotation, ApmContext, Evaluation, EvaluationError, SpanContext, SpanKind};

/// The spans of one layer, with the services that they use.
#[derive(Debug)]
pub(crate) struct Capture {
    pub(crate) services: Services,
    pub(super) spans: SpanTable,
    pub(super) subscriber: SubscriberLink,
    /// Promoted spans that have no [`CloseNotice`]: somebody has to look whether they are open still.
    pub(super) unwatched: Mutex<Vec<Id>>,
    pub(super) unwatched_count: AtomicUsize,
    idle: IdleSpans,
    pub(super) visibility: Visibility,
}

impl Capture {
    pub(crate) fn new(queue: Arc<Queue>, options: Options) -> Self {
        let visibility = Visibility::new(options.executable.as_deref());
        Self {
            services: Services::new(queue, options),
            spans: SpanTable::default(),
            subscriber: SubscriberLink::default(),
            unwatched: Mutex::default(),
            unwatched_count: AtomicUsize::new(0),
            idle: IdleSpans::default(),
            visibility,
        }
    }

    /// Creates the filter that belongs to the layer.
    pub(crate) fn filter(&self) -> LlmObsFilter {
        LlmObsFilter::new(self.services.max_level, Arc::clone(&self.services.plans))
    }

    /// Learns the type of the subscriber below the layer. A layer is part of one.
    pub(super) fn attach<S: Subscriber + for<'a> LookupSpan<'a>>(&self) {
        if self.subscriber.attach::<S>() {
            roll_call::attach();
        }
    }

    /// Ends all open spans, because the layer goes.
    pub(super) fn detach(&self) {
        if self.subscriber.registry().is_some() {
            roll_call::detach();
        }
        self.spans.drain().for_each(|entry| self.end(entry));
    }

    /// Learns the dispatch of its own subscriber, which is the default while a span of this layer is entered.
    #[inline]
    pub(super) fn learn_dispatch(self: &Arc<Self>) {
        if !self.subscriber.is_known() {
            tracing::dispatcher::get_default(|dispatch| {
                self.is_part_of(dispatch);
            });
        }
    }

    /// Returns whether the layer is part of the subscriber behind a dispatch.
    pub(super) fn is_part_of(self: &Arc<Self>, dispatch: &Dispatch) -> bool {
        if let Some(is_same) = self.subscriber.is(dispatch) {
            return is_same;
        }
        let is_part = call_roll::<Self>(dispatch).iter().any(|layer| Arc::ptr_eq(layer, self));
        if is_part {
            self.subscriber.learn(dispatch);
        }
        is_part
    }

    /// Returns all layers of ours in the subscriber that this one is part of.
    pub(super) fn layers(self: &Arc<Self>, dispatch: &Dispatch) -> Vec<Arc<Self>> {
        let mut layers = if roll_call::may_be_several() { call_roll::<Self>(dispatch) } else { Vec::new() };
        if !layers.iter().any(|layer| Arc::ptr_eq(layer, self)) {
            layers.push(Arc::clone(self));
        }
        layers
    }

    /// Begins a span; `None` when open spans hold as much as they may and none of them gives way.
    #[inline]
    pub(super) fn begin(
        &self,
        name: &'static str,
        parent: Option<ParentContext>,
        apm: Option<Arc<ApmContext>>,
    ) -> Option<SpanRecord> {
        let trace = parent.as_ref().map(|parent| &parent.trace);
        let recording = self.idle.reserve(&self.spans, &self.services, trace)?;
        Some(SpanRecord::begin(&self.services, recording, name, parent, apm))
    }

    /// Returns what a span inside of these takes over, and the nearest of them that has an entry in the table.
    #[inline]
    pub(super) fn parent_context<'a, S>(&self, ancestors: &mut Ancestors<'a, S>) -> (Option<ParentContext>, Option<Id>)
    where
        S: Subscriber + for<'b> LookupSpan<'b>,
    {
        let (mut inherited, mut nearest) = (None::<Box<InheritedContext>>, None);
        let mut parent = None;
        while let Some(site) = ancestors.next() {
            let found = self.spans.with_entry(&site.id, |entry| match entry {
                TableEntry::Open(record) => {
                    let parent = record.parent_context(&self.services);
                    let outer = parent.is_none().then(|| record.inherited_context()).flatten();
                    // Where there is an outer context, `map` has taken what was gathered, and `or` finds nothing.
                    inherited = outer.map(|outer| outer.merge_nearer(inherited.take())).or(inherited.take());
                    Above::Recorded(parent)
                }
                TableEntry::Finished(_) => Above::Recorded(None),
                TableEntry::Skipped(skipped) => match &skipped.off {
                    Some(trace) => Above::Recorded(Some(ParentContext::off(Arc::clone(trace)))),
                    None => Above::Skipped(skipped.above.clone()),
                },
            });
            match found {
                Some(Above::Recorded(found)) => {
                    nearest.get_or_insert(site.id);
                    parent = found;
                }
                Some(Above::Skipped(above)) => ancestors.jump_to(above),
                None => {}
            }
            if parent.is_some() {
                break;
            }
        }
        let parent = match inherited {
            Some(inherited) => Some(inherited.merge_over(parent)),
            None => parent,
        };
        (parent, nearest)
    }

    /// Notes a span that is not recorded, for those below it.
    #[cold]
    pub(super) fn skip(&self, id: &Id, off: Option<Arc<TraceState>>, above: Option<Id>) {
        let entry = TableEntry::Skipped(Box::new(SkippedSpan { off, above }));
        self.services.budget.correct(0, entry.bytes());
        if let Some(stale) = self.spans.insert(id, entry) {
            self.end(stale);
        }
    }

    /// Annotates the span with this id and returns whether it is an LLM span, or became one.
    pub(crate) fn annotate(self: &Arc<Self>, dispatch: &Dispatch, id: &Id, annotation: RecordedAnnotation) -> bool {
        let layers = self.layers(dispatch);
        let (mut annotation, mut is_found) = (Some(annotation), false);
        for (number, layer) in layers.iter().enumerate().rev() {
            // The last one takes the annotation itself.
            let annotation = if number == 0 { annotation.take() } else { annotation.clone() };
            let Some(annotation) = annotation else { continue };
            is_found |= layer.annotate_own(dispatch, id, annotation, Arc::ptr_eq(layer, self));
        }
        is_found
    }

    fn annotate_own(
        self: &Arc<Self>,
        dispatch: &Dispatch,
        id: &Id,
        annotation: RecordedAnnotation,
        may_promote: bool,
    ) -> bool {
        let (makes_llm_span, mut annotation) = (annotation.kind.is_some(), Some(annotation));
        let is_found = self.spans.with_entry(id, |entry| {
            let record = match entry {
                TableEntry::Open(record) => record,
                TableEntry::Finished(_) | TableEntry::Skipped(_) => return false,
            };
            let is_meant = makes_llm_span || record.standing_kind().is_some();
            if let Some(annotation) = annotation.take_if(|_| is_meant) {
                record.annotate(&self.services, annotation);
            }
            is_meant
        });
        match (is_found, annotation) {
            (None, Some(annotation)) if makes_llm_span && may_promote => {
                self.promote(dispatch, id, |record| record.annotate(&self.services, annotation)).is_some()
            }
            (is_found, _) => is_found.unwrap_or(false),
        }
    }

    /// Takes the kind back from the span with this id: it turned out to be no LLM span, and ends unsent.
    #[cfg(feature = "observe")]
    pub(crate) fn withdraw(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) {
        for layer in self.layers(dispatch) {
            layer.spans.with(id, SpanRecord::withdraw);
        }
    }

    /// Ends the span with this id now and returns whether it was open.
    pub(crate) fn finish(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> bool {
        let mut was_open = false;
        for layer in self.layers(dispatch) {
            // Counted before: once the entry is in the table, another thread may take it out.
            layer.services.budget.correct(0, TableEntry::FINISHED_BYTES);
            let record = layer.spans.finish(id, |record| {
                was_open |= record.standing_kind().is_some();
                record.evaluable(&layer.services)
            });
            match record {
                Some(record) => layer.end(TableEntry::Open(record)),
                None => drop(layer.services.budget.correct(TableEntry::FINISHED_BYTES, 0)),
            }
        }
        was_open
    }

    /// Ends a span that was taken out of the table.
    pub(super) fn end(&self, entry: TableEntry) {
        match entry {
            TableEntry::Open(record) => {
                let ended = record.end(&self.services, self.services.clock.instant());
                self.services.send(ended);
            }
            other @ (TableEntry::Finished(_) | TableEntry::Skipped(_)) => {
                self.services.budget.correct(other.bytes(), 0);
            }
        }
    }

    /// Returns how long the span with this id is open, in seconds, and its kind.
    pub(crate) fn age(&self, id: &Id) -> Option<(f64, SpanKind)> {
        self.spans.with(id, |record| record.age(&self.services))?
    }

    /// Returns the context of the span with this id.
    pub(crate) fn context(&self, dispatch: &Dispatch, id: &Id) -> Option<SpanContext> {
        // Before the span is locked, because reading it runs code of another layer.
        let apm = otel::context_of(dispatch, id);
        let context = self.spans.with(id, |record| {
            if let Some(apm) = apm {
                record.correlate(apm, false);
            }
            record.context()
        })?;
        Some(self.with_ml_app(context?))
    }

    /// Returns the context of the nearest LLM span: this one or one around it.
    pub(crate) fn nearest_context(&self, dispatch: &Dispatch, id: &Id) -> Option<SpanContext> {
        let context_of = |site: SpanSite| self.spans.with(&site.id, |record| record.context())?;
        Some(self.with_ml_app(self.subscriber.all_ancestors(dispatch, id).find_map(context_of)?))
    }

    /// Annotates the nearest LLM span and returns whether there is one.
    pub(crate) fn annotate_nearest(
        self: &Arc<Self>,
        dispatch: &Dispatch,
        id: &Id,
        annotation: RecordedAnnotation,
    ) -> bool {
        let is_llm_span =
            |site: &SpanSite| self.spans.with(&site.id, |record| record.context().is_some()) == Some(true);
        let nearest = self.subscriber.all_ancestors(dispatch, id).find(is_llm_span);
        nearest.is_some_and(|site| self.annotate(dispatch, &site.id, annotation))
    }

    /// Returns the context for a request made inside this span: of the nearest LLM span, else of the remote parent.
    ///
    /// Tags a task that makes a request; an `llm` span that calls a reporting gateway becomes a workflow.
    pub(crate) fn outgoing(self: &Arc<Self>, dispatch: &Dispatch, id: &Id, url: Option<&str>) -> Option<SpanContext> {
        let (mut session_id, mut found) = (None, None);
        for site in self.subscriber.all_ancestors(dispatch, id) {
            found = self.spans.with(&site.id, |record| {
                let context = record.outgoing_context();
                let session = context.is_none().then(|| record.session_for_descendants()).flatten();
                session_id = session_id.take().or(session);
                Some((context?, record.kind(), site.id.clone()))
            });
            if let Some(Some(_)) = found {
                break;
            }
        }
        let (context, kind, caller) = found??;
        let mut context = self.with_ml_app(context);
        // Spans that start below here in this process get this session too.
        context.session_id = session_id.or(context.session_id);
        // The parent in the APM trace is the very span that makes the request, be it an LLM span or not.
        if let Some(apm) = otel::context_of(dispatch, id) {
            context.apm = Some(Arc::new(apm));
        }
        let outbound = &self.services.outbound;
        match kind {
            // With gateways named, only requests to them are such calls; without, any request may be.
            Some(SpanKind::Task)
                if outbound.mark_tasks
                    && (outbound.proxy_urls.is_empty() || url.is_some_and(|url| outbound.proxy_urls.contain(url))) =>
            {
                let (key, value) = crate::fields::PROXY_TAG;
                self.annotate(dispatch, &caller, Annotation::new().tag(key, value).into());
            }
            Some(SpanKind::Llm) if url.is_some_and(|url| outbound.proxy_urls.contain(url)) => {
                self.leave_call_to_gateway(&caller);
            }
            Some(_) | None => {}
        }
        Some(context)
    }

    /// Puts the span with this id under one of another process, and returns whether that was possible.
    pub(crate) fn adopt(self: &Arc<Self>, dispatch: &Dispatch, id: &Id, parent: &SpanContext) -> bool {
        let adopt = |layer: &Arc<Self>| {
            layer.spans.with_entry(id, |entry| match entry {
                TableEntry::Open(record) => record.adopt(&layer.services, parent.clone()),
                TableEntry::Finished(_) | TableEntry::Skipped(_) => false,
            })
        };
        let adopted: Vec<bool> = self.layers(dispatch).iter().filter_map(adopt).collect();
        if adopted.is_empty() {
            let adopt = |record: &mut SpanRecord| record.adopt(&self.services, parent.clone());
            return self.promote(dispatch, id, adopt).unwrap_or(false);
        }
        adopted.into_iter().all(|is_adopted| is_adopted)
    }

    /// Joins an evaluation to the span with this id, in every layer that has the span.
    pub(crate) fn evaluate(
        self: &Arc<Self>,
        dispatch: &Dispatch,
        id: &Id,
        evaluation: Evaluation,
    ) -> Result<(), EvaluationError> {
        let found = |layer: Arc<Self>| {
            let span = layer.evaluable(id).filter(|span| !span.is_off)?;
            Some((layer, span))
        };
        let mut found: Vec<_> = self.layers(dispatch).into_iter().filter_map(found).collect();
        let (last, span) = found.pop().ok_or(EvaluationError::Span)?;
        let mut outcome = Ok(());
        for (layer, span) in found {
            outcome = outcome.and(layer.services.submit_evaluation(span.join(evaluation.clone())));
        }
        outcome.and(last.services.submit_evaluation(span.join(evaluation)))
    }

    /// Returns the span with this id as evaluations see it.
    pub(super) fn evaluable(&self, id: &Id) -> Option<EvaluableSpan> {
        self.spans.with_entry(id, |entry| match entry {
            TableEntry::Open(record) => record.evaluable(&self.services),
            TableEntry::Finished(evaluable) => evaluable.as_deref().cloned(),
            TableEntry::Skipped(_) => None,
        })?
    }

    /// Returns the traces of the LLM spans that the span with this id is inside of, in all layers.
    pub(super) fn traces(self: &Arc<Self>, dispatch: &Dispatch, id: &Id) -> Vec<Arc<TraceState>> {
        let mut traces = Vec::new();
        for layer in self.layers(dispatch) {
            let trace = |site: SpanSite| {
                let trace = |record: &mut SpanRecord| (!record.is_context_only()).then(|| Arc::clone(record.trace()));
                layer.spans.with(&site.id, trace)?
            };
            traces.extend(layer.subscriber.all_ancestors(dispatch, id).filter_map(trace));
        }
        traces
    }

    fn with_ml_app(&self, mut context: SpanContext) -> SpanContext {
        context.ml_app.get_or_insert_with(|| Arc::clone(&self.services.ml_app));
        context
    }
}

/// A span above, as one that begins below it sees it.
enum Above {
    Recorded(Option<ParentContext>),
    /// Not recorded; the search goes on with this span.
    Skipped(Option<Id>),
}

impl Answer for Capture {}
