//! What stands around events.

/// What stands before and after the items of a payload; commas stand between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) prefix: &'static str,
    pub(crate) suffix: &'static str,
}

impl Frame {
    /// An array of envelopes with one span each.
    ///
    /// Source: dd-trace-py 4.15 `ddtrace/llmobs/_writer.py`, dd-trace-go `internal/llmobs/transport/span.go`, August 2026.
    pub(crate) const SPANS: Self = Self { prefix: "[", suffix: "]" };

    /// One document around evaluations and feedback.
    ///
    /// Source: dd-trace-py 4.15 `ddtrace/llmobs/_writer.py`, dd-trace-js `packages/dd-trace/src/llmobs/writers/evaluations.js`,
    /// August 2026.
    pub(crate) const EVALUATIONS: Self =
        Self { prefix: r#"{"data":{"type":"evaluation_metric","attributes":{"metrics":["#, suffix: "]}}}" };

    /// The bytes of a payload that are not items or commas.
    pub(crate) const fn bytes(self) -> usize {
        self.prefix.len().saturating_add(self.suffix.len())
    }
}

/// What stands before a span: each has an envelope of its own.
pub(super) const BEFORE_SPAN: &str = concat!(
    r#"{"_dd.stage":"raw","_dd.tracer_version":""#,
    env!("CARGO_PKG_VERSION"),
    r#"","event_type":"span","spans":["#
);

/// What stands after it.
pub(super) const AFTER_SPAN: &str = "]}";
