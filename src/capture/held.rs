//! What a client holds of a call that goes on, counted among the bytes of open spans.

use std::sync::Arc;

use tracing::Span;

use super::capture::Capture;
use super::span_ext::find;
use crate::recording::{FieldKey, FieldLog, FieldValue};
use crate::stats::Problem;

/// Bytes that a client holds of a call that goes on: they count among those of open spans, of which they may be a part, so
/// that there is always room for a span to begin.
#[derive(Debug)]
pub(crate) struct Held {
    capture: Arc<Capture>,
    bytes: u64,
}

impl Held {
    /// Nothing so far; `None` when no layer of ours sees the span.
    pub(crate) fn nothing(span: &Span) -> Option<Self> {
        find(span, |capture, _, _| Self { capture: Arc::clone(capture), bytes: 0 })
    }

    /// Nothing so far, for another part of the same call.
    pub(crate) fn beside(&self) -> Self {
        Self { capture: Arc::clone(&self.capture), bytes: 0 }
    }

    /// Counts so many bytes instead of those before; `false` when there is no room for what is more, which is not counted.
    /// All that is open may fill three quarters with it.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        self.resize(bytes, 3)
    }

    /// The same for what could do with less room: it is not to take the last of it, so that it may fill one half.
    pub(crate) fn hold_at_ease(&mut self, bytes: usize) -> bool {
        self.resize(bytes, 2)
    }

    /// Says that content was too much to hold: it is counted, and a marker is in its place in the span if `meaning` says so.
    pub(crate) fn lose(&self, span: &Span, meaning: Option<FieldKey>) {
        let name = span.metadata().map_or("", |metadata| metadata.name());
        self.capture.services.count(Problem::Oversize, name);
        let Some(meaning) = meaning else { return };
        find(span, |capture, dispatch, id| {
            for layer in capture.layers(dispatch) {
                let mut marker = FieldLog::new();
                marker.push(meaning, FieldValue::Oversize);
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

impl Drop for Held {
    fn drop(&mut self) {
        self.capture.services.budget.resize(self.bytes, 0, 0);
    }
}
