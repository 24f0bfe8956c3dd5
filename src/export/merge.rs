//! Precedence between the sources of a span's values.
//!
//! `llmobs.*` fields and annotations come first and stand in the builder already. Gaps are filled by third-party
//! attributes, then by annotation contexts, then by clients that observed the call.

use std::borrow::Cow;

use super::event_builder::EventBuilder;
use super::shape::RawContent;
use crate::diagnostics;
use crate::fields::foreign_attributes;
use crate::recording::{FieldLog, Head, KindSource};
use llmobs_conventions::{MappedSpan, Remark, RemarkSet};
use llmobs_model::{Annotation, CapturePolicy, SpanError};

/// Maps the third-party attributes of a recording; `None` when its callsite has none.
pub(super) fn read(head: &Head, log: &FieldLog) -> Option<MappedSpan> {
    let plan = head.plan.as_ref()?;
    let attributes = foreign_attributes(plan, log);
    let is_demoted = head.source == KindSource::Demoted;
    let mut reading = match head.policy {
        CapturePolicy::All => attributes.map(head.kind, is_demoted),
        CapturePolicy::Metadata | CapturePolicy::None | _ => attributes.map_without_content(head.kind, is_demoted),
    };
    reading.remarks = if diagnostics::hears_remarks() {
        attributes.remarks(head.kind, is_demoted, &reading)
    } else {
        RemarkSet::default()
    };
    // Its input was there, and is held back.
    reading.remarks.remove_if(Remark::Embedding, head.policy < CapturePolicy::All);
    Some(reading)
}

/// Fills the gaps in the order of precedence.
pub(super) fn fill_gaps(builder: &mut EventBuilder<'_>, reading: Option<MappedSpan>, source: KindSource) {
    let (assumed, mut fallback) = (builder.assumed.take(), builder.fallback.take());
    if source == KindSource::Demoted {
        // The descendant that reports the same call counts the tokens; here they would count twice.
        builder.metrics.remove_usage();
        if let Some(fallback) = &mut fallback {
            fallback.metrics.remove_usage();
        }
    }
    if let Some(MappedSpan { annotation, is_ok, has_lost_input, has_lost_output, .. }) = reading {
        if is_ok && source != KindSource::Explicit {
            builder.failed = None;
        }
        fill(builder, annotation, false);
        fill_slot(&mut builder.input, has_lost_input.then_some(RawContent::Oversize));
        fill_slot(&mut builder.output, has_lost_output.then_some(RawContent::Oversize));
    }
    for gaps in [assumed, fallback].into_iter().flatten() {
        fill(builder, *gaps, true);
    }
}

/// Returns the remarks that remain once `llmobs.*` fields, contexts and clients have filled the gaps.
pub(super) fn unresolved_remarks(mut remarks: RemarkSet, builder: &EventBuilder<'_>, source: KindSource) -> RemarkSet {
    let is_explicit = source == KindSource::Explicit;
    for (remark, is_resolved) in [
        (Remark::Kind, is_explicit),
        (Remark::ToolName, is_explicit),
        (Remark::Model, is_explicit || builder.model_name.is_some()),
        (Remark::Provider, is_explicit || builder.model_provider.is_some()),
        (Remark::Embedding, builder.input.is_some()),
    ] {
        remarks.remove_if(remark, is_resolved);
    }
    remarks
}

fn fill(builder: &mut EventBuilder<'_>, gaps: Annotation, is_assumed: bool) {
    fill_slot(&mut builder.name, gaps.name.map(Cow::Owned));
    fill_slot(&mut builder.model_name, gaps.model_name.map(Cow::Owned));
    fill_slot(&mut builder.model_provider, gaps.model_provider.map(Cow::Owned));
    fill_slot(&mut builder.input, gaps.input.map(RawContent::Content));
    fill_slot(&mut builder.output, gaps.output.map(RawContent::Content));
    builder.error = builder
        .error
        .take()
        .or_else(|| with_logged_text(gaps.error, builder.failed.as_ref().or(builder.logged.as_ref())));
    builder.metadata.fill(gaps.metadata);
    let mut metrics = gaps.metrics;
    metrics.extend(std::mem::take(&mut builder.metrics));
    builder.metrics = metrics;
    let mut tags = gaps.tags.into_list();
    tags.absorb(std::mem::take(&mut builder.tags));
    builder.tags = tags;
    builder.details.fill(gaps.details, is_assumed);
}

/// Completes an error without a message by the error that was logged inside the span.
fn with_logged_text(error: Option<SpanError>, logged: Option<&SpanError>) -> Option<SpanError> {
    let mut error = error?;
    if let Some(logged) = logged.filter(|_| error.message.is_empty()) {
        error.message.clone_from(&logged.message);
        if error.stack.is_empty() {
            error.stack.clone_from(&logged.stack);
        }
    }
    Some(error)
}

fn fill_slot<T>(slot: &mut Option<T>, gap: Option<T>) {
    if slot.is_none() {
        *slot = gap;
    }
}
