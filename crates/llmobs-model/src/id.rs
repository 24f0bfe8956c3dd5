//! Identifiers: their formats on the wire and how they are made.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The id of one span: a random non-zero 64-bit number, written in decimal.
///
/// # Example
///
/// ```
/// use tracing_llmobs::SpanId;
///
/// let id: SpanId = "13868373840013471817".parse()?;
/// assert_eq!(id.to_string(), "13868373840013471817");
/// # Ok::<(), tracing_llmobs::IdError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// The smallest.
    pub const MIN: Self = Self(NonZeroU64::MIN);

    /// The id with this number; `None` for zero, which no span may have.
    pub fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }

    /// The number itself.
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

/// The id of one trace.
///
/// Our own are 128 bits (32 bits of unix seconds, 32 zero bits, 64 random bits), written as 32 lowercase hex
/// digits. Other services may send any text; it is kept letter by letter, because the intake joins by
/// equality.
///
/// # Example
///
/// ```
/// use tracing_llmobs::TraceId;
///
/// let ours: TraceId = "6a879500000000000123456789abcdef".parse()?;
/// assert_eq!(ours.as_u128(), Some(0x6a87_9500_0000_0000_0123_4567_89ab_cdef));
/// let foreign: TraceId = "custom-id".parse()?;
/// assert_eq!((foreign.as_u128(), foreign.to_string().as_str()), (None, "custom-id"));
/// # Ok::<(), tracing_llmobs::IdError>(())
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
    /// The id with this 128-bit number.
    pub const fn new(number: u128) -> Self {
        Self(Repr::Wide(number))
    }

    /// The number, or `None` when the id came from elsewhere and is not 32 lowercase hex digits.
    pub fn as_u128(&self) -> Option<u128> {
        match self.0 {
            Repr::Wide(number) => Some(number),
            Repr::Text(_) => None,
        }
    }

    /// Returns the low 64 bits, which is the trace id of older APM headers, or `None` as [`as_u128`](Self::as_u128) does.
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
        let hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match u128::from_str_radix(text, 16) {
            Ok(number) if hex => Ok(Self::new(number)),
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

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A span id is a decimal number from 1 to 2^64 - 1.
    #[error("span id is not a decimal number between 1 and 2^64 - 1")]
    Span,
    /// A trace id is at least one character.
    #[error("trace id is empty")]
    Trace,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_trace_ids_stay_letter_by_letter() {
        for text in ["12345", "custom-id", "6A879500000000000123456789ABCDEF", "00000000000000000000000000003039"] {
            assert_eq!(text.parse::<TraceId>().unwrap().to_string(), text);
        }
        assert_eq!("".parse::<TraceId>(), Err(IdError::Trace));
    }

    #[test]
    fn span_ids_are_decimal_and_not_zero() {
        for text in ["0", "", "-1", "abc", "18446744073709551616"] {
            assert_eq!(text.parse::<SpanId>(), Err(IdError::Span), "{text}");
        }
        assert_eq!("18446744073709551615".parse::<SpanId>().unwrap().as_u64(), u64::MAX);
    }
}
