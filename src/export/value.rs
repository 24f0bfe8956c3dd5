//! Conversion of field values to text, JSON and numbers.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::encode::MetadataValue;
use crate::recording::FieldValue;
use llmobs_conventions::debug_format;

/// Returns the value as text.
pub(super) fn text(value: FieldValue<'_>) -> Cow<'_, str> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => Cow::Borrowed(text),
        FieldValue::Signed(number) => Cow::Owned(number.to_string()),
        FieldValue::Unsigned(number) => Cow::Owned(number.to_string()),
        FieldValue::Float(number) => Cow::Owned(number.to_string()),
        FieldValue::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        FieldValue::Oversize => Cow::Borrowed(super::encode::DROPPED_VALUE),
    }
}

/// Returns the value as JSON. A text that holds an array or an object is parsed.
pub(super) fn structured(value: FieldValue<'_>) -> Value {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => {
            parsed(text).unwrap_or_else(|| Value::String(text.to_owned()))
        }
        FieldValue::Signed(number) => number.into(),
        FieldValue::Unsigned(number) => number.into(),
        FieldValue::Float(number) => number.into(),
        FieldValue::Bool(flag) => flag.into(),
        FieldValue::Oversize => text(value).into(),
    }
}

/// Returns the value as a metadata value, like [`structured`] but without copying a text.
pub(super) fn metadata_value(value: FieldValue<'_>) -> MetadataValue<'_> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => {
            parsed(text).map_or(MetadataValue::Text(text), MetadataValue::Json)
        }
        FieldValue::Signed(_)
        | FieldValue::Unsigned(_)
        | FieldValue::Float(_)
        | FieldValue::Bool(_)
        | FieldValue::Oversize => MetadataValue::Json(structured(value)),
    }
}

/// Parses the array or object that a text holds. Scalars stay text: `"42"` recorded as a string is a string.
pub(super) fn parsed(text: &str) -> Option<Value> {
    let opens = text.trim_start().starts_with(['{', '[']);
    opens.then(|| serde_json::from_str(text).ok()).flatten()
}

/// Returns the members of a JSON object.
pub(super) fn object(value: FieldValue<'_>) -> Option<Map<String, Value>> {
    match structured(value) {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// Returns the value as a number; a text is parsed.
pub(super) fn number(value: FieldValue<'_>) -> Option<Value> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => {
            serde_json::from_str(text.trim()).ok().filter(Value::is_number)
        }
        FieldValue::Signed(number) => Some(number.into()),
        FieldValue::Unsigned(number) => Some(number.into()),
        FieldValue::Float(number) => Some(number.into()),
        FieldValue::Bool(_) | FieldValue::Oversize => None,
    }
}

/// Returns the argument of an instrumented function as JSON. A text is never parsed: it was a string in the program.
pub(super) fn argument(value: FieldValue<'_>) -> Value {
    match value {
        FieldValue::Formatted(_) => Value::String(unquoted(value)),
        FieldValue::Text(text) => Value::String(text.to_owned()),
        FieldValue::Signed(_)
        | FieldValue::Unsigned(_)
        | FieldValue::Float(_)
        | FieldValue::Bool(_)
        | FieldValue::Oversize => structured(value),
    }
}

/// Returns the value as text, without the quotes and escapes that `Debug` gives a string.
///
/// Capture records `Debug` output when a value's type is not known, so `String` arguments arrive quoted.
pub(super) fn unquoted(value: FieldValue<'_>) -> String {
    let text = text(value);
    let inner = debug_format::unquote(&text).map(Cow::into_owned);
    inner.unwrap_or_else(|| text.into_owned())
}
