//! The value of a field as text, JSON, a number, a list: every key takes every form that a value can arrive in.

use std::borrow::Cow;

use serde_json::{Number, Value};

use super::json::Json;
use super::undebug::{undebug, unquote};
use crate::recording::FieldValue;

/// Whether there is nothing in it: an empty text, and what shows itself as `None` or null.
pub(super) fn is_absent(value: FieldValue<'_>) -> bool {
    match value {
        FieldValue::Text(text) => text.is_empty(),
        FieldValue::Formatted(text) => matches!(text, "" | "None" | "null" | "Null" | "\"\"" | "Some(\"\")"),
        FieldValue::Oversize => true,
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) | FieldValue::Bool(_) => false,
    }
}

/// The value as text, without what `Debug` puts around one.
pub(super) fn text(value: FieldValue<'_>) -> Option<Cow<'_, str>> {
    if is_absent(value) {
        return None;
    }
    Some(match value {
        FieldValue::Text(text) => Cow::Borrowed(text),
        FieldValue::Formatted(text) => bare(text),
        FieldValue::Signed(number) => Cow::Owned(number.to_string()),
        FieldValue::Unsigned(number) => Cow::Owned(number.to_string()),
        FieldValue::Float(number) => Cow::Owned(short(number).map_or_else(String::new, |number| number.to_string())),
        FieldValue::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        FieldValue::Oversize => return None,
    })
}

/// A text without quotes and `Some(…)`, if all of it is one such value.
fn bare(text: &str) -> Cow<'_, str> {
    let mut inner = text;
    for (opening, closing) in [("Some(", ")"), ("String(", ")")] {
        inner = inner.strip_prefix(opening).and_then(|rest| rest.strip_suffix(closing)).unwrap_or(inner);
    }
    if inner.len() == text.len() {
        return unquote(text).unwrap_or(Cow::Borrowed(text));
    }
    // Something else that merely begins like an option stays as it is.
    match undebug(text) {
        Some(Json::Text(inner)) => inner,
        Some(inner @ (Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_))) => {
            Cow::Owned(inner.to_text())
        }
        Some(Json::Null) | None => Cow::Borrowed(text),
    }
}

/// The value as it was written, JSON byte for byte; data that only `Debug` has shown becomes JSON.
pub(super) fn written_text(value: FieldValue<'_>) -> Option<Cow<'_, str>> {
    if let FieldValue::Formatted(shown) = value
        && Json::container(shown).is_none()
        && let Some(json) = undebug(shown).filter(Json::is_container)
    {
        return Some(Cow::Owned(json.to_text()));
    }
    text(value)
}

/// The value where a structure is expected: the list or object that it holds, or its text. JSON that is a text which
/// is JSON is read once more, never a third time.
pub(super) fn json(value: FieldValue<'_>) -> Option<Json<'_>> {
    let text = match value {
        FieldValue::Text(text) => text,
        FieldValue::Formatted(shown) => return shown_json(shown),
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) | FieldValue::Bool(_) => {
            return scalar(value).map(Json::Number).or_else(|| text(value).map(Json::Text));
        }
        FieldValue::Oversize => return None,
    };
    if matches!(text.trim(), "" | "null") {
        return None;
    }
    Some(written(text).unwrap_or(Json::Text(Cow::Borrowed(text))))
}

fn shown_json(shown: &str) -> Option<Json<'_>> {
    if matches!(shown.trim(), "" | "null" | "None" | "Null") {
        return None;
    }
    if let Some(json) = written(shown) {
        return Some(json);
    }
    Some(match undebug(shown) {
        Some(json) if json.is_container() => json,
        Some(Json::Text(inner)) => match Json::owned_container(&inner) {
            Some(json) => json,
            None => Json::Text(inner),
        },
        Some(Json::Null) => return None,
        Some(Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_)) | None => {
            Json::Text(Cow::Borrowed(shown))
        }
    })
}

/// What a text holds that is written as JSON, at most twice.
fn written(text: &str) -> Option<Json<'_>> {
    if let Some(json) = Json::container(text) {
        return Some(json);
    }
    let opens = text.trim_start().starts_with('"');
    let Some(Json::Text(inner)) = opens.then(|| Json::parse(text)).flatten() else { return None };
    Some(Json::owned_container(&inner).unwrap_or(Json::Text(inner)))
}

/// The value as it is to stand among the metadata: typed as it was recorded, lists and objects as such.
pub(super) fn member(value: FieldValue<'_>) -> Option<Value> {
    match value {
        FieldValue::Bool(flag) => Some(Value::Bool(flag)),
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) => scalar(value).map(Value::Number),
        FieldValue::Text(_) => json(value).map(|json| json.to_value()),
        FieldValue::Formatted(shown) => match undebug(shown) {
            Some(Json::Null) => None,
            Some(json @ (Json::Bool(_) | Json::Number(_))) => Some(json.to_value()),
            Some(Json::Text(_) | Json::List(_) | Json::Object(_)) | None => json(value).map(|json| json.to_value()),
        },
        FieldValue::Oversize => None,
    }
}

/// The value of one flattened name: a text stays one, even if it looks like JSON.
pub(super) fn flat(value: FieldValue<'_>) -> Option<Json<'_>> {
    match value {
        FieldValue::Text(_) => text(value).map(Json::Text),
        FieldValue::Bool(flag) => Some(Json::Bool(flag)),
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) => scalar(value).map(Json::Number),
        FieldValue::Formatted(shown) => match undebug(shown) {
            Some(json) if json.is_container() => Some(json),
            Some(_) | None => text(value).map(Json::Text),
        },
        FieldValue::Oversize => None,
    }
}

/// The value as a count or an amount: finite and not negative; a text may hold one.
pub(super) fn number(value: FieldValue<'_>) -> Option<Number> {
    let number = match value {
        FieldValue::Text(text) => serde_json::from_str(text.trim()).ok()?,
        // What `Debug` shows of a JSON number, or of an option, is one too.
        FieldValue::Formatted(shown) => match undebug(shown) {
            Some(Json::Number(number)) => number,
            Some(_) | None => serde_json::from_str(text(value)?.trim()).ok()?,
        },
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) => scalar(value)?,
        FieldValue::Bool(_) | FieldValue::Oversize => return None,
    };
    usable(number)
}

/// The same of a member of a JSON object.
pub(super) fn json_number(json: &Json<'_>) -> Option<Number> {
    match json {
        Json::Number(number) => usable(number.clone()),
        Json::Text(text) => usable(serde_json::from_str(text.trim()).ok()?),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => None,
    }
}

fn usable(number: Number) -> Option<Number> {
    let is_good = number.as_f64().is_some_and(|value| value.is_finite() && value >= 0.0);
    is_good.then_some(number)
}

fn scalar(value: FieldValue<'_>) -> Option<Number> {
    match value {
        FieldValue::Signed(number) => Some(number.into()),
        FieldValue::Unsigned(number) => Some(number.into()),
        FieldValue::Float(number) => short(number),
        FieldValue::Bool(_) | FieldValue::Text(_) | FieldValue::Formatted(_) | FieldValue::Oversize => None,
    }
}

/// The number; one that was an `f32` by the shortest decimal that gives that `f32`.
fn short(number: f64) -> Option<Number> {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "what does not fit is not equal")]
    let single = number as f32;
    let was_single = single.is_finite() && f64::from(single).to_bits() == number.to_bits();
    let number = if was_single { single.to_string().parse().unwrap_or(number) } else { number };
    Number::from_f64(number)
}

/// The value as a list of texts: a list in any form, or text with commas.
pub(super) fn list(value: FieldValue<'_>) -> Vec<String> {
    match json(value) {
        Some(Json::List(items)) => items
            .iter()
            .filter(|item| **item != Json::Null)
            .map(Json::to_text)
            .filter(|item| !item.is_empty())
            .collect(),
        Some(Json::Text(text)) => {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
        }
        Some(other @ (Json::Bool(_) | Json::Number(_) | Json::Object(_))) => vec![other.to_text()],
        Some(Json::Null) | None => Vec::new(),
    }
}

/// Whether the value is a flag, and which.
pub(super) fn flag(value: FieldValue<'_>) -> Option<bool> {
    match value {
        FieldValue::Bool(flag) => Some(flag),
        FieldValue::Text(_) | FieldValue::Formatted(_) => match text(value)?.trim() {
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        FieldValue::Signed(_) | FieldValue::Unsigned(_) | FieldValue::Float(_) | FieldValue::Oversize => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    #[test]
    fn every_form_of_a_text_is_the_same_text() {
        let cases = [
            (FieldValue::Text("gpt-4"), Some("gpt-4")),
            (FieldValue::Text("Some(4)"), Some("Some(4)")),
            (FieldValue::Formatted("gpt-4"), Some("gpt-4")),
            (FieldValue::Formatted("\"gpt-4\""), Some("gpt-4")),
            (FieldValue::Formatted("Some(\"gpt-4\")"), Some("gpt-4")),
            (FieldValue::Formatted("Some(Model { id: 1 })"), Some("Some(Model { id: 1 })")),
            (FieldValue::Formatted("String(\"x\")"), Some("x")),
            (FieldValue::Formatted("None"), None),
            (FieldValue::Text(""), None),
            (FieldValue::Signed(-3), Some("-3")),
            (FieldValue::Float(0.200_000_002_980_232_24), Some("0.2")),
            (FieldValue::Oversize, None),
        ];
        for (given, expected) in cases {
            assert_eq!(text(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn structures_are_found_in_every_form() {
        let list = value!([{"role": "user"}]);
        for given in [
            FieldValue::Text(r#"[{"role":"user"}]"#),
            FieldValue::Text(r#""[{\"role\":\"user\"}]""#),
            FieldValue::Formatted(r#"[{"role":"user"}]"#),
            FieldValue::Formatted(r#"Array [Object {"role": String("user")}]"#),
            FieldValue::Formatted(r#""[{\"role\":\"user\"}]""#),
            FieldValue::Formatted(r#"Some("[{\"role\":\"user\"}]")"#),
        ] {
            assert_eq!(json(given).unwrap().to_value(), list, "{given:?}");
        }
        let text = "[Msg { role: User }]";
        assert_eq!(json(FieldValue::Formatted(text)), Some(Json::Text(text.into())));
        assert_eq!(json(FieldValue::Text("5")), Some(Json::Text("5".into())));
        assert_eq!((json(FieldValue::Text("null")), json(FieldValue::Formatted("None"))), (None, None));
    }

    #[test]
    fn numbers_are_taken_from_texts_and_bad_ones_refused() {
        let cases = [
            (FieldValue::Signed(4), Some(value!(4))),
            (FieldValue::Text(" 12 "), Some(value!(12))),
            (FieldValue::Formatted("Some(4)"), Some(value!(4))),
            (FieldValue::Formatted("Some(Number(4))"), Some(value!(4))),
            (FieldValue::Formatted("Some(\"4\")"), Some(value!(4))),
            (FieldValue::Float(0.0), Some(value!(0.0))),
            (FieldValue::Signed(-1), None),
            (FieldValue::Float(f64::NAN), None),
            (FieldValue::Text("many"), None),
            (FieldValue::Bool(true), None),
        ];
        for (given, expected) in cases {
            assert_eq!(number(given).map(Value::Number), expected, "{given:?}");
        }
    }

    #[test]
    fn members_keep_their_type_and_lists_every_spelling() {
        for (given, expected) in [
            (FieldValue::Formatted("true"), value!(true)),
            (FieldValue::Formatted("Some(0.5)"), value!(0.5)),
            (FieldValue::Float(40.0), value!(40.0)),
            (FieldValue::Text("7"), value!("7")),
            (FieldValue::Text(r#"{"a":[1]}"#), value!({"a": [1]})),
        ] {
            assert_eq!(member(given), Some(expected), "{given:?}");
        }
        for given in [
            FieldValue::Text(r#"["stop","length"]"#),
            FieldValue::Formatted(r#"["stop", "length"]"#),
            FieldValue::Text("stop, length"),
        ] {
            assert_eq!(list(given), ["stop", "length"], "{given:?}");
        }
    }
}
