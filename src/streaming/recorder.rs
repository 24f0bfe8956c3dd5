//! The recorder of a stream: it joins the pieces of a response and annotates the span once.

use std::sync::Arc;

use tracing::Span;

use crate::capture::{Capture, RecordedSpan};
use llmobs_model::{Annotation, Content, Message, SpanError, SpanKind, ToolCall, metric};

/// Records an answer that comes in pieces, and ends the span when it is finished or dropped.
///
/// However the stream ends, there is one span, with what was received: the joined text as output, the seconds from the
/// start of the span to the first piece as [`metric::TIME_TO_FIRST_TOKEN`], and whatever was annotated, of which the
/// later wins. For a `Stream` there is `over`, with the feature `stream`.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Annotation, Message, StreamRecorder, metric};
///
/// # struct Chunk { text: &'static str, tokens: Option<u64> }
/// # let chunks: Vec<Result<Chunk, std::io::Error>> =
/// #     vec![Ok(Chunk { text: "He", tokens: None }), Ok(Chunk { text: "llo", tokens: Some(2) })];
/// let span = tracing::info_span!("chat", llmobs.kind = "llm", llmobs.model_name = "gpt-4o-mini");
/// let mut recorder = StreamRecorder::new(span);
/// recorder.annotate(Annotation::new().input(Message::user("Greet me.")));
/// for chunk in chunks {
///     match chunk {
///         Ok(chunk) => {
///             recorder.text(chunk.text);
///             if let Some(tokens) = chunk.tokens {
///                 recorder.annotate(Annotation::new().metric(metric::OUTPUT_TOKENS, tokens));
///             }
///         }
///         Err(error) => recorder.error(&error),
///     }
/// }
/// // An early return would have ended the span too.
/// recorder.finish();
/// ```
#[derive(Debug)]
#[must_use = "dropping it ends the span"]
pub struct StreamRecorder {
    span: Span,
    /// The capture that finds the span, when it cannot be found by itself.
    capture: Option<Arc<Capture>>,
    text: String,
    tool_calls: Vec<ToolCall>,
    said: Annotation,
    /// In seconds.
    first_after: Option<f64>,
}

impl StreamRecorder {
    /// Text beyond this is not kept; a span does not hold more.
    const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// Records into this span, which ends with the recorder.
    ///
    /// The time to the first piece counts from the span's start, so create the span before the request is sent. With a
    /// layer inside `reload::Layer`, which cannot be found from a span, take [`Handle::stream`](crate::Handle::stream).
    pub fn new(span: Span) -> Self {
        Self::within(span, None)
    }

    pub(crate) fn within(span: Span, capture: Option<Arc<Capture>>) -> Self {
        let (text, tool_calls, said) = Default::default();
        Self { span, capture, text, tool_calls, said, first_after: None }
    }

    /// A piece of the answer's text. Empty pieces, which many providers begin with, are no answer yet.
    pub fn text(&mut self, piece: &str) {
        if piece.is_empty() {
            return;
        }
        self.note_first();
        if self.text.len().saturating_add(piece.len()) <= Self::MAX_BYTES {
            self.text.push_str(piece);
        }
    }

    /// A tool call that is complete; an `llm` span has it in the answer's message.
    pub fn tool_call(&mut self, call: ToolCall) {
        self.note_first();
        self.tool_calls.push(call);
    }

    /// Anything else about the span: input, usage, metadata. An output replaces the pieces.
    pub fn annotate(&mut self, annotation: Annotation) {
        self.said.merge(annotation);
    }

    /// The stream broke. What was received before stays.
    pub fn error<E: std::error::Error>(&mut self, error: &E) {
        self.said.error = Some(SpanError::from_error(error));
    }

    /// Ends the span, as dropping does.
    pub fn finish(self) {}

    /// The span that is recorded into.
    pub const fn span(&self) -> &Span {
        &self.span
    }

    fn note_first(&mut self) {
        if self.first_after.is_none() {
            self.first_after = self.recorded_span().age().map(|(seconds, _)| seconds);
        }
    }

    fn recorded_span(&self) -> RecordedSpan<'_> {
        match &self.capture {
            Some(capture) => RecordedSpan::within(&self.span, capture),
            None => RecordedSpan::of(&self.span),
        }
    }

    /// Joins the pieces: a message of an `llm`, else text.
    fn output(&mut self, kind: SpanKind) -> Option<Content> {
        let text = std::mem::take(&mut self.text);
        let calls = std::mem::take(&mut self.tool_calls);
        if text.is_empty() && calls.is_empty() {
            return None;
        }
        Some(match kind {
            SpanKind::Llm => {
                let mut message = Message::assistant(text);
                message.tool_calls = calls;
                message.into()
            }
            SpanKind::Workflow
            | SpanKind::Agent
            | SpanKind::Tool
            | SpanKind::Task
            | SpanKind::Embedding
            | SpanKind::Retrieval
            | _ => text.into(),
        })
    }
}

impl Drop for StreamRecorder {
    fn drop(&mut self) {
        let Some((_, kind)) = self.recorded_span().age() else { return };
        let output = self.output(kind);
        let mut said = std::mem::take(&mut self.said);
        said.output = said.output.or(output);
        if let Some(seconds) = self.first_after.filter(|_| said.metrics.get(metric::TIME_TO_FIRST_TOKEN).is_none()) {
            said.metrics.insert(metric::TIME_TO_FIRST_TOKEN, seconds);
        }
        self.recorded_span().annotate(said.into());
        self.recorded_span().finish();
    }
}
