//! What evaluations and feedback have in common: a label, a value, and what is said beside it.

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Number, Value};

use super::content::retained_json_bytes;
use super::depth::unless_deep;
use super::evaluation_error::EvaluationError;
use super::tags::Tags;
use super::texts::in_members;
use super::usage::MetricValue;

/// Whether what was metric is good enough.
///
/// # Example
///
/// ```
/// use tracing_llmobs::Assessment;
///
/// assert_eq!("pass".parse(), Ok(Assessment::Pass));
/// assert_eq!(Assessment::Fail.to_string(), "fail");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Assessment {
    /// It is. On the wire `pass`.
    Pass,
    /// It is not. On the wire `fail`.
    Fail,
}

impl Assessment {
    /// The word on the wire.
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

/// A value with its type.
#[derive(Debug, Clone, PartialEq)]
pub enum EvaluationValue {
    Categorical(String),
    Score(Number),
    Boolean(bool),
    Json(Map<String, Value>),
    /// Only feedback has text.
    Text(String),
}

impl EvaluationValue {
    pub(super) fn score(value: MetricValue) -> Result<Self, EvaluationError> {
        let wrong = EvaluationError::MetricValue { metric_type: "score", expected: "a finite number" };
        value.0.map(Self::Score).ok_or(wrong)
    }

    /// A value that comes with the name of its type; the name has no case.
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

    /// The type on the wire.
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
            Self::Json(members) => members_bytes(members),
        }
    }
}

/// What was said so far; checked when it is submitted.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct MetricBuilder {
    pub(super) label: String,
    pub(super) value: Result<EvaluationValue, EvaluationError>,
    pub(super) assessment: Option<Assessment>,
    pub(super) reasoning: Option<String>,
    /// `None` is the moment in which it is submitted.
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

    /// Checks in the order of the other SDKs, so that the first mistake is the same one.
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

/// What was said, found good.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationMetric {
    pub label: String,
    pub value: EvaluationValue,
    pub assessment: Option<Assessment>,
    pub reasoning: Option<String>,
    pub timestamp_ms: u64,
    pub tags: Tags,
    /// `None` is the configured one.
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

/// What a label must be.
pub(super) fn check_label(label: &str) -> Result<(), EvaluationError> {
    if label.trim().is_empty() {
        return Err(EvaluationError::Label);
    }
    if label.contains('.') {
        return Err(EvaluationError::LabelValue { label: label.to_owned() });
    }
    Ok(())
}

pub(super) fn members_bytes(members: &Map<String, Value>) -> usize {
    members
        .iter()
        .fold(0, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(retained_json_bytes(value)))
}

pub(super) fn unix_ms(at: SystemTime) -> Result<u64, EvaluationError> {
    let since = at.duration_since(UNIX_EPOCH).map_err(|_| EvaluationError::Timestamp)?;
    Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The constructors and setters that both have.
macro_rules! metric_setters {
    ($metric:ident) => {
        impl $metric {
            /// One word of several, such as `toxic` or `up`. It may be empty.
            pub fn categorical(label: impl Into<String>, value: impl Into<String>) -> Self {
                Self::new(label.into(), Ok(EvaluationValue::Categorical(value.into())))
            }

            /// A number, in whatever unit the label stands for; integers stay integers. One that is not finite is refused
            /// when it is submitted.
            pub fn score(label: impl Into<String>, value: impl Into<MetricValue>) -> Self {
                Self::new(label.into(), EvaluationValue::score(value.into()))
            }

            /// Yes or no.
            pub fn boolean(label: impl Into<String>, value: bool) -> Self {
                Self::new(label.into(), Ok(EvaluationValue::Boolean(value)))
            }

            /// A JSON object, given by its members: a map, or an array of pairs. One that is nested deeper than 128 levels
            /// is refused when it is submitted.
            pub fn json<K, V>(label: impl Into<String>, members: impl IntoIterator<Item = (K, V)>) -> Self
            where
                K: Into<String>,
                V: Into<Value>,
            {
                let members = members.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
                Self::new(label.into(), EvaluationValue::of_type("json", Value::Object(members), false))
            }

            /// Says whether that is good enough; default is to say nothing.
            pub const fn assessment(mut self, assessment: Assessment) -> Self {
                self.metric.assessment = Some(assessment);
                self
            }

            /// Says why.
            pub fn reasoning(mut self, text: impl Into<String>) -> Self {
                self.metric.reasoning = Some(text.into());
                self
            }

            /// Sets a tag; of one key the later value holds. `ml_app` and `ddtrace.version` are set by this crate.
            pub fn tag(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
                self.metric.has_bad_tag |= !self.metric.tags.insert(key, value);
                self
            }

            /// Sets when it was found, in milliseconds; default is the moment in which it is submitted.
            pub fn timestamp(mut self, at: SystemTime) -> Self {
                self.metric.timestamp_ms = Some(unix_ms(at));
                self
            }

            /// The same in milliseconds since 1970; 0 is the default.
            pub fn timestamp_ms(mut self, unix_ms: u64) -> Self {
                self.metric.timestamp_ms = (unix_ms > 0).then_some(Ok(unix_ms));
                self
            }

            /// Sets the application that it belongs to; default is that of the span, where one is at hand, else the
            /// configured one.
            pub fn ml_app(mut self, name: impl Into<String>) -> Self {
                self.metric.ml_app = Some(name.into());
                self
            }
        }
    };
}

pub(super) use metric_setters;
