//! The values of a log, as offsets into its buffers.

use crate::recording::FieldValue;

/// Small, because every span has a dozen and they are cold when the worker comes to them; a log is far from 4 GiB.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stored {
    Text { start: u32, end: u32 },
    Formatted { start: u32, end: u32 },
    Large(u32),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    Oversize,
}

impl Stored {
    /// The same in a log where so many bytes of text and so many large texts come before.
    #[inline]
    pub(super) const fn behind(self, text: u32, large: u32) -> Self {
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

    /// The value, whose text lies in one of these.
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

/// An offset that is out of reach refers to nothing.
#[inline]
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[inline]
pub(super) fn index(offset: u32) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
