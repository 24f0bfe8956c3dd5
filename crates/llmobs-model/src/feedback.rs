//! What a user of the application thinks.

use std::time::SystemTime;

use serde_json::Value;

use super::context::SpanContext;
use super::evaluation_error::EvaluationError;
use super::evaluation_metric::{Assessment, EvaluationValue, MetricBuilder, SetOnce, metric_setters, unix_ms};
use super::id::{SpanId, TraceId};
use super::submission::{FeedbackSubmitter, FeedbackTarget, Submission, SubmissionKind};
use super::usage::MetricValue;

/// What a user of the application thinks of an answer: a thumb, stars, a comment.
///
/// It is about exactly one of a span, a trace, a session, or a key that spans carry as their tag `feedback_join_key`,
/// and somebody has submitted it. What is left to check is checked when it is submitted.
///
/// # Example
///
/// ```
/// use tracing_llmobs::Feedback;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (_layer, guard) = tracing_llmobs::builder().enabled(false).start::<tracing_subscriber::Registry>()?;
/// let thumb = Feedback::boolean("helpful", true).session_id("session-42").submitter("user-7").submitter_type("end_user");
/// guard.handle().submit_feedback(thumb)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "feedback says nothing until it is submitted"]
pub struct Feedback {
    target: SetOnce<FeedbackTarget>,
    submitter: FeedbackSubmitter,
    metric: MetricBuilder,
}

impl Feedback {
    /// Free text, such as a comment.
    pub fn text(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(label.into(), Ok(EvaluationValue::Text(value.into())))
    }

    /// A value that comes with the name of its type, `categorical`, `score`, `boolean`, `json` or `text`, in any case.
    /// Whether it fits is checked when it is submitted.
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

    /// Says that it is about this span. Exactly one thing must be said that it is about.
    pub fn span(self, context: &SpanContext) -> Self {
        self.span_id(context.span_id)
    }

    /// Says that it is about the span with this id.
    pub fn span_id(self, id: SpanId) -> Self {
        self.about(FeedbackTarget::Span(id))
    }

    /// Says that it is about this trace.
    pub fn trace_id(self, id: TraceId) -> Self {
        self.about(FeedbackTarget::Trace(id))
    }

    /// Says that it is about this session.
    pub fn session_id(self, id: impl Into<String>) -> Self {
        self.about(FeedbackTarget::Session(id.into()))
    }

    /// Says that it is about the spans whose tag `feedback_join_key` has this value.
    pub fn feedback_join_key(self, key: impl Into<String>) -> Self {
        self.about(FeedbackTarget::JoinKey(key.into()))
    }

    /// Says who thinks so, by an id of the application's.
    pub fn submitter(mut self, id: impl Into<String>) -> Self {
        self.submitter.id = id.into();
        self
    }

    /// Says what sort of submitter that is, for example `end_user`; default is to say nothing.
    pub fn submitter_type(mut self, name: impl Into<String>) -> Self {
        self.submitter.submitter_type = Some(name.into());
        self
    }

    fn about(mut self, target: FeedbackTarget) -> Self {
        self.target = self.target.set(target);
        self
    }

    /// Checks what the types leave open, in the order of the other SDKs.
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
