//! What a processor decides.

/// What becomes of a span that a processor has seen.
///
/// A processor may return nothing (the span is kept), a verdict, or a `Result` of either, of which an error loses the
/// span: what could not be redacted does not leave.
///
/// # Example
///
/// ```
/// use tracing_llmobs::Verdict;
///
/// assert_eq!(Verdict::from(()), Verdict::Keep);
/// assert_eq!(Verdict::from("x".parse::<u8>().map(drop)), Verdict::Fail);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[must_use = "a verdict that nobody hears changes nothing"]
pub enum Verdict {
    /// It goes on: to the next processor, or out.
    Keep,
    /// It is taken out, on purpose; counted as [`LossReason::Processor`](crate::LossReason::Processor).
    Drop,
    /// The processor failed. The span is taken out in the same way, and the failure is counted as
    /// [`Problem::Processor`](crate::Problem::Processor) and mentioned.
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
