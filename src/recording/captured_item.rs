//! Items that an in-memory sink keeps instead of sending them.

use llmobs_model::SpanEvent;
use serde_json::Value;

/// A finished item, kept in this process for the recorder of the feature `testing`.
#[derive(Debug)]
#[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "the recorder of that feature reads it"))]
pub(crate) enum CapturedItem {
    Span(Box<SpanEvent>),
    /// In the form of the wire.
    Evaluation(Value),
}
