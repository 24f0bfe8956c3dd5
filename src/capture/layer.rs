//! The callbacks of the `tracing_subscriber::Layer`.

use std::sync::Arc;

use tracing_core::span::{Attributes, Id, Record};
use tracing_core::subscriber::Interest;
use tracing_core::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::allowlist::LlmObsFilter;
use super::ancestors::{CloseSpan as _, SpanSite};
use super::capture::Capture;
use super::context_stack;
use super::event_evaluation::{evaluate, evaluate_third_party};
use super::otel;
use super::plan::{EvaluationShare, Plan};
use super::roll_call::{self, is_roll_call};
use super::scratch::with_scratch;
use super::span_table::TableEntry;
use super::visitor::Visitor;
use crate::queue::is_worker_thread;
use crate::stats::LossReason;
use llmobs_model::{Annotation, ApmContext, SpanLink};

/// The layer to add to a subscriber. It carries its own per-layer filter: it enables LLM callsites only, so that
/// unrelated spans of other crates stay disabled.
///
/// It is `None` when disabled, and then costs nothing. Put other filters on the other layers
/// (`fmt::layer().with_filter(EnvFilter::from_default_env())`): a filter that is a layer of its own in the registry hides
/// spans from all layers, this one included.
///
/// It goes on [`registry()`](tracing_subscriber::registry()), as every layer with a filter does:
/// `tracing_subscriber::fmt().finish()` refuses those, with a panic at setup; use `fmt::layer()`. It is an `Option`, so
/// combine it with `Layer::and_then(layer, other)`: `layer.and_then(other)` is `Option::and_then`.
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

    /// Takes a span's place in the OpenTelemetry trace; with `only_first` a place that it has already stays.
    fn correlate(&self, id: &Id, apm: ApmContext, only_first: bool) {
        self.capture.spans.with(id, |record| record.correlate(apm, only_first));
    }

    /// Returns the span that an event belongs to: the nearest one that is not merely the context of others.
    fn span_of_event<S>(&self, event: &Event<'_>, ctx: &Context<'_, S>) -> Option<SpanSite>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut ancestors = self.capture.subscriber.ancestors_of_event(event, ctx);
        let has_hidden = ancestors.has_hidden();
        ancestors.find_map(|site| match self.capture.spans.with(&site.id, |record| record.is_context_only()) {
            Some(false) => Some(Some(site)),
            Some(true) => None,
            // A span that the filter hides is none of ours; a visible one has been finished, or refused.
            None => (!has_hidden).then_some(None),
        })?
    }
}

impl<S> Layer<S> for CaptureLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_layer(&mut self, _: &mut S) {
        self.capture.attach::<S>();
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_roll_call(metadata) {
            let capture: Arc<dyn roll_call::Answer> = Arc::<Capture>::clone(&self.capture);
            roll_call::answer(capture);
        }
        // The filter in front has decided.
        Interest::always()
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if is_worker_thread() {
            return;
        }
        let capture = &*self.capture;
        let services = &capture.services;
        // A promoted span without a notice has no callback of its own: each begin and end of another span looks for it.
        capture.sweep_unwatched();
        let (parent, above) = capture.parent_context(&mut capture.subscriber.ancestors_of_new_span(id, &ctx));
        // Before anything is reserved: spans of a trace that is switched off cost neither room nor a plan.
        if let Some(parent) = parent.as_ref().filter(|parent| parent.trace.is_off()) {
            return capture.skip(id, Some(Arc::clone(&parent.trace)), above);
        }
        let apm = otel::active_context().filter(|_| attributes.is_contextual()).map(Arc::new);
        let (metadata, plan) = (attributes.metadata(), services.plans.plan(attributes.metadata()));
        if let Some(misspelled) = &plan.misspelled {
            services.plans.mistakes().note_misspelled(misspelled);
        }
        let Some(mut record) = capture.begin(metadata.name(), parent, apm) else {
            if plan.may_be_llm_span() {
                services.queue.refuse(LossReason::OpenSpans);
            }
            return capture.skip(id, None, above);
        };
        context_stack::for_each(|annotation, traces| record.annotate_from_context(services, annotation, traces));
        if let Some(third_party) = &plan.third_party {
            record.track_foreign(services, Arc::clone(&third_party.attributes), third_party.is_candidate);
        }
        // Visited before the record is in the table: a `Debug` that logs or opens spans meets no lock of ours.
        let (log, span_name) = (record.log_mut(), metadata.name());
        attributes.record(&mut Visitor { plan: &plan, log, queue: &services.queue, span_name });
        record.apply_initial_values(services, metadata);
        // The registry has given the id away again, so the span that is still under it has closed: it ends now, late.
        if let Some(stale) = capture.spans.insert(id, TableEntry::Open(Box::new(record))) {
            capture.end(stale);
        }
        self.capture.learn_dispatch();
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        self.capture.learn_dispatch();
        if let Some(apm) = otel::active_context() {
            self.correlate(id, apm, false);
        }
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        if let Some(apm) = otel::active_context() {
            // An OpenTelemetry layer above ours activates its span after our `on_enter`, which saw none for a root.
            self.correlate(id, apm, true);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(metadata) = ctx.metadata(id) else { return };
        let services = &self.capture.services;
        let plan = services.plans.plan(metadata);
        with_scratch(&services.queue, |log| {
            values.record(&mut Visitor { plan: &plan, log, queue: &services.queue, span_name: metadata.name() });
            self.capture.spans.with(id, |record| record.apply(services, log, plan.has_identity.then_some(metadata)));
        });
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: Context<'_, S>) {
        // One after the other: two spans are never locked at once.
        let Some(Some(other)) = self.capture.spans.with(follows, |record| record.context()) else { return };
        let link = Annotation::new().link(SpanLink::new(&other)).into();
        self.capture.spans.with(id, |record| record.annotate(&self.capture.services, link));
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        if is_worker_thread() {
            return;
        }
        let services = &self.capture.services;
        let plan = services.plans.plan(event.metadata());
        if let Some(misspelled) = &plan.misspelled {
            services.plans.mistakes().note_misspelled(misspelled);
        }
        // Evaluations come first: a finished span is not counted as open, and can be evaluated until it closes.
        if plan.evaluation != EvaluationShare::None {
            evaluate(&self.capture, event, &plan, &ctx);
        }
        if evaluate_third_party(&self.capture, event, &plan, &ctx)
            || plan.evaluation == EvaluationShare::All
            || services.budget.open_spans() == 0
        {
            return;
        }
        let Some(site) = self.span_of_event(event, &ctx) else { return };
        let is_current = || ctx.current_span().id() == Some(&site.id);
        if !is_about(event, &plan, site.metadata, services.plans.selection().capture_instrument, is_current) {
            return;
        }
        with_scratch(&services.queue, |log| {
            let span_name = site.metadata.name();
            Visitor { plan: &plan, log, queue: &services.queue, span_name }.visit_event(event);
            let callsites = (event.metadata(), site.metadata);
            self.capture.spans.with(&site.id, |record| record.apply_event(services, log, &plan, callsites));
        });
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.capture.close_span(&id);
        self.capture.sweep_unwatched();
    }
}

impl Drop for CaptureLayer {
    fn drop(&mut self) {
        self.capture.detach();
    }
}

/// Returns whether an event is about the span that it is inside of. The return value of an instrumented function that
/// has a span of its own, which the layer does not capture, is not.
fn is_about(
    event: &Event<'_>,
    plan: &Plan,
    span: &Metadata<'_>,
    captures_instrument: bool,
    is_current: impl FnOnce() -> bool,
) -> bool {
    // Any `error` at ERROR is about the span around it. A `return`, or an `error` at another level, is so only if the
    // span's own `#[instrument]` wrote it.
    let needs_same_function = plan.has_return || plan.has_failure && *event.metadata().level() != Level::ERROR;
    if !needs_same_function && (captures_instrument || !plan.has_failure) {
        return true;
    }
    // With the capture of instrumented functions off, an `error` at ERROR counts unless `#[instrument]` wrote it.
    let is_same_function = is_same_attribute(event.metadata(), span) && is_current();
    is_same_function == needs_same_function && (captures_instrument || !needs_same_function)
}

/// Returns whether an event and a span were written by one `#[instrument]`: both have the place of the attribute, and
/// the event has one field.
fn is_same_attribute(event: &Metadata<'_>, span: &Metadata<'_>) -> bool {
    event.fields().len() == 1
        && event.line() == span.line()
        && event.file() == span.file()
        && event.target() == span.target()
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use tracing::{Span, info, info_span};
    use tracing_subscriber::prelude::*;
    use tracing_subscriber::registry::Registry;

    use super::*;
    use crate::capture::LlmObsSpanExt;
    use crate::testing;
    use llmobs_model::SpanKind;

    /// A neighbour that wants every span.
    struct Neighbour;

    impl<S: Subscriber> Layer<S> for Neighbour {}

    #[expect(clippy::unwrap_used, clippy::panic, reason = "a neighbour that panics is what is tested")]
    fn poison(span: &Span) {
        let poisoned = catch_unwind(AssertUnwindSafe(|| {
            span.with_subscriber(|(id, dispatch)| {
                let span = dispatch.downcast_ref::<Registry>().unwrap().span(id).unwrap();
                let _extensions = span.extensions_mut();
                std::panic::panic_any("under the lock");
            });
        }));
        assert!(poisoned.is_err());
    }

    #[test]
    fn a_neighbour_that_poisons_extensions_harms_no_callback_also_while_unwinding() {
        let (layer, recorder) = testing::recorder();
        // The second layer wants all spans, so that some are hidden from the first only.
        let subscriber = tracing_subscriber::registry().with(layer).with(Neighbour.with_filter(LevelEverything));
        tracing::subscriber::with_default(subscriber, || {
            let span = info_span!("span", llmobs.kind = "llm", llmobs.output = tracing::field::Empty);
            poison(&span);
            span.record("llmobs.output", "recorded");
            span.in_scope(|| info!(llmobs.metadata.event = true));
            let child = info_span!(parent: &span, "child", llmobs.kind = "tool");
            child.follows_from(&span);
            assert!(span.annotate(Annotation::new().tag("key", "value")) && span.llmobs_context().is_some());
            let hidden = info_span!("hidden");
            poison(&hidden);
            assert!(hidden.annotate(Annotation::new().kind(SpanKind::Task)));
            let unwound = catch_unwind(AssertUnwindSafe(move || {
                let _closed_while_unwinding = (child, span, hidden);
                std::panic::panic_any("of the host");
            }));
            assert!(unwound.is_err());
            // The next span notices that the hidden one has closed.
            drop(info_span!("next", llmobs.kind = "task"));
        });
        assert_eq!(recorder.tree().lines().count(), 4, "{}", recorder.tree());
        let span = recorder.span("span");
        assert_eq!((&span.metadata["event"], span.tags.get("key")), (&true.into(), Some("value")));
        assert_eq!(recorder.span("hidden").kind, SpanKind::Task);
    }

    /// A filter that enables all spans.
    struct LevelEverything;

    impl<S> tracing_subscriber::layer::Filter<S> for LevelEverything {
        fn enabled(&self, _: &Metadata<'_>, _: &Context<'_, S>) -> bool {
            true
        }
    }
}
