//! What others say about a span, below what it says in our words: each fills the gaps that those before have left.

use std::borrow::Cow;

use super::assemble::Draft;
use super::shape::Given;
use crate::diagnostics;
use crate::fields::foreign_attributes;
use crate::recording::{FieldLog, Head, KindSource};
use llmobs_conventions::{MappedSpan, Remark, RemarkSet};
use llmobs_model::{Annotation, CapturePolicy, SpanError};

/// What a span says in the words of other crates, unless there are none.
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

/// Fills the gaps: first from other crates' words, then from contexts, last from clients that saw the call.
pub(super) fn fill_gaps(draft: &mut Draft<'_>, reading: Option<MappedSpan>, source: KindSource) {
    let (assumed, mut fallback) = (draft.assumed.take(), draft.fallback.take());
    if source == KindSource::Demoted {
        // The span below counts them.
        draft.metrics.remove_usage();
        if let Some(fallback) = &mut fallback {
            fallback.metrics.remove_usage();
        }
    }
    if let Some(MappedSpan { annotation, is_ok, has_lost_input, has_lost_output, .. }) = reading {
        if is_ok && source != KindSource::Explicit {
            draft.failed = None;
        }
        fill(draft, annotation, false);
        fill_slot(&mut draft.input, has_lost_input.then_some(Given::Oversize));
        fill_slot(&mut draft.output, has_lost_output.then_some(Given::Oversize));
    }
    for said in [assumed, fallback].into_iter().flatten() {
        fill(draft, *said, true);
    }
}

/// What is odd all the same when everything is known that our words, contexts and clients say.
pub(super) fn still_odd(mut remarks: RemarkSet, draft: &Draft<'_>, source: KindSource) -> RemarkSet {
    let is_ours = source == KindSource::Explicit;
    for (remark, is_said) in [
        (Remark::Kind, is_ours),
        (Remark::ToolName, is_ours),
        (Remark::Model, is_ours || draft.model_name.is_some()),
        (Remark::Provider, is_ours || draft.model_provider.is_some()),
        (Remark::Embedding, draft.input.is_some()),
    ] {
        remarks.remove_if(remark, is_said);
    }
    remarks
}

fn fill(draft: &mut Draft<'_>, gaps: Annotation, is_assumed: bool) {
    fill_slot(&mut draft.name, gaps.name.map(Cow::Owned));
    fill_slot(&mut draft.model_name, gaps.model_name.map(Cow::Owned));
    fill_slot(&mut draft.model_provider, gaps.model_provider.map(Cow::Owned));
    fill_slot(&mut draft.input, gaps.input.map(Given::Content));
    fill_slot(&mut draft.output, gaps.output.map(Given::Content));
    draft.error =
        draft.error.take().or_else(|| with_text_of(gaps.error, draft.failed.as_ref().or(draft.logged.as_ref())));
    draft.metadata.fill(gaps.metadata);
    let mut metrics = gaps.metrics;
    metrics.extend(std::mem::take(&mut draft.metrics));
    draft.metrics = metrics;
    let mut tags = gaps.tags.into_list();
    tags.absorb(std::mem::take(&mut draft.tags));
    draft.tags = tags;
    draft.settled.fill(gaps.details, is_assumed);
}

/// An error that says nothing itself says what was logged inside the span.
fn with_text_of(error: Option<SpanError>, logged: Option<&SpanError>) -> Option<SpanError> {
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
