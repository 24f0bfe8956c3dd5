//! Errors of evaluations and feedback.

/// The error of an evaluation or feedback that was refused; nothing of it is sent.
///
/// [`kind`](Self::kind) returns the word that the other SDKs use for the same mistake. Mistakes that types rule out have no
/// variant: a reasoning that is not text, an id of the wrong form.
///
/// # Example
///
/// ```
/// use llmobs_model::{Assessment, EvaluationError};
///
/// let error = "maybe".parse::<Assessment>().unwrap_err();
/// assert_eq!(error, EvaluationError::Assessment { value: "maybe".to_owned() });
/// assert_eq!(error.kind(), "invalid_assessment");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// No span is set, or a span is set more than once.
    #[error("an evaluation must name exactly one span, by its context or by a tag of it")]
    JoinCount,
    /// The span is not an LLM span that the layer knows.
    #[error("the span to evaluate is not an LLM span of this layer")]
    Span,
    /// The tag to join by has no key or no value.
    #[error("the tag to join by needs a key and a value")]
    JoiningKey,
    /// The scope is neither `span` nor `trace`.
    #[error("the scope must be span or trace: {value:?}")]
    Scope {
        /// The value that was given.
        value: String,
    },
    /// The time is before 1970.
    #[error("the timestamp must not be before 1970")]
    Timestamp,
    /// The label is empty.
    #[error("the label must not be empty")]
    Label,
    /// The label has a dot, which the intake does not take.
    #[error("the label must not contain a dot: {label:?}")]
    LabelValue {
        /// The label.
        label: String,
    },
    /// The type of the value is unknown, or there is not exactly one value.
    #[error(
        "an evaluation needs exactly one value, categorical, score, boolean or json (feedback also text): {value:?}"
    )]
    MetricType {
        /// The value that was given.
        value: String,
    },
    /// The value does not fit its type: a score that is not finite, JSON that is not an object.
    #[error("a value of the type {metric_type} must be {expected}")]
    MetricValue {
        /// The type.
        metric_type: &'static str,
        /// The values that the type takes.
        expected: &'static str,
    },
    /// A tag has no key.
    #[error("a tag must have a key")]
    Tags,
    /// The assessment is neither `pass` nor `fail`.
    #[error("the assessment must be pass or fail: {value:?}")]
    Assessment {
        /// The value that was given.
        value: String,
    },
    /// A value of the metadata cannot be written as JSON.
    #[error("the metadata must be a JSON object")]
    Metadata,
    /// Feedback has no target, or more than one.
    #[error("feedback must be about exactly one span, trace, session or join key")]
    TargetCount,
    /// The session that feedback is about is empty.
    #[error("the session that feedback is about must not be empty")]
    SessionId,
    /// The join key of feedback is empty.
    #[error("the join key of feedback must not be empty")]
    FeedbackJoinKey,
    /// The feedback has no submitter.
    #[error("feedback needs a submitter with an id")]
    Submitter,
    /// The queue is full. The statistics count the refusal.
    #[error("the queue is full")]
    QueueFull,
    /// The exporter was shut down before. The statistics count the refusal.
    #[error("the exporter was shut down")]
    Closed,
}

impl EvaluationError {
    /// Returns the word for this mistake that all SDKs share.
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
