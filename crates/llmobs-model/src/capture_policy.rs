//! Capture policies: bounds on what leaves the process.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A bound on what leaves the process of a span.
///
/// | policy | input, output, prompt, tool definitions, intent, agent manifest | metadata, tags of the span, cost tags, text of an error | ids, names, versions, model, times, status, metrics, session, links |
/// |---|---|---|---|
/// | `all` | yes | yes | yes |
/// | `metadata` | no | yes | yes |
/// | `none` | no | no | yes |
///
/// In `tracing-llmobs`, the field `llmobs.capture` and [`Annotation::capture`](crate::Annotation::capture) set the policy
/// of a span and of child spans that start later, and `Builder::capture_policy` sets a bound for a kind. The stricter one
/// holds.
/// Evaluations and feedback that the application submits for such a span are sent as they are. Evaluations that other
/// libraries record as attributes keep label, value and assessment, and lose the reasoning unless the policy is `all`.
///
/// # Example
///
/// ```
/// use llmobs_model::CapturePolicy;
///
/// assert_eq!("metadata".parse(), Ok(CapturePolicy::Metadata));
/// assert!(CapturePolicy::None < CapturePolicy::All);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

    /// Returns the policy as it is in the field.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Metadata => "metadata",
            Self::All => "all",
        }
    }
}

impl FromStr for CapturePolicy {
    type Err = UnknownPolicy;

    /// Parses a policy in lower case; surrounding white space is ignored.
    fn from_str(text: &str) -> Result<Self, UnknownPolicy> {
        let text = text.trim();
        Self::ALL.iter().copied().find(|policy| policy.as_str() == text).ok_or(UnknownPolicy)
    }
}

/// The error of a text that is not a [`CapturePolicy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("capture policy is not one of none, metadata, all")]
#[non_exhaustive]
pub struct UnknownPolicy;
