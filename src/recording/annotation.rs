//! An annotation as a recording keeps it: with its precedence, and with parts that the worker has yet to read.

use std::ops::{Deref, DerefMut};

use llmobs_model::{Annotation, AnnotationDetails};

use super::deferred::{Deferred, Unreadable};

/// An annotation of a span, on its way from the application's thread to the worker.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct RecordedAnnotation {
    pub(crate) annotation: Annotation,
    pub(crate) precedence: Precedence,
    pub(crate) deferred: Option<Deferred>,
}

/// Decides which of two annotations of one span wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Precedence {
    /// Given for this span; later annotations win over earlier ones.
    #[default]
    Explicit,
    /// From an annotation context: fills gaps of spans of any kind.
    Context,
    /// From a client that observed the call: fills gaps that nothing else fills, whenever it arrives.
    Fallback,
}

impl RecordedAnnotation {
    /// Creates an annotation that `read` makes on the worker's thread. `bytes` is what `read` retains until then.
    ///
    /// Values of the annotation itself win over what is read. Kind, session, application, times and policy must be set
    /// on the annotation: the open span needs them before the worker runs.
    #[cfg_attr(not(feature = "observe"), allow(dead_code, reason = "only observed clients defer reading"))]
    pub(crate) fn deferred(bytes: usize, read: impl FnOnce() -> Annotation + Send + 'static) -> Self {
        Self { deferred: Some(Deferred::new(bytes, read)), ..Self::default() }
    }

    /// Announces token counts in the deferred part: nested spans of one call decide which of them counts the tokens
    /// before the worker reads anything.
    #[cfg_attr(not(feature = "observe"), allow(dead_code, reason = "only observed clients defer reading"))]
    pub(crate) fn expecting_usage(mut self) -> Self {
        if let Some(deferred) = &mut self.deferred {
            deferred.expect_usage();
        }
        self
    }

    pub(crate) const fn with_precedence(mut self, precedence: Precedence) -> Self {
        self.precedence = precedence;
        self
    }

    pub(crate) fn is_context(&self) -> bool {
        self.precedence == Precedence::Context
    }

    pub(crate) fn is_fallback(&self) -> bool {
        self.precedence == Precedence::Fallback
    }

    /// Applies `change` to the annotation.
    pub(crate) fn map(mut self, change: impl FnOnce(Annotation) -> Annotation) -> Self {
        self.annotation = change(self.annotation);
        self
    }

    /// Merges a later annotation of the same precedence over this one.
    pub(crate) fn merge(&mut self, later: Self) {
        self.annotation.merge(later.annotation);
        match (&mut self.deferred, later.deferred) {
            (Some(earlier), Some(later)) => earlier.append(later),
            (none @ None, later) => *none = later,
            (Some(_), None) => {}
        }
    }

    /// Returns the whole annotation with its deferred parts read, and an error if one of them could not be. The result
    /// counts what was refused while reading; capture has counted earlier refusals.
    pub(crate) fn read(self) -> (Annotation, Result<(), Unreadable>) {
        let Some(deferred) = self.deferred else { return (self.annotation, Ok(())) };
        let (mut annotation, outcome) = deferred.read();
        annotation.merge(self.annotation);
        (annotation, outcome)
    }

    /// Drops everything but gaps: what the span is, whose it is and when it was cannot be filled by others.
    pub(crate) fn keep_to_gaps(&mut self) {
        self.annotation.keep_to_gaps();
    }

    /// Returns the bytes that the annotation retains beside itself.
    pub(crate) fn text_bytes(&self) -> usize {
        self.annotation.text_bytes().saturating_add(self.deferred.as_ref().map_or(0, Deferred::bytes))
    }

    /// Returns the bytes that the annotation retains as an entry of a log, with its boxes.
    pub(super) fn retained_bytes(&self) -> usize {
        let details = self.annotation.details.as_ref().map_or(0, |_| size_of::<AnnotationDetails>());
        self.text_bytes().saturating_add(size_of::<Self>()).saturating_add(details)
    }
}

impl From<Annotation> for RecordedAnnotation {
    fn from(annotation: Annotation) -> Self {
        Self { annotation, ..Self::default() }
    }
}

impl Deref for RecordedAnnotation {
    type Target = Annotation;

    fn deref(&self) -> &Annotation {
        &self.annotation
    }
}

impl DerefMut for RecordedAnnotation {
    fn deref_mut(&mut self) -> &mut Annotation {
        &mut self.annotation
    }
}
