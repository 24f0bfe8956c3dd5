//! Ids of spans and traces, and their formats on the wire.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The id of a span: a non-zero 64-bit number, written in decimal.
///
/// # Example
///
/// ```
/// use llmobs_model::SpanId;
///
/// let id: SpanId = "13868373840013471817".parse()?;
/// assert_eq!(id.to_string(), "13868373840013471817");
/// # Ok::<(), llmobs_model::IdError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// The smallest id, 1.
    pub const MIN: Self = Self(NonZeroU64::MIN);

    /// Creates the id with this number; `None` for zero, which is no id.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// Returns the id as a number.
    pub fn as_u64(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SpanId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self).map_err(|_| IdError::Span)
    }
}

impl From<SpanId> for String {
    fn from(id: SpanId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for SpanId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

/// The id of a trace: 128 bits, written as 32 lowercase hex digits, or any text of another service.
///
/// Ids of `tracing-llmobs` have 32 bits of unix seconds, 32 zero bits and 64 random bits. A text of another form keeps its
/// letters, because the intake joins by equality.
///
/// # Example
///
/// ```
/// use llmobs_model::TraceId;
///
/// let id: TraceId = "6a879500000000000123456789abcdef".parse()?;
/// assert_eq!(id.as_u128(), Some(0x6a87_9500_0000_0000_0123_4567_89ab_cdef));
/// let custom: TraceId = "custom-id".parse()?;
/// assert_eq!((custom.as_u128(), custom.to_string().as_str()), (None, "custom-id"));
/// # Ok::<(), llmobs_model::IdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TraceId(Repr);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Repr {
    Wide(u128),
    Text(Arc<str>),
}

impl TraceId {
    /// Creates the id with this 128-bit number.
    pub const fn new(number: u128) -> Self {
        Self(Repr::Wide(number))
    }

    /// Returns the id as a number, or `None` when it is not 32 lowercase hex digits.
    pub fn as_u128(&self) -> Option<u128> {
        match self.0 {
            Repr::Wide(number) => Some(number),
            Repr::Text(_) => None,
        }
    }

    /// Returns the low 64 bits, which is the trace id of older APM headers, or `None` when it is not a number.
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "the low half is the result")]
    pub fn low_64_bits(&self) -> Option<u64> {
        self.as_u128().map(|number| number as u64)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Wide(number) => write!(f, "{number:032x}"),
            Repr::Text(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

impl FromStr for TraceId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() {
            return Err(IdError::Trace);
        }
        let is_hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match u128::from_str_radix(text, 16) {
            Ok(number) if is_hex => Ok(Self::new(number)),
            _ => Ok(Self(Repr::Text(text.into()))),
        }
    }
}

impl From<TraceId> for String {
    fn from(id: TraceId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for TraceId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

/// The error of a text that is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// The text is not a decimal number from 1 to 2^64 - 1.
    #[error("span id is not a decimal number between 1 and 2^64 - 1")]
    Span,
    /// The text is empty.
    #[error("trace id is empty")]
    Trace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_ids_of_other_services_keep_their_letters() {
        for text in ["12345", "custom-id", "6A879500000000000123456789ABCDEF", "00000000000000000000000000003039"] {
            assert_eq!(text.parse::<TraceId>().unwrap().to_string(), text);
        }
        assert_eq!("".parse::<TraceId>(), Err(IdError::Trace));
    }

    #[test]
    fn low_64_bits_are_the_second_half() {
        assert_eq!(TraceId::new(7 << 64 | 9).low_64_bits(), Some(9));
        assert_eq!("custom-id".parse::<TraceId>().unwrap().low_64_bits(), None);
    }

    #[test]
    fn span_ids_are_decimal_and_not_zero() {
        for text in ["0", "", "-1", "abc", "18446744073709551616"] {
            assert_eq!(text.parse::<SpanId>(), Err(IdError::Span), "{text}");
        }
        assert_eq!("18446744073709551615".parse::<SpanId>().unwrap().as_u64(), u64::MAX);
    }
}
