//! Why an evaluation or feedback was not taken.

/// An evaluation or feedback was not taken in; nothing of it is sent.
///
/// [`kind`](Self::kind) gives the word that the other SDKs use for the same mistake. What they check and the types
/// rule out has no variant: a reasoning that is no text, an id of the wrong form, both ways to join at once in one value.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Assessment, EvaluationError};
///
/// let error = "maybe".parse::<Assessment>().unwrap_err();
/// assert_eq!(error, EvaluationError::Assessment { value: "maybe".to_owned() });
/// assert_eq!(error.kind(), "invalid_assessment");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// It says no span to join, or says one more than once.
    #[error("an evaluation must name exactly one span, by its context or by a tag of it")]
    JoinCount,
    /// The span is not an LLM span that the layer knows.
    #[error("the span to evaluate is no LLM span of this layer")]
    Span,
    /// The tag to join by has no key or no value.
    #[error("the tag to join by needs a key and a value")]
    JoiningKey,
    /// The scope is neither `span` nor `trace`.
    #[error("the scope must be span or trace: {value:?}")]
    Scope {
        /// What was given.
        value: String,
    },
    /// The time is before 1970.
    #[error("the timestamp must not be before 1970")]
    Timestamp,
    /// The label is empty.
    #[error("the label must not be empty")]
    Label,
    /// The label has a dot, which the intake does not take in a name.
    #[error("the label must not contain a dot: {label:?}")]
    LabelValue {
        /// The label.
        label: String,
    },
    /// The type of the value is none of the known ones, or there is not exactly one value.
    #[error(
        "an evaluation needs exactly one value, categorical, score, boolean or json (feedback also text): {value:?}"
    )]
    MetricType {
        /// What was given instead.
        value: String,
    },
    /// The value does not fit its type: a score that is not finite, JSON that is no object.
    #[error("a value of the type {metric_type} must be {expected}")]
    MetricValue {
        /// The type.
        metric_type: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// A tag has no key.
    #[error("a tag must have a key")]
    Tags,
    /// The assessment is neither `pass` nor `fail`.
    #[error("the assessment must be pass or fail: {value:?}")]
    Assessment {
        /// What was given.
        value: String,
    },
    /// A value of the metadata cannot be written as JSON.
    #[error("the metadata must be a JSON object")]
    Metadata,
    /// Feedback says nothing that it is about, or more than one thing.
    #[error("feedback must be about exactly one span, trace, session or join key")]
    TargetCount,
    /// The session that feedback is about has no name.
    #[error("the session that feedback is about must not be empty")]
    SessionId,
    /// The join key of feedback is empty.
    #[error("the join key of feedback must not be empty")]
    FeedbackJoinKey,
    /// Nobody has submitted the feedback.
    #[error("feedback needs a submitter with an id")]
    Submitter,
    /// The queue holds as much as it may. The ledger counts it.
    #[error("the queue is full")]
    QueueFull,
    /// The exporter was shut down before. The ledger counts it.
    #[error("the exporter was shut down")]
    Closed,
}

impl EvaluationError {
    /// The word for this mistake that all SDKs share.
    ///
    /// Source: dd-trace-js `packages/dd-trace/src/llmobs/sdk.js`, dd-trace-py `ddtrace/llmobs/_eval_metric.py`, August 2026.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::JoinCount => "provided_both_span_and_tag_joining_key",
            Self::Span => "invalid_span",
            Self::JoiningKey => "invalid_joining_key",
            Self::Scope { .. } => "invalid_eval_scope",
            Self::Timestamp => "invalid_timestamp",
            Self::Label => "invalid_metric_label",
            Self::LabelValue { .. } => "invalid_label_value",
            Self::MetricType { .. } => "invalid_metric_type",
            Self::MetricValue { .. } => "invalid_metric_value",
            Self::Tags => "invalid_tags",
            Self::Assessment { .. } => "invalid_assessment",
            Self::Metadata => "invalid_metadata",
            Self::TargetCount => "invalid_target_count",
            Self::SessionId => "invalid_session_id",
            Self::FeedbackJoinKey => "invalid_feedback_join_key",
            Self::Submitter => "invalid_submitter",
            Self::QueueFull => "queue_full",
            Self::Closed => "closed",
        }
    }
}
