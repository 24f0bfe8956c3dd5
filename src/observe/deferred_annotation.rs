//! Annotations whose content is produced on the exporter's thread.

use tracing::Span;

use crate::capture::{annotate_recorded, find};
use crate::recording::RecordedAnnotation;
use llmobs_model::Annotation;

/// An annotation with parts that the exporter's thread produces, so that serializing a large payload costs the
/// application's thread no more than a copy of it.
///
/// Kind, session, application, times and capture policy belong into the part that is known at once
/// ([`map`](Self::map)): the open span needs them. What is known at once wins over what is read later.
///
/// # Example
///
/// ```
/// use tracing_llmobs::observe::DeferredAnnotation;
/// use tracing_llmobs::{Annotation, SpanKind, testing};
/// use tracing_subscriber::prelude::*;
///
/// let (layer, recorder) = testing::recorder();
/// let _default = tracing_subscriber::registry().with(layer).set_default();
/// let span = tracing::info_span!("lookup", llmobs.kind = tracing::field::Empty);
/// if DeferredAnnotation::is_recorded(&span) {
///     let rows: Vec<u32> = (0..1_000).collect();
///     let bytes = rows.len() * size_of::<u32>();
///     DeferredAnnotation::new(bytes, move || Annotation::new().output(format!("{} rows", rows.len())))
///         .map(|annotation| annotation.kind(SpanKind::Tool))
///         .apply_to(&span);
/// }
/// drop(span);
/// assert_eq!(recorder.span("lookup").output, Some("1000 rows".into()));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "an annotation has no effect until it is applied to a span"]
pub struct DeferredAnnotation(RecordedAnnotation);

impl DeferredAnnotation {
    /// Creates an annotation that `read` produces later, on the exporter's thread. `retained_bytes` is an estimate of what
    /// `read` holds until then; it counts towards the bounds of open spans and of the queue. If `read` panics, its part is
    /// lost and counted.
    pub fn new(retained_bytes: usize, read: impl FnOnce() -> Annotation + Send + 'static) -> Self {
        Self(RecordedAnnotation::deferred(retained_bytes, read))
    }

    /// Changes the part that is known at once.
    pub fn map(self, change: impl FnOnce(Annotation) -> Annotation) -> Self {
        Self(self.0.map(change))
    }

    /// Returns the part that is known at once.
    pub const fn known(&self) -> &Annotation {
        &self.0.annotation
    }

    /// Adds the annotation to a span. Returns `false` if no [`LlmObsLayer`](crate::LlmObsLayer) records the span, or it has
    /// ended.
    pub fn apply_to(self, span: &Span) -> bool {
        annotate_recorded(span, self.0)
    }

    /// Returns whether an [`LlmObsLayer`](crate::LlmObsLayer) sees the span. If not, there is no need to copy anything for
    /// an annotation.
    pub fn is_recorded(span: &Span) -> bool {
        find(span, |_, _, _| ()).is_some()
    }
}

impl From<Annotation> for DeferredAnnotation {
    fn from(annotation: Annotation) -> Self {
        Self(annotation.into())
    }
}
