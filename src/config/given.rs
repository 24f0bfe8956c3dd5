//! A value and where it is from.

use std::fmt;

/// What was said for one setting, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given<T> {
    /// The environment variable, or the builder's method.
    pub(crate) setting: &'static str,
    pub(crate) value: T,
}

impl<T> Given<T> {
    pub(crate) const fn new(setting: &'static str, value: T) -> Self {
        Self { setting, value }
    }
}

/// A value, or the beginning of the text that could not be read as one.
pub(crate) type Read<T> = Given<Result<T, String>>;

/// A setting that was not usable, and what is done instead. The exporter starts all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigWarning {
    /// A number is no number, or out of range.
    Number { setting: &'static str, value: String, allowed: String, default: String },
    /// A switch is neither on nor off.
    Switch { setting: &'static str, value: String },
    /// A tag has no key.
    Tag { setting: &'static str },
    /// No vocabulary has the name.
    Integration { setting: &'static str, value: String },
    /// The name of the LLM application was not configured, and what stands in for it breaks a rule.
    MlApp { setting: &'static str, value: String, rule: &'static str },
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { setting, value, allowed, default } => {
                write!(f, "{setting} is not within {allowed}, so the default {default} is used: {value:?}")
            }
            Self::Switch { setting, value } => {
                write!(f, "{setting} is neither true nor false, so it is ignored: {value:?}")
            }
            Self::Integration { setting, value } => {
                write!(f, "{setting} names an integration that does not exist, so the default all is used: {value:?}")
            }
            Self::Tag { setting } => write!(f, "{setting} has a tag without a key, which is ignored"),
            Self::MlApp { setting, value, rule } => {
                write!(
                    f,
                    "{setting} is used as the name of the LLM application, but is not a good one: {rule}: {value:?}"
                )
            }
        }
    }
}

/// As much of a text as a message should show.
pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(MAX_EXCERPT_CHARS).collect()
}

const MAX_EXCERPT_CHARS: usize = 80;
