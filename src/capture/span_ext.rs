//! What can be done with a `tracing::Span` that is ours.

use std::sync::Arc;

use tracing::{Dispatch, Span};
use tracing_core::span::Id;

use super::layer::CaptureLayer;
use super::record::Trace;
use super::state::Capture;
use crate::model::{Annotation, Evaluation, EvaluationError, SpanContext};

/// What can be done with a [`tracing::Span`] that is an LLM span.
///
/// Each says whether a span was found, because a span can be hidden by a filter, have ended, or belong to a
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
    /// Says something about the span, without declared fields.
    ///
    /// An annotation with a kind makes a span ours that was not, provided that some layer keeps the span
    /// alive; it counts from that moment on.
    fn annotate(&self, annotation: Annotation) -> bool;

    /// Ends the span now instead of when it closes: `tracing` closes a span only after its last clone and its
    /// last child are gone, and a child in the background can outlive the work by far.
    fn finish(&self) -> bool;

    /// Where the span stands: its ids, to refer to it later or elsewhere.
    fn llmobs_context(&self) -> Option<SpanContext>;

    /// Submits an evaluation of the span, also after [`finish`](Self::finish). For a span whose last handle is gone, keep
    /// its context and use [`Handle::submit_evaluation`](crate::Handle::submit_evaluation).
    ///
    /// # Errors
    ///
    /// [`EvaluationError::Span`] if the span is no LLM span that a layer knows, [`EvaluationError::JoinCount`] if the
    /// evaluation says a span itself, and what else is wrong with it.
    fn evaluate(&self, evaluation: Evaluation) -> Result<(), EvaluationError>;
}

impl LlmObsSpanExt for Span {
    fn annotate(&self, annotation: Annotation) -> bool {
        let found = find(self, |capture, dispatch, id| capture.annotate(dispatch, id, annotation));
        found.unwrap_or(false)
    }

    fn finish(&self) -> bool {
        find(self, |capture, dispatch, id| capture.finish(dispatch, id)).unwrap_or(false)
    }

    fn llmobs_context(&self) -> Option<SpanContext> {
        find(self, Capture::context).flatten()
    }

    fn evaluate(&self, evaluation: Evaluation) -> Result<(), EvaluationError> {
        let found = find(self, |capture, dispatch, id| capture.evaluate(dispatch, id, evaluation));
        found.unwrap_or(Err(EvaluationError::Span))
    }
}

/// The traces that the current span belongs to; empty outside of LLM spans.
pub(super) fn traces_around() -> Vec<Arc<Trace>> {
    find(&Span::current(), |capture, dispatch, id| capture.traces(dispatch, id)).unwrap_or_default()
}

/// Finds the layer through the subscriber that the span belongs to.
fn find<T>(span: &Span, then: impl FnOnce(&Arc<Capture>, &Dispatch, &Id) -> T) -> Option<T> {
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
