//! What somebody found out about a span.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::{Map, Value};

use super::context::SpanContext;
use super::depth;
use super::evaluation_error::EvaluationError;
use super::evaluation_metric::{Assessment, EvaluationValue, MetricBuilder, SetOnce, metric_setters, unix_ms};
use super::policy::CapturePolicy;
use super::submission::{JoinOn, Submission, SubmissionKind};
use super::usage::MetricValue;

/// What somebody found out about a span: a judge, a rule, a classifier.
///
/// It says a label and a value, and which span it is about; that can also be said by who takes it
/// ([`LlmObsSpanExt::evaluate`](crate::LlmObsSpanExt::evaluate)). What is left to check is checked when it is submitted.
///
/// A label is the name under which values are compared with one another; it has no dot. Documented for it are a letter
/// at the beginning, ASCII letters, digits and underscores, and at most 200 characters.
///
/// # Example
///
/// ```
/// use tracing_llmobs::{Assessment, Evaluation};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let (_layer, guard) = tracing_llmobs::builder().enabled(false).start::<tracing_subscriber::Registry>()?;
/// // The context of a span can be kept anywhere: in a database row, in the message that was answered.
/// let context = tracing_llmobs::SpanContext::new("6a87950000000000a1b2c3d4e5f60718".parse()?, "42".parse()?);
/// let evaluation = Evaluation::score("faithfulness", 0.85)
///     .span(context)
///     .assessment(Assessment::Pass)
///     .reasoning("Every claim is in the documents.")
///     .metadata("judge", "gpt-4o")
///     .tag("evaluator", "ragas");
/// guard.handle().submit_evaluation(evaluation)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an evaluation says nothing until it is submitted"]
pub struct Evaluation {
    join: SetOnce<JoinOn>,
    scope: EvaluationScope,
    metadata: Map<String, Value>,
    has_bad_metadata: bool,
    metric: MetricBuilder,
}

impl Evaluation {
    /// A value that comes with the name of its type: from a form, a file, a model's answer. Types are `categorical`,
    /// `score`, `boolean` and `json`, in any case. Whether it fits is checked when it is submitted.
    pub fn of_type(label: impl Into<String>, metric_type: &str, value: Value) -> Self {
        Self::new(label.into(), EvaluationValue::of_type(metric_type, value, false))
    }

    /// Without a value; what is there instead is told when it is submitted.
    pub fn flawed(label: impl Into<String>, error: EvaluationError) -> Self {
        Self::new(label.into(), Err(error))
    }

    fn new(label: String, value: Result<EvaluationValue, EvaluationError>) -> Self {
        Self {
            join: SetOnce::Unset,
            scope: EvaluationScope::Span,
            metadata: Map::new(),
            has_bad_metadata: false,
            metric: MetricBuilder::new(label, value),
        }
    }

    /// Says which span it is about. Exactly one span must be said, in one of the two ways.
    pub fn span(mut self, context: SpanContext) -> Self {
        self.join = self.join.set(JoinOn::Span(context));
        self
    }

    /// Says that it is about the span with this tag. The intake drops what fits no span or more than one.
    pub fn span_with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.join = self.join.set(JoinOn::Tag { key: key.into(), value: value.into() });
        self
    }

    /// Says whether it is about the span alone, which is the default, or about the whole trace; the span should be the
    /// root then.
    pub const fn scope(mut self, scope: EvaluationScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets one value of the metadata, of anything that serde can write as JSON; what it cannot (map keys that are no
    /// strings, more than 128 levels) is refused when it is submitted.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        match depth::to_value(&value) {
            Ok(value) => drop(self.metadata.insert(name.into(), value)),
            Err(_) => self.has_bad_metadata = true,
        }
        self
    }

    /// Sets many values of the metadata: a map or a struct. What is no object is refused when it is submitted.
    pub fn metadata_map(mut self, values: impl Serialize) -> Self {
        match depth::to_value(&values) {
            Ok(Value::Object(members)) => self.metadata.extend(members),
            Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
                self.has_bad_metadata = true;
            }
        }
        self
    }

    /// Whether it is about the span or its trace.
    pub const fn target_scope(&self) -> EvaluationScope {
        self.scope
    }

    /// What of it may leave.
    pub fn restricted_to(mut self, policy: CapturePolicy) -> Self {
        if policy < CapturePolicy::All {
            self.metric.reasoning = None;
        }
        if policy < CapturePolicy::Metadata {
            self.metadata.clear();
        }
        self
    }

    /// The application, if none was said.
    pub fn or_ml_app(mut self, name: Option<&str>) -> Self {
        if self.metric.ml_app.is_none() {
            self.metric.ml_app = name.map(str::to_owned);
        }
        self
    }

    /// Checks what the types leave open, in the order of the other SDKs.
    pub fn check(self, now_ms: u64) -> Result<Submission, EvaluationError> {
        let join = self.join.value().ok_or(EvaluationError::JoinCount)?;
        if let JoinOn::Tag { key, value } = &join
            && (key.is_empty() || value.is_empty())
        {
            return Err(EvaluationError::JoiningKey);
        }
        let metric = self.metric.check(now_ms)?;
        if self.has_bad_metadata {
            return Err(EvaluationError::Metadata);
        }
        let kind = SubmissionKind::Evaluation { join, scope: self.scope, metadata: self.metadata };
        Ok(Submission { kind, metric })
    }
}

metric_setters!(Evaluation);

/// What an [`Evaluation`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EvaluationScope {
    /// The span. On the wire `span`.
    #[default]
    Span,
    /// The trace that the span is the root of. On the wire `trace`.
    Trace,
}

impl EvaluationScope {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Trace => "trace",
        }
    }
}

impl fmt::Display for EvaluationScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EvaluationScope {
    type Err = EvaluationError;

    fn from_str(text: &str) -> Result<Self, EvaluationError> {
        match text {
            "span" => Ok(Self::Span),
            "trace" => Ok(Self::Trace),
            other => Err(EvaluationError::Scope { value: other.to_owned() }),
        }
    }
}
