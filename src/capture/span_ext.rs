//! Methods on `tracing::Span` for spans that a layer records.

use std::panic::Location;
use std::sync::Arc;

use tracing::{Dispatch, Span};
use tracing_core::span::Id;

use super::callsite_fields::has_own_fields;
use super::capture::Capture;
use super::layer::CaptureLayer;
use super::trace::TraceState;
use crate::recording::RecordedAnnotation;
use crate::stats::Problem;
use llmobs_model::{Annotation, Evaluation, EvaluationError, SpanContext, SpanKind};

/// Methods of a [`tracing::Span`] that is an LLM span: annotate, end, evaluate, link to other processes.
///
/// Each returns whether the span was found, because a span can be hidden by a filter, have ended, or belong to a
/// subscriber without an [`LlmObsLayer`](crate::LlmObsLayer). A layer inside `reload::Layer` cannot be found
/// from a span; there, [`Handle`](crate::Handle) has the same methods.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Annotation, LlmObsSpanExt, Message};
///
/// let span = tracing::info_span!("chat", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini");
/// let found = span.annotate(
///     Annotation::new().input(Message::user("hi")).output(Message::assistant("How can I help?")),
/// );
/// // No subscriber is installed in this example.
/// assert!(!found);
/// ```
pub trait LlmObsSpanExt: private::Sealed {
    /// Adds `annotation` to this span. Unlike `Span::record`, it needs no field declared at the callsite.
    ///
    /// An annotation with a kind makes any span an LLM span, from that moment on, provided that some layer keeps the span
    /// alive.
    #[track_caller]
    fn annotate(&self, annotation: Annotation) -> bool;

    /// Ends the span now instead of when it closes, and returns whether it was open.
    ///
    /// `tracing` closes a span only after its last clone and its last child are gone, and a child in the background can
    /// outlive the work by far.
    fn finish(&self) -> bool;

    /// Returns the ids of the span and the values that it passes on, to refer to it later or elsewhere, also after it has
    /// closed.
    ///
    /// `None` when the span is not an LLM span, or has ended.
    fn llmobs_context(&self) -> Option<SpanContext>;

    /// Puts the span below a span of another process, before anything starts below it.
    ///
    /// The span becomes part of that trace and inherits session, application, sampling decision and agent, except for
    /// values of its own. This parent replaces one in this process. A non-LLM span can have such a parent too, if some
    /// layer keeps the span alive: LLM spans that start below it inherit it, and so do requests that are made inside it.
    /// Returns `false` when the span was not found, or another span has started below it already.
    ///
    /// # Example
    ///
    /// ```
    /// use tracing_llmobs::{LlmObsSpanExt, propagation, testing};
    /// use tracing_subscriber::prelude::*;
    ///
    /// let (layer, recorder) = testing::recorder();
    /// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
    ///     let mut headers = http::HeaderMap::new();
    ///     let call = tracing::info_span!("call", llmobs.kind = "workflow", llmobs.session_id = "s-1");
    ///     assert!(propagation::inject(&call, &mut headers));
    ///     // … in another process …
    ///     let work = tracing::info_span!("work", llmobs.kind = "task");
    ///     assert!(propagation::extract(&headers).is_some_and(|parent| work.set_llmobs_parent(parent)));
    /// });
    /// assert_eq!(recorder.tree(), "workflow call\n  task work\n");
    /// assert_eq!(recorder.span("work").session_id.as_deref(), Some("s-1"));
    /// ```
    fn set_llmobs_parent(&self, parent: SpanContext) -> bool;

    /// Submits an evaluation of the span, also after [`finish`](Self::finish). For a span whose last handle is gone, keep
    /// its context and use [`Handle::submit_evaluation`](crate::Handle::submit_evaluation).
    ///
    /// # Errors
    ///
    /// [`EvaluationError::Span`] if no layer records the span as an LLM span, [`EvaluationError::JoinCount`] if the
    /// evaluation names a span itself, and the other variants for invalid evaluations.
    #[track_caller]
    fn evaluate(&self, evaluation: Evaluation) -> Result<(), EvaluationError>;
}

impl LlmObsSpanExt for Span {
    #[track_caller]
    fn annotate(&self, annotation: Annotation) -> bool {
        let span = RecordedSpan::of(self);
        span.note_if_disabled(Location::caller());
        span.annotate(annotation.into())
    }

    fn finish(&self) -> bool {
        RecordedSpan::of(self).finish()
    }

    fn llmobs_context(&self) -> Option<SpanContext> {
        RecordedSpan::of(self).context()
    }

    #[track_caller]
    fn evaluate(&self, evaluation: Evaluation) -> Result<(), EvaluationError> {
        let span = RecordedSpan::of(self);
        span.note_if_disabled(Location::caller());
        span.evaluate(evaluation)
    }

    fn set_llmobs_parent(&self, parent: SpanContext) -> bool {
        RecordedSpan::of(self).set_parent(&parent)
    }
}

/// A span together with the layer that records it: the one in the span's subscriber, or a given one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordedSpan<'a> {
    span: &'a Span,
    capture: Option<&'a Arc<Capture>>,
}

impl<'a> RecordedSpan<'a> {
    /// Looks for the layer in the span's subscriber.
    pub(crate) const fn of(span: &'a Span) -> Self {
        Self { span, capture: None }
    }

    /// Takes a layer that may be inside of `reload::Layer`, where it cannot be found.
    pub(crate) const fn within(span: &'a Span, capture: &'a Arc<Capture>) -> Self {
        Self { span, capture: Some(capture) }
    }

    pub(crate) fn annotate(self, annotation: RecordedAnnotation) -> bool {
        self.with(|capture, dispatch, id| capture.annotate(dispatch, id, annotation)).unwrap_or(false)
    }

    pub(crate) fn finish(self) -> bool {
        self.with(Capture::finish).unwrap_or(false)
    }

    pub(crate) fn context(self) -> Option<SpanContext> {
        self.with(|capture, dispatch, id| capture.context(dispatch, id)).flatten()
    }

    pub(crate) fn evaluate(self, evaluation: Evaluation) -> Result<(), EvaluationError> {
        let evaluated = self.with(|capture, dispatch, id| capture.evaluate(dispatch, id, evaluation));
        evaluated.unwrap_or(Err(EvaluationError::Span))
    }

    pub(crate) fn set_parent(self, parent: &SpanContext) -> bool {
        self.with(|capture, dispatch, id| capture.adopt(dispatch, id, parent)).unwrap_or(false)
    }

    /// Returns how long the span is open, in seconds, and its kind; `None` when it is no open LLM span.
    pub(crate) fn age(self) -> Option<(f64, SpanKind)> {
        self.with(|capture, _, id| capture.age(id)).flatten()
    }

    /// Warns if the span is disabled: whatever is done with it is lost. A disabled span has metadata only if `tracing` is
    /// built with its feature `log`, so the place of the call is named.
    #[inline]
    pub(crate) fn note_if_disabled(self, caller: &'static Location<'static>) {
        if self.span.is_disabled() {
            self.note_disabled(caller);
        }
    }

    #[cold]
    fn note_disabled(self, caller: &'static Location<'static>) {
        let note = |capture: &Arc<Capture>| {
            let (mistakes, max_level) = (capture.services.plans.mistakes(), capture.services.max_level);
            match self.span.metadata() {
                Some(metadata) if has_own_fields(metadata) => mistakes.note_disabled_span(metadata, max_level),
                Some(_) => {}
                None => mistakes.note_no_span(caller, max_level),
            }
        };
        match self.capture {
            Some(capture) => note(capture),
            None => tracing::dispatcher::get_default(|dispatch| {
                if let Some(layer) = dispatch.downcast_ref::<CaptureLayer>() {
                    note(&layer.capture);
                }
            }),
        }
    }

    fn with<T>(self, then: impl FnOnce(&Arc<Capture>, &Dispatch, &Id) -> T) -> Option<T> {
        let Some(capture) = self.capture else { return find(self.span, then) };
        // Ids are those of one registry: a span of another subscriber may have the same.
        let with = |(id, dispatch): (&Id, &Dispatch)| capture.is_part_of(dispatch).then(|| then(capture, dispatch, id));
        self.span.with_subscriber(with).flatten()
    }
}

impl Capture {
    /// Looks for levels and filters that hide LLM spans, and notes each once. Called on the thread that logs; does nothing
    /// unless the layer is part of the process's subscriber.
    pub(crate) fn inspect_filters(self: &Arc<Self>) {
        tracing::dispatcher::get_default(|dispatch| {
            let is_ours = |layer: &CaptureLayer| Arc::ptr_eq(&layer.capture, self);
            if dispatch.downcast_ref::<CaptureLayer>().is_some_and(is_ours) {
                self.visibility.inspect(dispatch, self.services.plans.mistakes(), self.services.max_level);
            }
        });
    }

    pub(super) fn leave_call_to_gateway(&self, id: &Id) {
        self.spans.with(id, |record| record.leave_call_to_gateway(&self.services));
    }

    /// Counts entries that did not fit into a header.
    pub(crate) fn count_left_out(&self, entries: usize) {
        (0..entries).for_each(|_| self.services.count(Problem::Header, "a request"));
    }

    /// Returns whether the layer is, or was, part of a subscriber.
    pub(crate) fn is_attached(&self) -> bool {
        self.subscriber.registry().is_some()
    }
}

/// Returns the context of the current span, or of the nearest LLM span around it.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{LlmObsSpanExt, current_context, testing};
/// use tracing_subscriber::prelude::*;
///
/// let (layer, _recorder) = testing::recorder();
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     assert_eq!(current_context(), None);
///     let span = tracing::info_span!("chat", llmobs.kind = "llm");
///     let _entered = span.enter();
///     assert_eq!(current_context(), span.llmobs_context());
/// });
/// ```
pub fn current_context() -> Option<SpanContext> {
    find(&Span::current(), |capture, dispatch, id| capture.nearest_context(dispatch, id)).flatten()
}

/// Adds an annotation with deferred parts to a span; `false` when no layer records the span or it has ended.
#[cfg(feature = "observe")]
pub(crate) fn annotate_recorded(span: &Span, annotation: RecordedAnnotation) -> bool {
    RecordedSpan::of(span).annotate(annotation)
}

/// Takes the kind back from a span that a client call opened, so that it ends unsent.
#[cfg(feature = "observe")]
pub(crate) fn withdraw(span: &Span) {
    find(span, Capture::withdraw);
}

/// Adds `annotation` to the current span, or to the nearest LLM span around it, and returns whether there is one.
///
/// For code deep inside, which has no handle on that span. [`LlmObsSpanExt::annotate`] annotates exactly the span that it
/// is called on.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Annotation, annotate_current, testing};
/// use tracing_subscriber::prelude::*;
///
/// let (layer, recorder) = testing::recorder();
/// tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
///     assert!(!annotate_current(Annotation::new().tag("cache", "hit")));
///     let _chat = tracing::info_span!("chat", llmobs.kind = "llm").entered();
///     assert!(annotate_current(Annotation::new().tag("cache", "hit")));
/// });
/// assert_eq!(recorder.span("chat").tags.get("cache"), Some("hit"));
/// ```
pub fn annotate_current(annotation: Annotation) -> bool {
    find(&Span::current(), |capture, dispatch, id| capture.annotate_nearest(dispatch, id, annotation.into()))
        .unwrap_or(false)
}

/// Returns the traces that the current span belongs to; none outside of LLM spans.
pub(super) fn traces_around() -> Vec<Arc<TraceState>> {
    find(&Span::current(), Capture::traces).unwrap_or_default()
}

/// Finds the layer through the subscriber that the span belongs to.
pub(crate) fn find<T>(span: &Span, then: impl FnOnce(&Arc<Capture>, &Dispatch, &Id) -> T) -> Option<T> {
    span.with_subscriber(|(id, dispatch)| {
        let layer = dispatch.downcast_ref::<CaptureLayer>()?;
        Some(then(&layer.capture, dispatch, id))
    })
    .flatten()
}

mod private {
    pub trait Sealed {}

    impl Sealed for tracing::Span {}
}
