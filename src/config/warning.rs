//! Settings that could not be used and do not stop the exporter.

use std::fmt;

/// A setting that could not be used, and what holds instead. The worker logs each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ConfigWarning {
    /// A number that is no number or out of range.
    Number { setting: &'static str, value: String, allowed: String, default: &'static str },
    /// A boolean that is neither true nor false.
    Switch { setting: &'static str, value: String },
    /// A rule for stderr that does not exist.
    Stderr { setting: &'static str, value: String },
    /// An address that is unencrypted and on another machine.
    Cleartext { setting: &'static str, value: String },
    /// A tag without a key.
    Tag { setting: &'static str },
    /// A name that no integration has.
    Integration { setting: &'static str, value: String, nearest: Option<&'static str> },
    /// A name of the LLM application that breaks one of Datadog's rules, from the environment or from a fallback.
    MlApp { setting: &'static str, value: String, rule: &'static str },
    /// A variable that looks like one of ours, and is none.
    UnknownVariable { name: String, nearest: Option<&'static str> },
    /// A variable of Datadog's other SDKs that changes nothing here.
    WithoutEffect { name: &'static str, instead: &'static str },
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
            Self::Stderr { setting, value } => {
                write!(f, "{setting} is none of last-resort, always and never, so last-resort is used: {value:?}")
            }
            Self::Integration { setting, value, nearest } => {
                write!(f, "{setting} names an integration that does not exist, which is left out: {value:?}")?;
                suggest(f, *nearest)
            }
            Self::Cleartext { setting, value } => {
                write!(
                    f,
                    "{setting} is unencrypted and not on this machine, so prompts can be read on the way: {value:?}"
                )
            }
            Self::Tag { setting } => write!(f, "{setting} has a tag without a key, which is ignored"),
            Self::MlApp { setting, value, rule } => {
                write!(f, "{setting} is sent as the name of the LLM application, although {rule}: {value:?}")
            }
            Self::UnknownVariable { name, nearest } => {
                write!(f, "{name} is not a setting of tracing-llmobs, so it is ignored")?;
                suggest(f, *nearest)
            }
            Self::WithoutEffect { name, instead } => write!(f, "{name} has no effect here: {instead}"),
        }
    }
}

/// Adds the nearest name that exists.
fn suggest(f: &mut fmt::Formatter<'_>, nearest: Option<&'static str>) -> fmt::Result {
    nearest.map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest}?"))
}
