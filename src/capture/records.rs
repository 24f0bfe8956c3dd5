//! The records of one span, one for each layer of ours.

use std::sync::Arc;

use super::lineage::{Borne, Lineage, Trace};
use super::record::{Evaluable, SpanRecord};
use super::state::Capture;
use crate::recording::RecordedAnnotation;

/// What a span has in the registry's extensions: one record for each layer of ours that sees it.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Nearly always the only one.
    first: Option<SpanRecord>,
    others: Vec<SpanRecord>,
}

impl Records {
    /// The record that this layer keeps.
    pub(crate) fn of(&mut self, capture: &Arc<Capture>) -> Option<&mut SpanRecord> {
        self.iter_mut().find(|record| Arc::ptr_eq(&record.capture, capture))
    }

    /// The span as it can be evaluated within this layer.
    pub(crate) fn evaluable(&self, capture: &Arc<Capture>) -> Option<Evaluable> {
        let mut records = self.first.iter().chain(&self.others);
        records.find(|record| Arc::ptr_eq(&record.capture, capture)).and_then(SpanRecord::evaluable)
    }

    /// Whether the span is open within this layer; its kind may come later.
    pub(crate) fn hears(&self, capture: &Arc<Capture>) -> bool {
        self.kept(capture).is_some_and(|record| record.hears(true) && !record.is_bearer())
    }

    /// Whether the span only says something for those below it, within this layer.
    pub(crate) fn is_bearer(&self, capture: &Arc<Capture>) -> bool {
        self.kept(capture).is_some_and(SpanRecord::is_bearer)
    }

    /// What the span passes on within this layer.
    pub(crate) fn lineage(&self, capture: &Arc<Capture>) -> Option<Lineage> {
        self.kept(capture).and_then(SpanRecord::lineage)
    }

    /// The same; what one says for those below it that is none of ours is added to `borne`.
    #[cold]
    pub(super) fn lineage_or(&self, capture: &Arc<Capture>, borne: &mut Option<Box<Borne>>) -> Option<Lineage> {
        let found = self.lineage(capture);
        if found.is_none()
            && let Some(more) = self.kept(capture).and_then(SpanRecord::borne)
        {
            *borne = Some(more.below(borne.take()));
        }
        found
    }

    /// The record that this layer keeps, to look at.
    pub(crate) fn kept(&self, capture: &Arc<Capture>) -> Option<&SpanRecord> {
        let mut records = self.first.iter().chain(&self.others);
        records.find(|record| Arc::ptr_eq(&record.capture, capture))
    }

    /// Annotates all that hear it and says whether there was one. The last one takes the annotation over, unless
    /// it is still needed.
    pub(crate) fn annotate(&mut self, annotation: &mut Option<RecordedAnnotation>, is_needed: bool) -> bool {
        let makes_ours = annotation.as_ref().is_some_and(|said| said.kind.is_some());
        let mut left = self.iter_mut().filter(|record| record.hears(makes_ours)).count();
        let mut found = false;
        for record in self.iter_mut().filter(|record| record.hears(makes_ours)) {
            left = left.saturating_sub(1);
            let said = if left == 0 && !is_needed { annotation.take() } else { annotation.clone() };
            found |= said.is_some_and(|said| record.annotate(said));
        }
        found
    }

    pub(crate) fn add(&mut self, record: SpanRecord) {
        if self.first.is_none() {
            self.first = Some(record);
        } else {
            self.others.push(record);
        }
    }

    /// The traces that the span is open in.
    pub(crate) fn traces(&self) -> impl Iterator<Item = Arc<Trace>> {
        let records = self.first.iter().chain(&self.others);
        records.filter(|record| record.hears(true) && !record.is_bearer()).map(|record| Arc::clone(&record.trace))
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SpanRecord> {
        self.first.iter_mut().chain(&mut self.others)
    }
}

impl From<SpanRecord> for Records {
    fn from(record: SpanRecord) -> Self {
        Self { first: Some(record), others: Vec::new() }
    }
}
