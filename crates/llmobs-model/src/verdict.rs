//! Verdicts of processors.

/// The decision of a processor on a span.
///
/// A processor may return nothing (the span is kept), a verdict, or a `Result` of either. An error loses the span: a span
/// that could not be redacted does not leave the process.
///
/// # Example
///
/// ```
/// use llmobs_model::Verdict;
///
/// assert_eq!(Verdict::from(()), Verdict::Keep);
/// assert_eq!(Verdict::from("x".parse::<u8>().map(drop)), Verdict::Fail);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use = "a verdict has no effect until the exporter gets it"]
pub enum Verdict {
    /// The span goes on: to the next processor, or out.
    Keep,
    /// The span is dropped on purpose; `tracing-llmobs` counts it as `LossReason::Processor`.
    Drop,
    /// The processor failed. The span is dropped and counted too, and the failure is counted as `Problem::Processor` and
    /// logged.
    Fail,
}

impl From<()> for Verdict {
    fn from((): ()) -> Self {
        Self::Keep
    }
}

impl<T: Into<Self>, E> From<Result<T, E>> for Verdict {
    fn from(outcome: Result<T, E>) -> Self {
        outcome.map_or(Self::Fail, Into::into)
    }
}
