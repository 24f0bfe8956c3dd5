//! The span of a client call, its own or one around it, and the place of the call's annotation there.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::Span;

use crate::capture::{CallsInside, EnclosingCall, RetainedBytes};
use crate::clock::Clock;
use crate::recording::{FieldKey, RecordedAnnotation};
use llmobs_model::Annotation;

/// The span that a call is recorded in.
#[derive(Debug)]
pub(super) enum CallSpan {
    /// A span that the call opened, and ends.
    Own(Span),
    /// An `llm` or `embedding` span around the call, which its owner ends, and the calls inside it.
    Enclosing(EnclosingCall, CallsInside),
}

impl CallSpan {
    /// Returns the call's own span, or the span that the request is made in.
    pub(super) const fn span(&self) -> &Span {
        match self {
            Self::Own(span) => span,
            Self::Enclosing(enclosing, _) => enclosing.span(),
        }
    }

    /// Counts content that did not fit, and leaves a marker, but not in place of what the owner of an enclosing span records.
    pub(super) fn mark_oversize(&self, budget: &RetainedBytes, key: FieldKey) {
        match self {
            Self::Own(span) => budget.mark_oversize(span, Some(key)),
            Self::Enclosing(enclosing, _) => budget.mark_oversize(enclosing.span(), None),
        }
    }

    /// Returns what becomes of the call's annotation, now that the call ends.
    pub(super) fn completion(&self, began: SystemTime) -> Completion {
        match self {
            Self::Own(_) => Completion::default(),
            Self::Enclosing(_, calls) => Completion(Some((calls.clone(), began, wall_time()))),
        }
    }
}

/// The place of a call's annotation, decided when it is read: its span, or a span below the enclosing one with these times.
#[derive(Debug, Default)]
pub(super) struct Completion(Option<(CallsInside, SystemTime, SystemTime)>);

impl Completion {
    fn apply(self, mut annotation: Annotation) -> Annotation {
        if let Some((calls, began, ended)) = self.0
            && calls.are_several()
        {
            return Annotation::new().synthesized_span(annotation.start_time(began).end_time(ended));
        }
        // They were set when the call began, or belong to the enclosing span.
        (annotation.kind, annotation.name) = (None, None);
        annotation
    }
}

/// Defers reading to the exporter's thread.
pub(super) fn deferred<T: Send + 'static>(
    source: T,
    retained_bytes: usize,
    completion: Completion,
    read: impl FnOnce(T) -> Annotation + Send + 'static,
) -> RecordedAnnotation {
    RecordedAnnotation::deferred(retained_bytes, move || completion.apply(read(source)))
}

/// Returns the time of the wall clock.
pub(super) fn wall_time() -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_nanos(Clock::System.wall_ns())).unwrap_or(UNIX_EPOCH)
}
