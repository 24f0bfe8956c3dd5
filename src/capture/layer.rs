//! The callbacks of the `tracing_subscriber::Layer`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use super::annotation_context;
use super::filter::{LlmObsFilter, Plan, Share};
use super::lineage::{Borne, Lineage};
use super::otel;
use super::record::SpanRecord;
use super::records::Records;
use super::state::{Capture, with_scratch};
use super::visitor::Visitor;
use crate::queue::is_worker_thread;
use crate::recording::{FieldKey, FieldLog, FieldValue};
use crate::stats::LossReason;
use llmobs_model::{Annotation, ApmContext, SpanContext, SpanLink};

/// The layer to add to a subscriber: it captures LLM spans and brings its own filter, so that no callsite of
/// another crate is woken.
///
/// It is `None` when disabled, and then costs what no layer costs. Other filters go on the other layers
/// (`fmt::layer().with_filter(EnvFilter::from_default_env())`): a filter that stands as a layer of its own in
/// the registry hides spans from everybody, also from this layer.
///
/// It goes on [`registry()`](tracing_subscriber::registry()), as every layer with a filter does:
/// `tracing_subscriber::fmt().finish()` refuses those, with a panic at setup; use `fmt::layer()`. Since it is an
/// `Option`, combine it with `Layer::and_then(layer, other)`, which `layer.and_then(other)` is not.
pub type LlmObsLayer<S> = Option<Filtered<CaptureLayer, LlmObsFilter, S>>;

/// The part of [`LlmObsLayer`] behind its filter.
#[derive(Debug)]
pub struct CaptureLayer {
    pub(super) capture: Arc<Capture>,
}

impl CaptureLayer {
    pub(crate) const fn new(capture: Arc<Capture>) -> Self {
        Self { capture }
    }

    pub(super) fn visitor<'a>(&'a self, plan: &'a Plan, log: &'a mut FieldLog, place: &'static str) -> Visitor<'a> {
        Visitor { plan, log, queue: &self.capture.queue, place }
    }

    /// Visits the fields of an event; what is in the words of other crates stays together.
    pub(super) fn visit(&self, event: &Event<'_>, plan: &Plan, log: &mut FieldLog, place: &'static str) {
        if plan.foreign.is_some() {
            let metadata = event.metadata();
            log.push(FieldKey::EventStart(metadata.name()), FieldValue::Bool(*metadata.level() == Level::ERROR));
        }
        event.record(&mut self.visitor(plan, log, place));
    }

    /// What is passed on by the nearest span of ours above this one.
    fn lineage<S>(&self, span: &SpanRef<'_, S>) -> Option<Lineage>
    where
        S: for<'a> LookupSpan<'a>,
    {
        if let Some(hidden) = self.capture.hidden_lineage(&span.id()) {
            return Some(hidden);
        }
        let mut above = span.parent();
        while let Some(span) = above {
            let found = span.extensions().get::<Records>().and_then(|records| records.lineage(&self.capture));
            if found.is_some() {
                return found;
            }
            if self.capture.has_bearers.load(Ordering::Relaxed) {
                return self.lineage_with_context(span);
            }
            above = span.parent();
        }
        None
    }

    /// The same from this span on, where spans may say something that are none of ours.
    #[cold]
    fn lineage_with_context<'a, S: LookupSpan<'a>>(&self, from: SpanRef<'a, S>) -> Option<Lineage> {
        let (mut above, mut borne, mut found) = (Some(from), None::<Box<Borne>>, None);
        while let Some(span) = above.filter(|_| found.is_none()) {
            let records = span.extensions();
            found = records.get::<Records>().and_then(|records| records.lineage_or(&self.capture, &mut borne));
            drop(records);
            above = span.parent();
        }
        match borne {
            Some(borne) => Some(borne.laid_over(found)),
            None => found,
        }
    }

    #[cold]
    fn refuse(&self, plan: &Plan) {
        if plan.may_be_ours() {
            self.capture.queue.refuse(LossReason::OpenSpans);
        }
    }

    /// The span that an event says something about: not one that only says something for those below it.
    fn listener<'a, S: LookupSpan<'a>>(&self, inside: Option<SpanRef<'a, S>>) -> Option<SpanRef<'a, S>> {
        let mut span = inside?;
        while self.capture.has_bearers.load(Ordering::Relaxed)
            && span.extensions().get::<Records>().is_some_and(|records| records.is_bearer(&self.capture))
        {
            span = span.parent()?;
        }
        Some(span)
    }

    /// Tells a span where it stands in the trace of OpenTelemetry; `only_first` if it does not know yet.
    fn correlate<S>(&self, id: &Id, ctx: &Context<'_, S>, apm: ApmContext, only_first: bool)
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let Some(span) = ctx.span(id) else { return };
        if let Some(record) = span.extensions_mut().get_mut::<Records>().and_then(|all| all.of(&self.capture))
            && !(only_first && record.is_correlated)
        {
            record.correlate(apm);
        }
    }

    fn context<S: for<'a> LookupSpan<'a>>(&self, span: &SpanRef<'_, S>) -> Option<SpanContext> {
        span.extensions_mut().get_mut::<Records>()?.of(&self.capture)?.context()
    }

    /// Whether an event inside a span says something about it. What an instrumented function inside returns,
    /// whose own span is not ours, does not.
    fn is_heard(&self, event: &Event<'_>, plan: &Plan, span: &Metadata<'_>, is_current: impl FnOnce() -> bool) -> bool {
        let is_only_heard_there = plan.has_return || plan.has_failure && *event.metadata().level() != Level::ERROR;
        let captures = self.capture.plans.hearing.capture_instrument;
        if !is_only_heard_there && (captures || !plan.has_failure) {
            return true;
        }
        let is_own = same_place(event.metadata(), span) && is_current();
        is_own == is_only_heard_there && (captures || !is_only_heard_there)
    }
}

impl<S> Layer<S> for CaptureLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_layer(&mut self, _: &mut S) {
        self.capture.learn::<S>();
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if is_worker_thread() {
            return;
        }
        let Some(span) = ctx.span(id) else { return };
        let name = attributes.metadata().name();
        let above = self.lineage(&span);
        if above.as_ref().is_some_and(|above| above.trace.is_off()) {
            return;
        }
        let around = otel::current().filter(|_| attributes.is_contextual()).map(Arc::new);
        let plan = self.capture.plans.plan(attributes.metadata());
        let Some(mut record) = SpanRecord::begin(&self.capture, name, above, around) else {
            return self.refuse(&plan);
        };
        annotation_context::assume(&mut record);
        if let Some(foreign) = &plan.foreign {
            record.listen(Arc::clone(&foreign.plan), foreign.is_candidate);
        }
        if let Some(log) = record.log_mut() {
            attributes.record(&mut self.visitor(&plan, log, name));
        }
        record.settle();
        store(&span, record);
        self.capture.meet_default(id);
    }

    fn on_enter(&self, id: &Id, ctx: Context<'_, S>) {
        self.capture.meet_default(id);
        if let Some(apm) = otel::current() {
            self.correlate(id, &ctx, apm, false);
        }
    }

    fn on_exit(&self, id: &Id, ctx: Context<'_, S>) {
        if let Some(apm) = otel::current() {
            self.correlate(id, &ctx, apm, true);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        let plan = self.capture.plans.plan(span.metadata());
        with_scratch(&self.capture.queue, |log| {
            values.record(&mut self.visitor(&plan, log, span.name()));
            if let Some(record) = span.extensions_mut().get_mut::<Records>().and_then(|all| all.of(&self.capture)) {
                record.apply(log, plan.has_identity);
            }
        });
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, ctx: Context<'_, S>) {
        let Some(other) = ctx.span(follows).and_then(|span| self.context(&span)) else { return };
        let Some(span) = ctx.span(id) else { return };
        if let Some(record) = span.extensions_mut().get_mut::<Records>().and_then(|all| all.of(&self.capture)) {
            record.annotate(Annotation::new().link(SpanLink::new(&other)).into());
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if is_worker_thread() {
            return;
        }
        let plan = self.capture.plans.plan(event.metadata());
        if plan.evaluation != Share::Nothing {
            self.evaluate(event, &plan, &ctx);
        }
        if self.evaluate_foreign(event, &plan, &ctx) {
            return;
        }
        if self.capture.queue.open.spans() == 0 || plan.evaluation == Share::All {
            return;
        }
        let inside = || event.parent().cloned().or_else(|| current(&ctx).filter(|_| event.is_contextual()));
        if let Some((dispatch, (id, metadata))) = self.capture.hidden_listener(inside) {
            if !self.is_heard(event, &plan, metadata, || current(&ctx).as_ref() == Some(&id)) {
                return;
            }
            return with_scratch(&self.capture.queue, |log| {
                self.visit(event, &plan, log, metadata.name());
                self.capture.tell(&dispatch, (id, metadata), log, &plan);
            });
        }
        let Some(span) = self.listener(ctx.event_span(event)) else { return };
        if !self.is_heard(event, &plan, span.metadata(), || current(&ctx) == Some(span.id())) {
            return;
        }
        with_scratch(&self.capture.queue, |log| {
            self.visit(event, &plan, log, span.name());
            let metadata = span.metadata();
            if let Some(record) = span.extensions_mut().get_mut::<Records>().and_then(|all| all.of(&self.capture)) {
                record.hear_event(log, &plan, metadata);
            }
        });
    }

    fn on_close(&self, id: Id, ctx: Context<'_, S>) {
        let now = self.capture.clock.instant();
        let Some(span) = ctx.span(&id) else { return };
        let ended = span
            .extensions_mut()
            .get_mut::<Records>()
            .and_then(|records| records.of(&self.capture))
            .and_then(|record| record.end(now));
        if let Some(ended) = ended {
            self.capture.send(ended);
        }
    }
}

/// The span that is entered, whether our filter hides it or not.
fn current<S: Subscriber>(ctx: &Context<'_, S>) -> Option<Id> {
    ctx.current_span().id().cloned()
}

/// Whether an event and a span were written by the same `#[instrument]`: both carry the attribute's place, and the
/// event has one field.
fn same_place(event: &Metadata<'_>, span: &Metadata<'_>) -> bool {
    event.fields().len() == 1
        && event.line() == span.line()
        && event.file() == span.file()
        && event.target() == span.target()
}

fn store<S: for<'a> LookupSpan<'a>>(span: &SpanRef<'_, S>, record: SpanRecord) {
    let mut extensions = span.extensions_mut();
    match extensions.get_mut::<Records>() {
        Some(records) => records.add(record),
        None => drop(extensions.replace(Records::from(record))),
    }
}
