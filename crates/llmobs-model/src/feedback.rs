//! Feedback of users.

use std::time::SystemTime;

use serde_json::Value;

use super::evaluation_error::EvaluationError;
use super::evaluation_metric::{Assessment, EvaluationValue, MetricBuilder, SetOnce, metric_setters, unix_ms};
use super::id::{SpanId, TraceId};
use super::metrics::MetricValue;
use super::span_context::SpanContext;
use super::submission::{FeedbackSubmitter, FeedbackTarget, Submission, SubmissionKind};

/// Feedback of a user on an answer: a thumb, stars, a comment.
///
/// Its target is exactly one of a span, a trace, a session, or a key that spans have as their tag `feedback_join_key`, and it
/// has a submitter. It is checked when it is submitted.
///
/// # Example
///
/// ```
/// use llmobs_model::Feedback;
///
/// let thumb = Feedback::boolean("helpful", true).session_id("session-42").submitter("user-7").submitter_type("end_user");
/// # let _ = thumb;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "feedback is not sent until it is submitted"]
pub struct Feedback {
    target: SetOnce<FeedbackTarget>,
    submitter: FeedbackSubmitter,
    metric: MetricBuilder,
}

impl Feedback {
    /// Creates feedback with free text, such as a comment.
    pub fn text(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(label.into(), Ok(EvaluationValue::Text(value.into())))
    }

    /// Creates feedback from a value and the name of its type: `categorical`, `score`, `boolean`, `json` or `text`, in any
    /// case. The value is checked when the feedback is submitted.
    pub fn of_type(label: impl Into<String>, metric_type: &str, value: Value) -> Self {
        Self::new(label.into(), EvaluationValue::of_type(metric_type, value, true))
    }

    fn new(label: String, value: Result<EvaluationValue, EvaluationError>) -> Self {
        Self {
            target: SetOnce::Unset,
            submitter: FeedbackSubmitter::default(),
            metric: MetricBuilder::new(label, value),
        }
    }

    /// Sets the target to this span. Exactly one target must be set.
    pub fn span(self, context: &SpanContext) -> Self {
        self.span_id(context.span_id)
    }

    /// Sets the target to the span with this id.
    pub fn span_id(self, id: SpanId) -> Self {
        self.target(FeedbackTarget::Span(id))
    }

    /// Sets the target to this trace.
    pub fn trace_id(self, id: TraceId) -> Self {
        self.target(FeedbackTarget::Trace(id))
    }

    /// Sets the target to this session.
    pub fn session_id(self, id: impl Into<String>) -> Self {
        self.target(FeedbackTarget::Session(id.into()))
    }

    /// Sets the target to the spans whose tag `feedback_join_key` has this value.
    pub fn feedback_join_key(self, key: impl Into<String>) -> Self {
        self.target(FeedbackTarget::JoinKey(key.into()))
    }

    /// Sets the submitter, by an id of the application.
    pub fn submitter(mut self, id: impl Into<String>) -> Self {
        self.submitter.id = id.into();
        self
    }

    /// Sets the type of the submitter, for example `end_user`; default is none.
    pub fn submitter_type(mut self, name: impl Into<String>) -> Self {
        self.submitter.submitter_type = Some(name.into());
        self
    }

    fn target(mut self, target: FeedbackTarget) -> Self {
        self.target = self.target.set(target);
        self
    }

    /// Checks the feedback, in the order of the other SDKs, so that the first error is the same.
    ///
    /// # Errors
    ///
    /// The first of the checks that fails.
    #[doc(hidden)]
    pub fn check(self, now_ms: u64) -> Result<Submission, EvaluationError> {
        let target = self.target.value().ok_or(EvaluationError::TargetCount)?;
        match &target {
            FeedbackTarget::Session(id) if id.is_empty() => return Err(EvaluationError::SessionId),
            FeedbackTarget::JoinKey(key) if key.is_empty() => return Err(EvaluationError::FeedbackJoinKey),
            FeedbackTarget::Span(_)
            | FeedbackTarget::Trace(_)
            | FeedbackTarget::Session(_)
            | FeedbackTarget::JoinKey(_) => {}
        }
        if self.submitter.id.is_empty() {
            return Err(EvaluationError::Submitter);
        }
        let kind = SubmissionKind::Feedback { target, submitter: self.submitter };
        Ok(Submission { kind, metric: self.metric.check(now_ms)? })
    }
}

metric_setters!(Feedback);
