//! The values of a log, with offsets into its buffers in place of texts.

use super::field_value::FieldValue;

/// A value of a log.
///
/// Offsets have 32 bits: a span has a dozen values, which are cold when the worker reads them, and no log comes near
/// 4 GiB.
#[derive(Debug, Clone, Copy)]
pub(super) enum StoredValue {
    Text { start: u32, end: u32 },
    Formatted { start: u32, end: u32 },
    Large(u32),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    Oversize,
}

impl StoredValue {
    /// Returns the value as stored in a log that has `text` bytes of text and `large` large texts before it.
    #[inline]
    pub(super) const fn shifted_by(self, text: u32, large: u32) -> Self {
        match self {
            Self::Text { start, end } => {
                Self::Text { start: start.saturating_add(text), end: end.saturating_add(text) }
            }
            Self::Formatted { start, end } => {
                Self::Formatted { start: start.saturating_add(text), end: end.saturating_add(text) }
            }
            Self::Large(at) => Self::Large(at.saturating_add(large)),
            number @ (Self::Signed(_) | Self::Unsigned(_) | Self::Float(_) | Self::Bool(_) | Self::Oversize) => number,
        }
    }

    /// Returns the value, with its text borrowed from the buffers of the log.
    #[inline]
    pub(super) fn value<'a>(self, all: &'a str, large: &'a [String]) -> FieldValue<'a> {
        let text = |start, end| all.get(index(start)..index(end)).unwrap_or_default();
        match self {
            Self::Text { start, end } => FieldValue::Text(text(start, end)),
            Self::Formatted { start, end } => FieldValue::Formatted(text(start, end)),
            Self::Large(at) => FieldValue::Text(large.get(index(at)).map_or("", String::as_str)),
            Self::Signed(number) => FieldValue::Signed(number),
            Self::Unsigned(number) => FieldValue::Unsigned(number),
            Self::Float(number) => FieldValue::Float(number),
            Self::Bool(flag) => FieldValue::Bool(flag),
            Self::Oversize => FieldValue::Oversize,
        }
    }
}

/// Returns an index as an offset. One that does not fit becomes an offset that refers to nothing.
#[inline]
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[inline]
pub(super) fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
