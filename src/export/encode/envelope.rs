//! The JSON around events.

/// The JSON before and after the items of a payload; items are separated by commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) prefix: &'static str,
    pub(crate) suffix: &'static str,
}

impl Frame {
    /// The frame of spans: an array of envelopes with one span each.
    ///
    /// Source: dd-trace-py 4.15 `ddtrace/llmobs/_writer.py`, dd-trace-go `internal/llmobs/transport/span.go`, August 2026.
    pub(crate) const SPANS: Self = Self { prefix: "[", suffix: "]" };

    /// The frame of evaluations and feedback: one document around all.
    ///
    /// Source: dd-trace-py 4.15 `ddtrace/llmobs/_writer.py`, dd-trace-js `packages/dd-trace/src/llmobs/writers/evaluations.js`,
    /// August 2026.
    pub(crate) const EVALUATIONS: Self =
        Self { prefix: r#"{"data":{"type":"evaluation_metric","attributes":{"metrics":["#, suffix: "]}}}" };

    /// Returns a payload without any event, to ask whether the receiver takes requests at all: an envelope without spans,
    /// or a document without evaluations.
    pub(crate) fn probe(self) -> String {
        let item = if self == Self::SPANS { [BEFORE_SPAN, AFTER_SPAN].concat() } else { String::new() };
        [self.prefix, &item, self.suffix].concat()
    }

    /// Returns the bytes of a payload that are not items or commas.
    pub(crate) const fn bytes(self) -> usize {
        self.prefix.len().saturating_add(self.suffix.len())
    }
}

/// The JSON before a span: each has an envelope of its own.
pub(super) const BEFORE_SPAN: &str = concat!(
    r#"{"_dd.stage":"raw","_dd.tracer_version":""#,
    env!("CARGO_PKG_VERSION"),
    r#"","event_type":"span","spans":["#
);

/// The JSON after a span.
pub(super) const AFTER_SPAN: &str = "]}";
