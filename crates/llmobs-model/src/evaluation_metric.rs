//! Members that evaluations and feedback have in common: label, value, assessment, reasoning, time, tags.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::evaluation_error::EvaluationError;
use super::json_limits::unless_deep;
use super::json_size::retained_members_bytes;
use super::metrics::MetricValue;
use super::rewrite_texts::in_members;
use super::tags::Tags;

/// The assessment of an evaluated span: good enough or not.
///
/// # Example
///
/// ```
/// use llmobs_model::Assessment;
///
/// assert_eq!("pass".parse(), Ok(Assessment::Pass));
/// assert_eq!(Assessment::Fail.to_string(), "fail");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Assessment {
    /// Good enough. On the wire `pass`.
    Pass,
    /// Not good enough. On the wire `fail`.
    Fail,
}

impl Assessment {
    /// Returns the assessment as it is on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
        }
    }
}

impl fmt::Display for Assessment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Assessment {
    type Err = EvaluationError;

    fn from_str(text: &str) -> Result<Self, EvaluationError> {
        match text {
            "pass" => Ok(Self::Pass),
            "fail" => Ok(Self::Fail),
            other => Err(EvaluationError::Assessment { value: other.to_owned() }),
        }
    }
}

/// The value of an evaluation or feedback, with its type.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "the encoder must know every variant")]
pub enum EvaluationValue {
    Categorical(String),
    Score(Number),
    Boolean(bool),
    Json(Map<String, Value>),
    /// For feedback only.
    Text(String),
}

impl EvaluationValue {
    pub(super) fn score(value: MetricValue) -> Result<Self, EvaluationError> {
        let wrong = EvaluationError::MetricValue { metric_type: "score", expected: "a finite number" };
        value.0.map(Self::Score).ok_or(wrong)
    }

    /// Reads a value of a named type; upper and lower case are the same.
    pub(super) fn of_type(metric_type: &str, value: Value, takes_text: bool) -> Result<Self, EvaluationError> {
        let wrong = |metric_type, expected| Err(EvaluationError::MetricValue { metric_type, expected });
        let Some(value) = unless_deep(value) else { return wrong("json", "nested no deeper than 128 levels") };
        match (metric_type.to_ascii_lowercase().as_str(), value) {
            ("categorical", Value::String(text)) => Ok(Self::Categorical(text)),
            ("categorical", _) => wrong("categorical", "a text"),
            ("score", Value::Number(number)) => Ok(Self::Score(number)),
            ("score", _) => wrong("score", "a finite number"),
            ("boolean", Value::Bool(flag)) => Ok(Self::Boolean(flag)),
            ("boolean", _) => wrong("boolean", "true or false"),
            ("json", Value::Object(members)) => Ok(Self::Json(members)),
            ("json", _) => wrong("json", "a JSON object"),
            ("text", Value::String(text)) if takes_text => Ok(Self::Text(text)),
            ("text", _) if takes_text => wrong("text", "a text"),
            (_, _) => Err(EvaluationError::MetricType { value: metric_type.to_owned() }),
        }
    }

    /// Returns the type as it is on the wire.
    pub const fn metric_type(&self) -> &'static str {
        match self {
            Self::Categorical(_) => "categorical",
            Self::Score(_) => "score",
            Self::Boolean(_) => "boolean",
            Self::Json(_) => "json",
            Self::Text(_) => "text",
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Categorical(text) | Self::Text(text) => text.len(),
            Self::Score(_) | Self::Boolean(_) => 0,
            Self::Json(members) => retained_members_bytes(members),
        }
    }
}

/// The members as the setters left them, unchecked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricBuilder {
    pub(super) label: String,
    pub(super) value: Result<EvaluationValue, EvaluationError>,
    pub(super) assessment: Option<Assessment>,
    pub(super) reasoning: Option<String>,
    /// `None` stands for the time of submission.
    pub(super) timestamp_ms: Option<Result<u64, EvaluationError>>,
    pub(super) tags: Tags,
    pub(super) has_bad_tag: bool,
    pub(super) ml_app: Option<String>,
}

impl MetricBuilder {
    pub(super) const fn new(label: String, value: Result<EvaluationValue, EvaluationError>) -> Self {
        Self {
            label,
            value,
            assessment: None,
            reasoning: None,
            timestamp_ms: None,
            tags: Tags::new(),
            has_bad_tag: false,
            ml_app: None,
        }
    }

    /// Checks in the order of the other SDKs, so that the first error is the same.
    pub(super) fn check(self, now_ms: u64) -> Result<EvaluationMetric, EvaluationError> {
        let timestamp_ms = self.timestamp_ms.transpose()?.unwrap_or(now_ms);
        check_label(&self.label)?;
        let value = self.value?;
        if self.has_bad_tag {
            return Err(EvaluationError::Tags);
        }
        let ml_app = self.ml_app.filter(|name| !name.is_empty());
        let (label, assessment, reasoning, tags) = (self.label, self.assessment, self.reasoning, self.tags);
        Ok(EvaluationMetric { label, value, assessment, reasoning, timestamp_ms, tags, ml_app })
    }
}

/// The checked members.
#[doc(hidden)]
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationMetric {
    pub label: String,
    pub value: EvaluationValue,
    pub assessment: Option<Assessment>,
    pub reasoning: Option<String>,
    pub timestamp_ms: u64,
    pub tags: Tags,
    /// `None` stands for the configured application.
    pub ml_app: Option<String>,
}

impl EvaluationMetric {
    pub(super) fn rewrite_texts(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        let Self { label, value, assessment: _, reasoning, timestamp_ms: _, tags, ml_app } = self;
        rewrite(label);
        match value {
            EvaluationValue::Categorical(text) | EvaluationValue::Text(text) => rewrite(text),
            EvaluationValue::Score(_) | EvaluationValue::Boolean(_) => {}
            EvaluationValue::Json(members) => in_members(members, rewrite),
        }
        [reasoning, ml_app].into_iter().flatten().for_each(&mut *rewrite);
        tags.rewrite(rewrite);
    }

    pub(super) fn bytes(&self) -> usize {
        let texts = [Some(&self.label), self.reasoning.as_ref(), self.ml_app.as_ref()];
        let texts = texts.into_iter().flatten().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        texts.saturating_add(self.value.bytes()).saturating_add(self.tags.text_bytes())
    }
}

/// A value that must be set exactly once.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum SetOnce<T> {
    #[default]
    Unset,
    Set(T),
    /// Set more than once, which is an error when the evaluation is checked.
    Repeated,
}

impl<T> SetOnce<T> {
    pub(super) fn set(self, value: T) -> Self {
        match self {
            Self::Unset => Self::Set(value),
            Self::Set(_) | Self::Repeated => Self::Repeated,
        }
    }

    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Unset | Self::Repeated => None,
        }
    }
}

/// Checks a label: not blank, and without a dot.
pub(super) fn check_label(label: &str) -> Result<(), EvaluationError> {
    if label.trim().is_empty() {
        return Err(EvaluationError::Label);
    }
    if label.contains('.') {
        return Err(EvaluationError::LabelValue { label: label.to_owned() });
    }
    Ok(())
}

/// Returns milliseconds since 1970.
pub(super) fn unix_ms(at: SystemTime) -> Result<u64, EvaluationError> {
    let since = at.duration_since(UNIX_EPOCH).map_err(|_| EvaluationError::Timestamp)?;
    Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Defines the constructors and setters that evaluations and feedback share.
macro_rules! metric_setters {
    ($metric:ident) => {
        impl $metric {
            /// Creates one with a categorical value, such as `toxic` or `up`. It may be empty.
            pub fn categorical(label: impl Into<String>, value: impl Into<String>) -> Self {
                Self::new(label.into(), Ok(EvaluationValue::Categorical(value.into())))
            }

            /// Creates one with a number, in the unit that the label stands for; integers stay integers. A number that is not
            /// finite is refused when it is submitted.
            pub fn score(label: impl Into<String>, value: impl Into<MetricValue>) -> Self {
                Self::new(label.into(), EvaluationValue::score(value.into()))
            }

            /// Creates one with a boolean value.
            pub fn boolean(label: impl Into<String>, value: bool) -> Self {
                Self::new(label.into(), Ok(EvaluationValue::Boolean(value)))
            }

            /// Creates one with a JSON object, given by its members: a map, or an array of pairs. An object that is nested
            /// deeper than 128 levels is refused when it is submitted.
            pub fn json<K, V>(label: impl Into<String>, members: impl IntoIterator<Item = (K, V)>) -> Self
            where
                K: Into<String>,
                V: Into<Value>,
            {
                let members = members.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
                Self::new(label.into(), EvaluationValue::of_type("json", Value::Object(members), false))
            }

            /// Sets the assessment; default is none.
            pub const fn assessment(mut self, assessment: Assessment) -> Self {
                self.metric.assessment = Some(assessment);
                self
            }

            /// Sets the reasoning.
            pub fn reasoning(mut self, text: impl Into<String>) -> Self {
                self.metric.reasoning = Some(text.into());
                self
            }

            /// Sets a tag; a later value of a key replaces an earlier one. The exporter sets `ml_app` and `ddtrace.version`.
            pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.metric.has_bad_tag |= !self.metric.tags.insert(key, value);
                self
            }

            /// Sets the time, kept in milliseconds; default is the time of submission.
            pub fn timestamp(mut self, at: SystemTime) -> Self {
                self.metric.timestamp_ms = Some(unix_ms(at));
                self
            }

            /// Sets the time in milliseconds since 1970; 0 stands for the default.
            pub fn timestamp_ms(mut self, unix_ms: u64) -> Self {
                self.metric.timestamp_ms = (unix_ms > 0).then_some(Ok(unix_ms));
                self
            }

            /// Sets the application; default is the application of the span, where one is at hand, else the configured one.
            pub fn ml_app(mut self, name: impl Into<String>) -> Self {
                self.metric.ml_app = Some(name.into());
                self
            }
        }
    };
}

pub(super) use metric_setters;
