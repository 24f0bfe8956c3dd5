//! The answers about one span: what it is, what it maps to, and which evaluations it holds.

use llmobs_model::SpanKind;

use crate::attributes::{ResolvedAttributes, is_short};
use crate::convention::class::AttributeClass;
use crate::convention::otel;
use crate::evaluations::{self, EvaluationDraft};
use crate::mapping::{MappedSpan, Summary, annotation, usage};
use crate::{Classification, ForeignAttributes, RemarkSet, classification};

impl<'a> ForeignAttributes<'a> {
    /// Decides what the span is. Reads names and a few short values only.
    pub fn classify(&self) -> Classification {
        classification::classify(&ResolvedAttributes::new(self))
    }

    /// Returns what an open span must know of itself: its classification, and whom it belongs to.
    pub fn summarize(&self) -> Summary {
        annotation::summarize(&ResolvedAttributes::new(self))
    }

    /// Returns whether the span counts tokens.
    pub fn has_usage(&self) -> bool {
        usage::has_tokens(&ResolvedAttributes::new(self))
    }

    /// Maps the span, which is of this kind.
    ///
    /// `is_demoted` is for a model's span around another span of the same call: its kind is `workflow` then, and its model
    /// and token counts become metadata, because the inner span reports them.
    pub fn map(&self, kind: SpanKind, is_demoted: bool) -> MappedSpan {
        annotation::map(&ResolvedAttributes::new(self), kind, is_demoted)
    }

    /// Maps the span without its content, for capture policies below `all`. See [`AttributeClass`].
    ///
    /// Parameters are left out too if their values are long texts or lists, or members whose names say content.
    pub fn map_without_content(&self, kind: SpanKind, is_demoted: bool) -> MappedSpan {
        let finish_reasons = annotation::finish_reasons_of_output(&ResolvedAttributes::new(self));
        let finish_reasons = finish_reasons.into_iter().filter(|reason| is_short(reason)).collect();
        let restricted = self.without_content();
        let mut mapped = annotation::map(&ResolvedAttributes::new(&restricted), kind, is_demoted);
        annotation::add_finish_reasons(&mut mapped.annotation, finish_reasons);
        mapped
    }

    fn without_content(&self) -> ForeignAttributes<'a> {
        let is_kept = |name: &str| AttributeClass::of(name) != AttributeClass::Content;
        let mut kept = Self::with_capacity(self.plan, self.attributes.len());
        kept.is_restricted = true;
        for (name, value) in self.attributes.iter().filter(|(name, _)| is_kept(name)) {
            kept.push(name, *value);
        }
        for event in &self.events {
            kept.push_event(event.name, event.is_error);
            // The text of an event decides whether its error was dealt with, and is itself mapped to content only.
            let attributes = event.attributes.iter().filter(|(name, _)| *name == otel::MESSAGE || is_kept(name));
            attributes.for_each(|(name, value)| kept.push_event_attribute(name, *value));
        }
        kept
    }

    /// Returns everything odd about a span that [`map`](Self::map) has mapped. Decodes many values again, so ask only when
    /// somebody reads the answer.
    pub fn remarks(&self, kind: SpanKind, is_demoted: bool, mapped: &MappedSpan) -> RemarkSet {
        annotation::remarks_about(&ResolvedAttributes::new(self), kind, is_demoted, mapped)
    }

    /// Returns the evaluations that the span and its events hold, or that the span itself is.
    pub fn evaluations(&self) -> Vec<EvaluationDraft> {
        evaluations::evaluations(&ResolvedAttributes::new(self))
    }

    /// Returns the evaluations in attributes of the span itself, of itself or its trace.
    pub fn inline_evaluations(&self) -> Vec<EvaluationDraft> {
        if !self.attributes.iter().any(|(name, _)| evaluations::is_inline(name)) {
            return Vec::new();
        }
        let mut own = Self::new(self.plan);
        let inline = self.attributes.iter().filter(|(name, _)| evaluations::is_inline(name));
        inline.for_each(|(name, value)| own.push(name, *value));
        own.evaluations()
    }
}
