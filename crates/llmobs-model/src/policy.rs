//! How much of what is said about a span is kept.

/// How much of what is said about a span leaves the process.
///
/// | policy | input, output, prompt, tool definitions, intent, agent manifest | metadata, tags of the span, cost tags, text of an error | ids, names, versions, model, times, status, metrics, session, links |
/// |---|---|---|---|
/// | `all` | yes | yes | yes |
/// | `metadata` | no | yes | yes |
/// | `none` | no | no | yes |
///
/// The field `llmobs.capture` sets it for a span and for those that start below it;
/// [`Builder::capture_policy`](crate::Builder::capture_policy) bounds it for a kind. Of the two the stricter one holds.
/// Evaluations and feedback of such a span are sent: whoever submits one says what is in it. Of evaluations that libraries
/// write in words of their own only the label, the value and the assessment are, without the reasoning, if not all may
/// leave.
///
/// # Example
///
/// ```
/// use tracing_llmobs::CapturePolicy;
///
/// assert_eq!("metadata".parse(), Ok(CapturePolicy::Metadata));
/// assert!(CapturePolicy::None < CapturePolicy::All);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum CapturePolicy {
    /// `none`
    None,
    /// `metadata`
    Metadata,
    /// `all`
    #[default]
    All,
}

impl CapturePolicy {
    /// All policies, the strictest first.
    pub const ALL: &'static [Self] = &[Self::None, Self::Metadata, Self::All];

    /// The policy as it is in the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Metadata => "metadata",
            Self::All => "all",
        }
    }
}

impl std::str::FromStr for CapturePolicy {
    type Err = UnknownPolicy;

    /// Reads a policy in lower case; white space around it is ignored.
    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        let text = text.trim();
        Self::ALL.iter().copied().find(|policy| policy.as_str() == text).ok_or(UnknownPolicy)
    }
}

/// The text is none of the three policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("capture policy is none of none, metadata, all")]
#[non_exhaustive]
pub struct UnknownPolicy;
