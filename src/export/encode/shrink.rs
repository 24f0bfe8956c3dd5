//! Encoding within a size limit: content is dropped until the event fits.

use super::envelope::{AFTER_SPAN, BEFORE_SPAN};
use super::span::encode_span;
use super::span_event_ref::{Body, SpanEventRef};
use crate::stats::LossReason;

/// The completeness of an encoded event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Everything is there.
    Whole,
    /// The event was too large: input and output were replaced, and perhaps the metadata left out.
    Shrunk,
}

/// Appends one event in its envelope, an item of a payload.
///
/// Shape: `{"_dd.stage":"raw","_dd.tracer_version":"…","event_type":"span","spans":[{…}]}`.
///
/// The event itself, without the envelope, is smaller than `max_event_bytes`: one that is not loses its
/// input with its prompt and its output (both become a marker, also one that was not there), then its metadata and its
/// tool definitions.
///
/// # Errors
///
/// [`LossReason::TooLarge`] when it is too large even so; nothing is appended then.
///
/// Source: dd-trace-py 4.15 `ddtrace/llmobs/_writer.py`, `_truncate_span_event`, August 2026; the second step is ours.
pub(crate) fn encode_within(
    event: &mut SpanEventRef<'_>,
    max_event_bytes: usize,
    out: &mut Vec<u8>,
) -> Result<Fit, LossReason> {
    let before = out.len();
    out.extend_from_slice(BEFORE_SPAN.as_bytes());
    let fit = encode_smaller(event, max_event_bytes, out);
    if fit.is_ok() {
        out.extend_from_slice(AFTER_SPAN.as_bytes());
    } else {
        out.truncate(before);
    }
    fit
}

fn encode_smaller(event: &mut SpanEventRef<'_>, max_bytes: usize, out: &mut Vec<u8>) -> Result<Fit, LossReason> {
    let start = out.len();
    if is_written(event, max_bytes, out) {
        return Ok(Fit::Whole);
    }
    out.truncate(start);
    drop_content(event);
    if is_written(event, max_bytes, out) {
        return Ok(Fit::Shrunk);
    }
    out.truncate(start);
    event.metadata.clear();
    event.cost_tags.clear();
    event.agent_manifest = None;
    event.tool_definitions.clear();
    if is_written(event, max_bytes, out) { Ok(Fit::Shrunk) } else { Err(LossReason::TooLarge) }
}

fn is_written(event: &SpanEventRef<'_>, max_bytes: usize, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    encode_span(event, out);
    out.len().saturating_sub(start) < max_bytes
}

fn drop_content(event: &mut SpanEventRef<'_>) {
    event.input = Some(Body::Text(DROPPED_VALUE.into()));
    event.output = Some(Body::Text(DROPPED_VALUE.into()));
    event.prompt = None;
    if !event.collection_errors.iter().any(|error| error == DROPPED_IO) {
        event.collection_errors.push(DROPPED_IO.to_owned());
    }
}

/// The marker of the other SDKs, which the intake's pages recognize; its text names 5MB whatever the limit is.
pub(crate) const DROPPED_VALUE: &str =
    "[This value has been dropped because this span's size exceeds the 5MB size limit.]";

/// The entry in `collection_errors` of an event whose input or output was dropped.
pub(crate) const DROPPED_IO: &str = "dropped_io";

#[cfg(test)]
mod tests;
