//! Which span's output another span used.

use super::context::SpanContext;
use super::id::{SpanId, TraceId};

/// A link from a span to an earlier one, beside that of child and parent: data went from one end of the other
/// span to one end of this one.
///
/// On the wire `{"span_id":"7","trace_id":"6a87…","attributes":{"from":"output","to":"input"}}` in `span_links`.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Annotation, LinkEnd, LlmObsSpanExt, SpanLink};
///
/// let search = tracing::info_span!("search", llmobs.kind = "retrieval");
/// let answer = tracing::info_span!("answer", llmobs.kind = "llm");
/// // What was found went into the question: the output of one into the input of the other.
/// answer.follows_from(&search);
/// // The same by hand, and for a context that came from elsewhere.
/// if let Some(context) = search.llmobs_context() {
///     answer.annotate(Annotation::new().link(SpanLink::new(&context).ends(LinkEnd::Output, LinkEnd::Input)));
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SpanLink {
    /// The other span.
    pub span_id: SpanId,
    /// The other span's trace.
    pub trace_id: TraceId,
    /// The end of the other span; default is its output.
    pub from: LinkEnd,
    /// The end of this span; default is its input.
    pub to: LinkEnd,
}

/// An end of a [`SpanLink`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkEnd {
    /// `input`
    Input,
    /// `output`
    Output,
}

impl SpanLink {
    /// From the output of the other span to the input of this one.
    pub fn new(other: &SpanContext) -> Self {
        Self::between(other.trace_id.clone(), other.span_id)
    }

    /// The same with ids.
    pub const fn between(trace_id: TraceId, span_id: SpanId) -> Self {
        Self { span_id, trace_id, from: LinkEnd::Output, to: LinkEnd::Input }
    }

    /// Sets both ends: that of the other span, and that of this one.
    pub const fn ends(mut self, from: LinkEnd, to: LinkEnd) -> Self {
        self.from = from;
        self.to = to;
        self
    }
}

impl LinkEnd {
    /// The end in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}
