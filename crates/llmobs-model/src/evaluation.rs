//! Evaluations of spans and traces.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::capture_policy::CapturePolicy;
use super::evaluation_error::EvaluationError;
use super::evaluation_metric::{Assessment, EvaluationValue, MetricBuilder, SetOnce, metric_setters, unix_ms};
use super::json_limits;
use super::metrics::MetricValue;
use super::span_context::SpanContext;
use super::submission::{JoinOn, Submission, SubmissionKind};

/// An evaluation of a span or a trace: by a judge, a rule, a classifier.
///
/// It has a label and a value, and refers to a span by its context or by a tag. `tracing-llmobs` submits it for the span at
/// hand or for any other, and checks it then.
///
/// The label is the name under which values are compared; it has no dot. Datadog documents a letter at the beginning,
/// ASCII letters, digits and underscores, and at most 200 characters.
///
/// # Example
///
/// ```
/// use llmobs_model::{Assessment, Evaluation, SpanContext};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // The context of a span can be kept anywhere: in a database row, in the message that was answered.
/// let context = SpanContext::new("6a87950000000000a1b2c3d4e5f60718".parse()?, "42".parse()?);
/// let evaluation = Evaluation::score("faithfulness", 0.85)
///     .span(context)
///     .assessment(Assessment::Pass)
///     .reasoning("Every claim is in the documents.")
///     .metadata("judge", "gpt-4o")
///     .tag("evaluator", "ragas");
/// # let _ = evaluation;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "an evaluation is not sent until it is submitted"]
pub struct Evaluation {
    join: SetOnce<JoinOn>,
    scope: EvaluationScope,
    metadata: Map<String, Value>,
    has_bad_metadata: bool,
    metric: MetricBuilder,
}

impl Evaluation {
    /// Creates an evaluation from a value and the name of its type, as a form, a file or a model's answer has them. Types are
    /// `categorical`, `score`, `boolean` and `json`, in any case. The value is checked when the evaluation is submitted.
    pub fn of_type(label: impl Into<String>, metric_type: &str, value: Value) -> Self {
        Self::new(label.into(), EvaluationValue::of_type(metric_type, value, false))
    }

    /// Creates an evaluation without a value, whose submission fails with `error`.
    #[doc(hidden)]
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

    /// Sets the span by its context. Exactly one span must be set, by its context or by a tag.
    pub fn span(mut self, context: SpanContext) -> Self {
        self.join = self.join.set(JoinOn::Span(context));
        self
    }

    /// Sets the span by a tag that it has. The intake drops evaluations that fit no span or more than one.
    pub fn span_with_tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.join = self.join.set(JoinOn::Tag { key: key.into(), value: value.into() });
        self
    }

    /// Sets the scope: the span alone, which is the default, or the whole trace; the span should be the root then.
    pub const fn scope(mut self, scope: EvaluationScope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets a value of the metadata, from any type that serde can write as JSON. Other values (map keys that are not strings,
    /// more than 128 levels) are refused when the evaluation is submitted.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        match json_limits::to_value(&value) {
            Ok(value) => drop(self.metadata.insert(name.into(), value)),
            Err(_) => self.has_bad_metadata = true,
        }
        self
    }

    /// Sets many values of the metadata, from a map or a struct. A value that is not an object is refused when the evaluation
    /// is submitted.
    pub fn metadata_map(mut self, values: impl Serialize) -> Self {
        match json_limits::to_value(&values) {
            Ok(Value::Object(members)) => self.metadata.extend(members),
            Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => {
                self.has_bad_metadata = true;
            }
        }
        self
    }

    /// Returns the scope.
    #[doc(hidden)]
    pub const fn target_scope(&self) -> EvaluationScope {
        self.scope
    }

    /// Removes members that `policy` keeps in the process.
    #[doc(hidden)]
    pub fn restricted_to(mut self, policy: CapturePolicy) -> Self {
        if policy < CapturePolicy::All {
            self.metric.reasoning = None;
        }
        if policy < CapturePolicy::Metadata {
            self.metadata.clear();
        }
        self
    }

    /// Sets the application, if there is none.
    #[doc(hidden)]
    pub fn or_ml_app(mut self, name: Option<&str>) -> Self {
        if self.metric.ml_app.is_none() {
            self.metric.ml_app = name.map(str::to_owned);
        }
        self
    }

    /// Checks the evaluation, in the order of the other SDKs, so that the first error is the same.
    ///
    /// # Errors
    ///
    /// The first of the checks that fails.
    #[doc(hidden)]
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

/// The scope of an [`Evaluation`].
///
/// # Example
///
/// ```
/// use llmobs_model::EvaluationScope;
///
/// assert_eq!("trace".parse(), Ok(EvaluationScope::Trace));
/// assert_eq!(EvaluationScope::default().as_str(), "span");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum EvaluationScope {
    /// The span. On the wire `span`.
    #[default]
    Span,
    /// The trace that the span is the root of. On the wire `trace`.
    Trace,
}

impl EvaluationScope {
    /// Returns the scope as it is on the wire.
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
