//! Bytes of requests and responses that a client retains, counted among those of open spans.

use std::sync::Arc;

use tracing::Span;

use super::capture::Capture;
use super::span_ext::find;
use crate::recording::{FieldKey, FieldLog, FieldValue};
use crate::stats::Problem;

/// The bytes that a client retains of one call in flight.
///
/// They count among those of open spans, of which all clients together may take a share only: a span can always begin.
#[derive(Debug)]
pub(crate) struct RetainedBytes {
    capture: Arc<Capture>,
    bytes: u64,
}

impl RetainedBytes {
    /// Creates a count of zero; `None` when no layer records the span.
    pub(crate) fn none_yet(span: &Span) -> Option<Self> {
        find(span, |capture, _, _| Self { capture: Arc::clone(capture), bytes: 0 })
    }

    /// Creates a second count, for another part of the same call.
    pub(crate) fn for_another_part(&self) -> Self {
        Self { capture: Arc::clone(&self.capture), bytes: 0 }
    }

    /// Changes the count to `bytes`. Returns `false`, and changes nothing, when open spans and clients would then hold more
    /// than three quarters of their bound.
    pub(crate) fn resize_to(&mut self, bytes: usize) -> bool {
        self.resize(bytes, 3)
    }

    /// Changes the count as [`resize_to`](Self::resize_to) does, up to half of the bound: for bytes that could be made
    /// fewer, by parsing them earlier.
    pub(crate) fn resize_within_half(&mut self, bytes: usize) -> bool {
        self.resize(bytes, 2)
    }

    /// Counts content that there was no room for, and puts a marker in its place in the span if `key` names one.
    pub(crate) fn mark_oversize(&self, span: &Span, key: Option<FieldKey>) {
        let name = span.metadata().map_or("", |metadata| metadata.name());
        self.capture.services.count(Problem::Oversize, name);
        let Some(key) = key else { return };
        find(span, |capture, dispatch, id| {
            for layer in capture.layers(dispatch) {
                let mut marker = FieldLog::new();
                marker.push(key, FieldValue::Oversize);
                layer.spans.with(id, |record| record.apply(&layer.services, &mut marker, None));
            }
        });
    }

    fn resize(&mut self, bytes: usize, quarters: u64) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let is_resized = self.capture.services.budget.resize(self.bytes, bytes, quarters);
        if is_resized {
            self.bytes = bytes;
        }
        is_resized
    }
}

impl Drop for RetainedBytes {
    fn drop(&mut self) {
        self.capture.services.budget.resize(self.bytes, 0, 0);
    }
}
