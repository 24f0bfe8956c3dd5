//! An attribute's value as text, JSON, number, flag or list. Every attribute takes every form that its value can
//! arrive in.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::AttributeValue;
use crate::format::debug_format::{parse, unquote};
use crate::format::json::Json;

/// Returns the value as text, without the quotes and wrappers of `Debug`.
pub(crate) fn text(value: AttributeValue<'_>) -> Option<Cow<'_, str>> {
    if value.is_absent() {
        return None;
    }
    Some(match value {
        AttributeValue::Text(text) => Cow::Borrowed(text),
        AttributeValue::Formatted(text) => bare(text),
        AttributeValue::Signed(number) => Cow::Owned(number.to_string()),
        AttributeValue::Unsigned(number) => Cow::Owned(number.to_string()),
        AttributeValue::Float(number) => {
            Cow::Owned(short(number).map_or_else(String::new, |number| number.to_string()))
        }
        AttributeValue::Bool(flag) => Cow::Borrowed(if flag { "true" } else { "false" }),
        AttributeValue::Oversize => return None,
    })
}

/// Returns a text without quotes and `Some(…)`, if the whole text is one such value.
fn bare(text: &str) -> Cow<'_, str> {
    let mut inner = text;
    for (opening, closing) in [("Some(", ")"), ("String(", ")")] {
        inner = inner.strip_prefix(opening).and_then(|rest| rest.strip_suffix(closing)).unwrap_or(inner);
    }
    if inner.len() == text.len() {
        return unquote(text).unwrap_or(Cow::Borrowed(text));
    }
    // Something else that merely begins like an option stays as it is.
    match parse(text) {
        Some(Json::Text(inner)) => inner,
        Some(inner @ (Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_))) => {
            Cow::Owned(inner.to_text())
        }
        Some(Json::Null) | None => Cow::Borrowed(text),
    }
}

/// Returns the value as it was written: JSON byte for byte, and data that `Debug` wrote as JSON.
pub(crate) fn written_text(value: AttributeValue<'_>) -> Option<Cow<'_, str>> {
    if let AttributeValue::Formatted(shown) = value
        && Json::container(shown).is_none()
        && let Some(json) = parse(shown).filter(Json::is_container)
    {
        return Some(Cow::Owned(json.to_text()));
    }
    text(value)
}

/// Returns the list or object that the value holds, or else its text. JSON inside a JSON string is read once more,
/// never a third time.
pub(crate) fn json(value: AttributeValue<'_>) -> Option<Json<'_>> {
    let text = match value {
        AttributeValue::Text(text) => text,
        AttributeValue::Formatted(shown) => return shown_json(shown),
        AttributeValue::Signed(_)
        | AttributeValue::Unsigned(_)
        | AttributeValue::Float(_)
        | AttributeValue::Bool(_) => {
            return scalar(value).map(Json::Number).or_else(|| text(value).map(Json::Text));
        }
        AttributeValue::Oversize => return None,
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
    Some(match parse(shown) {
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

/// Returns the JSON in a text, which may have been serialized twice.
fn written(text: &str) -> Option<Json<'_>> {
    if let Some(json) = Json::container(text) {
        return Some(json);
    }
    let opens = text.trim_start().starts_with('"');
    let Some(Json::Text(inner)) = opens.then(|| Json::parse(text)).flatten() else { return None };
    Some(Json::owned_container(&inner).unwrap_or(Json::Text(inner)))
}

/// Returns the value as a member of the metadata: with the type it was recorded with, lists and objects as such.
pub(crate) fn member(value: AttributeValue<'_>) -> Option<Value> {
    match value {
        AttributeValue::Bool(flag) => Some(Value::Bool(flag)),
        AttributeValue::Signed(_) | AttributeValue::Unsigned(_) | AttributeValue::Float(_) => {
            scalar(value).map(Value::Number)
        }
        AttributeValue::Text(_) => json(value).map(|json| json.to_value()),
        AttributeValue::Formatted(shown) => match parse(shown) {
            Some(Json::Null) => None,
            Some(json @ (Json::Bool(_) | Json::Number(_))) => Some(json.to_value()),
            Some(Json::Text(_) | Json::List(_) | Json::Object(_)) | None => json(value).map(|json| json.to_value()),
        },
        AttributeValue::Oversize => None,
    }
}

/// Returns the value of a flattened name. Text stays text, even if it looks like JSON.
pub(crate) fn flat(value: AttributeValue<'_>) -> Option<Json<'_>> {
    match value {
        AttributeValue::Text(_) => text(value).map(Json::Text),
        AttributeValue::Bool(flag) => Some(Json::Bool(flag)),
        AttributeValue::Signed(_) | AttributeValue::Unsigned(_) | AttributeValue::Float(_) => {
            scalar(value).map(Json::Number)
        }
        AttributeValue::Formatted(shown) => match parse(shown) {
            Some(json) if json.is_container() => Some(json),
            Some(_) | None => text(value).map(Json::Text),
        },
        AttributeValue::Oversize => None,
    }
}

/// Returns the value as a count or an amount, which is finite and not negative. Text may hold a number.
pub(crate) fn number(value: AttributeValue<'_>) -> Option<Number> {
    let number = match value {
        AttributeValue::Text(text) => serde_json::from_str(text.trim()).ok()?,
        // What `Debug` shows of a JSON number, or of an option, is one too.
        AttributeValue::Formatted(shown) => match parse(shown) {
            Some(Json::Number(number)) => number,
            Some(_) | None => serde_json::from_str(text(value)?.trim()).ok()?,
        },
        AttributeValue::Signed(_) | AttributeValue::Unsigned(_) | AttributeValue::Float(_) => scalar(value)?,
        AttributeValue::Bool(_) | AttributeValue::Oversize => return None,
    };
    usable(number)
}

/// Returns a JSON value as a count or an amount; see [`number`].
pub(crate) fn json_number(json: &Json<'_>) -> Option<Number> {
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

fn scalar(value: AttributeValue<'_>) -> Option<Number> {
    match value {
        AttributeValue::Signed(number) => Some(number.into()),
        AttributeValue::Unsigned(number) => Some(number.into()),
        AttributeValue::Float(number) => short(number),
        AttributeValue::Bool(_) | AttributeValue::Text(_) | AttributeValue::Formatted(_) | AttributeValue::Oversize => {
            None
        }
    }
}

/// Returns a number as JSON. A number that was an `f32` becomes the shortest decimal of that `f32`: `0.2`, not
/// `0.20000000298`.
fn short(number: f64) -> Option<Number> {
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "what does not fit is not equal")]
    let single = number as f32;
    let was_single = single.is_finite() && f64::from(single).to_bits() == number.to_bits();
    let number = if was_single { single.to_string().parse().unwrap_or(number) } else { number };
    Number::from_f64(number)
}

/// Returns the value as a list of texts: a list in any form, or text with commas.
pub(crate) fn list(value: AttributeValue<'_>) -> Vec<String> {
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

/// Returns the value as a flag.
pub(crate) fn flag(value: AttributeValue<'_>) -> Option<bool> {
    match value {
        AttributeValue::Bool(flag) => Some(flag),
        AttributeValue::Text(_) | AttributeValue::Formatted(_) => match text(value)?.trim() {
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        AttributeValue::Signed(_)
        | AttributeValue::Unsigned(_)
        | AttributeValue::Float(_)
        | AttributeValue::Oversize => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    #[test]
    fn every_form_of_a_text_is_the_same_text() {
        let cases = [
            (AttributeValue::Text("gpt-4"), Some("gpt-4")),
            (AttributeValue::Text("Some(4)"), Some("Some(4)")),
            (AttributeValue::Formatted("gpt-4"), Some("gpt-4")),
            (AttributeValue::Formatted("\"gpt-4\""), Some("gpt-4")),
            (AttributeValue::Formatted("Some(\"gpt-4\")"), Some("gpt-4")),
            (AttributeValue::Formatted("Some(Model { id: 1 })"), Some("Some(Model { id: 1 })")),
            (AttributeValue::Formatted("String(\"x\")"), Some("x")),
            (AttributeValue::Formatted("None"), None),
            (AttributeValue::Text(""), None),
            (AttributeValue::Signed(-3), Some("-3")),
            (AttributeValue::Float(0.200_000_002_980_232_24), Some("0.2")),
            (AttributeValue::Oversize, None),
        ];
        for (given, expected) in cases {
            assert_eq!(text(given).as_deref(), expected, "{given:?}");
        }
    }

    #[test]
    fn structures_are_found_in_every_form() {
        let list = value!([{"role": "user"}]);
        for given in [
            AttributeValue::Text(r#"[{"role":"user"}]"#),
            AttributeValue::Text(r#""[{\"role\":\"user\"}]""#),
            AttributeValue::Formatted(r#"[{"role":"user"}]"#),
            AttributeValue::Formatted(r#"Array [Object {"role": String("user")}]"#),
            AttributeValue::Formatted(r#""[{\"role\":\"user\"}]""#),
            AttributeValue::Formatted(r#"Some("[{\"role\":\"user\"}]")"#),
        ] {
            assert_eq!(json(given).unwrap().to_value(), list, "{given:?}");
        }
        let text = "[Msg { role: User }]";
        assert_eq!(json(AttributeValue::Formatted(text)), Some(Json::Text(text.into())));
        assert_eq!(json(AttributeValue::Text("5")), Some(Json::Text("5".into())));
        assert_eq!((json(AttributeValue::Text("null")), json(AttributeValue::Formatted("None"))), (None, None));
    }

    #[test]
    fn numbers_are_taken_from_texts_and_bad_ones_refused() {
        let cases = [
            (AttributeValue::Signed(4), Some(value!(4))),
            (AttributeValue::Text(" 12 "), Some(value!(12))),
            (AttributeValue::Formatted("Some(4)"), Some(value!(4))),
            (AttributeValue::Formatted("Some(Number(4))"), Some(value!(4))),
            (AttributeValue::Formatted("Some(\"4\")"), Some(value!(4))),
            (AttributeValue::Float(0.0), Some(value!(0.0))),
            (AttributeValue::Signed(-1), None),
            (AttributeValue::Float(f64::NAN), None),
            (AttributeValue::Text("many"), None),
            (AttributeValue::Bool(true), None),
        ];
        for (given, expected) in cases {
            assert_eq!(number(given).map(Value::Number), expected, "{given:?}");
        }
    }

    #[test]
    fn members_keep_their_type_and_lists_every_spelling() {
        for (given, expected) in [
            (AttributeValue::Formatted("true"), value!(true)),
            (AttributeValue::Formatted("Some(0.5)"), value!(0.5)),
            (AttributeValue::Float(40.0), value!(40.0)),
            (AttributeValue::Text("7"), value!("7")),
            (AttributeValue::Text(r#"{"a":[1]}"#), value!({"a": [1]})),
        ] {
            assert_eq!(member(given), Some(expected), "{given:?}");
        }
        for given in [
            AttributeValue::Text(r#"["stop","length"]"#),
            AttributeValue::Formatted(r#"["stop", "length"]"#),
            AttributeValue::Text("stop, length"),
        ] {
            assert_eq!(list(given), ["stop", "length"], "{given:?}");
        }
    }
}
