//! Values of fields, borrowed from the thread that records them or from a log.

use llmobs_conventions::AttributeValue;

/// A value as a field brought it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FieldValue<'a> {
    Text(&'a str),
    /// Text that came through `Debug` or `Display`; `tracing` does not tell which.
    Formatted(&'a str),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
    /// The value was too large to keep.
    Oversize,
}

impl<'a> From<FieldValue<'a>> for AttributeValue<'a> {
    fn from(value: FieldValue<'a>) -> Self {
        match value {
            FieldValue::Text(text) => Self::Text(text),
            FieldValue::Formatted(text) => Self::Formatted(text),
            FieldValue::Signed(number) => Self::Signed(number),
            FieldValue::Unsigned(number) => Self::Unsigned(number),
            FieldValue::Float(number) => Self::Float(number),
            FieldValue::Bool(flag) => Self::Bool(flag),
            FieldValue::Oversize => Self::Oversize,
        }
    }
}
