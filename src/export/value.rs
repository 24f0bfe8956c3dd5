//! The value of a field as text, as JSON, as a number.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::encode::Datum;
use crate::recording::FieldValue;

/// The value as text.
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

/// The value as JSON; a text that holds an array or an object becomes that.
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

/// The same, where a text need not be owned.
pub(super) fn datum(value: FieldValue<'_>) -> Datum<'_> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => parsed(text).map_or(Datum::Text(text), Datum::Json),
        FieldValue::Signed(_)
        | FieldValue::Unsigned(_)
        | FieldValue::Float(_)
        | FieldValue::Bool(_)
        | FieldValue::Oversize => Datum::Json(structured(value)),
    }
}

/// The array or object that a text holds.
pub(super) fn parsed(text: &str) -> Option<Value> {
    let opens = text.trim_start().starts_with(['{', '[']);
    opens.then(|| serde_json::from_str(text).ok()).flatten()
}

pub(super) fn object(value: FieldValue<'_>) -> Option<Map<String, Value>> {
    match structured(value) {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    }
}

/// The value as a number; a text may hold one.
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

/// The value as text, without the quotes and escapes that `Debug` gives a string.
pub(super) fn unquoted(value: FieldValue<'_>) -> String {
    let text = text(value);
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    quoted.and_then(unescaped).unwrap_or_else(|| text.into_owned())
}

/// What `Debug` has escaped, or `None` when it has not: a text that merely begins and ends with a quote.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        out.push(match c {
            '"' => return None,
            '\\' => match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'u' => {
                    let (digits, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
                    rest = after.chars();
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                c @ ('"' | '\\' | '\'') => c,
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}
