//! The kinds of values in the table of settings: how each is read from text and kept.

use std::fmt::Debug;
use std::time::Duration;

use super::address::UrlText;
use super::given::{Given, Read, excerpt};
use super::site::ApiKey;
use super::warning::ConfigWarning;
use crate::diagnostics::StderrLog;

/// A kind of value.
pub(crate) trait Kind {
    /// The value as [`Config`](super::Config) keeps it.
    type Stored;

    /// Keeps the text of a variable, parsed or as it is.
    fn store(text: String) -> Self::Stored;
}

/// A kind that is parsed at once; text that is no such value is kept as evidence.
pub(crate) trait Parsed {
    type Value: PartialOrd + Copy + Debug + Default;

    fn parse(text: &str) -> Option<Self::Value>;
}

impl<P: Parsed> Kind for P {
    type Stored = Result<P::Value, String>;

    fn store(text: String) -> Self::Stored {
        P::parse(text.trim()).ok_or_else(|| excerpt(&text))
    }
}

/// `true` or `false`, in the spellings that Datadog's SDKs know.
#[derive(Debug)]
pub(crate) enum Switch {}

impl Parsed for Switch {
    type Value = bool;

    fn parse(text: &str) -> Option<bool> {
        match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }
}

/// The rule for lines on stderr.
#[derive(Debug)]
pub(crate) enum Stderr {}

impl Parsed for Stderr {
    type Value = StderrLog;

    fn parse(text: &str) -> Option<StderrLog> {
        match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "last-resort" => Some(StderrLog::LastResort),
            "always" => Some(StderrLog::Always),
            "never" => Some(StderrLog::Never),
            _ => None,
        }
    }
}

/// A decimal number without a unit.
#[derive(Debug)]
pub(crate) enum Share {}

impl Parsed for Share {
    type Value = f64;

    fn parse(text: &str) -> Option<f64> {
        text.parse().ok()
    }
}

/// A whole number of bytes or items.
#[derive(Debug)]
pub(crate) enum Count {}

impl Parsed for Count {
    type Value = usize;

    fn parse(text: &str) -> Option<usize> {
        text.parse().ok()
    }
}

/// A time in seconds, which may have a fraction.
#[derive(Debug)]
pub(crate) enum Seconds {}

impl Parsed for Seconds {
    type Value = Duration;

    fn parse(text: &str) -> Option<Duration> {
        Duration::try_from_secs_f64(text.parse().ok()?).ok()
    }
}

/// A text that is read when all settings are resolved.
#[derive(Debug)]
pub(crate) enum Text {}

impl Kind for Text {
    type Stored = String;

    fn store(text: String) -> String {
        text
    }
}

/// An address, whose `Debug` shows no secret.
#[derive(Debug)]
pub(crate) enum Url {}

impl Kind for Url {
    type Stored = UrlText;

    fn store(text: String) -> UrlText {
        UrlText(text)
    }
}

/// An API key, which is never shown.
#[derive(Debug)]
pub(crate) enum Key {}

impl Kind for Key {
    type Stored = ApiKey;

    fn store(text: String) -> ApiKey {
        ApiKey::from(text)
    }
}

/// The range of a number and its default, as the table spells them.
#[derive(Debug)]
pub(super) struct Bounds {
    pub(super) unit: &'static str,
    pub(super) least: &'static str,
    pub(super) most: &'static str,
    pub(super) default: &'static str,
}

impl Bounds {
    /// Returns the given value if it is in range, otherwise the default, with a warning.
    pub(super) fn pick<P: Parsed>(&self, given: Option<Read<P::Value>>, warnings: &mut Vec<ConfigWarning>) -> P::Value {
        // The spelled bounds are parsed as a variable is, so that the documents cannot say another number than holds.
        let [least, most, default] =
            [self.least, self.most, self.default].map(|text| P::parse(text).unwrap_or_default());
        let Some(Given { setting, value }) = given else { return default };
        let value = match value {
            // Every comparison with NaN is false, so it is out of range.
            Ok(value) if value >= least && value <= most => return value,
            Ok(value) => excerpt(&format!("{value:?}")),
            Err(text) => text,
        };
        let allowed = format!("{} to {} ({})", self.least, self.most, self.unit);
        warnings.push(ConfigWarning::Number { setting, value, allowed, default: self.default });
        default
    }
}
