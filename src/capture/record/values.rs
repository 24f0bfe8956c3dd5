//! Field values as the texts that an open span needs.

use std::borrow::Cow;

use crate::recording::FieldValue;

pub(super) fn text_of(value: FieldValue<'_>) -> Option<&str> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => Some(text),
        FieldValue::Signed(_)
        | FieldValue::Unsigned(_)
        | FieldValue::Float(_)
        | FieldValue::Bool(_)
        | FieldValue::Oversize => None,
    }
}

/// Returns a name or an id, which may have been recorded as a number.
pub(super) fn name_of(value: FieldValue<'_>) -> Option<Cow<'_, str>> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => Some(Cow::Borrowed(text)),
        FieldValue::Signed(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Unsigned(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Float(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Bool(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
        FieldValue::Oversize => None,
    }
}
