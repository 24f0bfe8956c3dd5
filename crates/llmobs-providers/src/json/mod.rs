//! Reading JSON that others wrote: documents that are not quite valid, members that may be missing or of another type.
//!
//! In: bytes, values. Out: values, borrowed members. Never: an error; what cannot be read is null, empty or `None`.

mod budget;
mod reader;
mod typed;

use std::borrow::Cow;

use serde_json::{Map, Value};

pub(crate) use budget::{StreamBudget, estimated_bytes};
pub(crate) use reader::{read, read_response};
pub(crate) use typed::{BorrowedText, Null, StrictObject};

/// Returns the value of a document, and null when it is not JSON.
pub(crate) fn parse(bytes: &[u8]) -> Value {
    read(bytes).unwrap_or(Value::Null)
}

/// Returns a response that is not JSON as text, because proxies report their errors so. A page of HTML and half a document are
/// null.
pub(crate) fn as_error_text(bytes: &[u8]) -> Value {
    const MAX_CHARS: usize = 4096;
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.trim_start().starts_with(['<', '{', '[']) => Value::from(cut(text.trim(), MAX_CHARS)),
        Ok(_) | Err(_) => Value::Null,
    }
}

/// Returns the member at the end of a path of names; null when any of it is missing.
pub(crate) fn get<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().try_fold(value, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

/// Returns a member that is text; empty when it is missing or of another type.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Returns a member that is a list; empty when it is missing or of another type.
pub(crate) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Returns a member that is a count.
pub(crate) fn count(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(as_count)
}

/// Returns a count however it is written: `12`, `12.0` and `"12"`. Negative numbers count nothing.
pub(crate) fn as_count(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => match number.as_u64() {
            Some(count) => return Some(count),
            None => number.to_string(),
        },
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if let Ok(count) = text.parse() {
        return Some(count);
    }
    let count = text.parse::<f64>().ok().filter(|count| (0.0..=MAX_FLOAT_COUNT).contains(count))?;
    format!("{:.0}", count.trunc()).parse().ok()
}

/// The largest count that a float holds exactly.
const MAX_FLOAT_COUNT: f64 = 9_007_199_254_740_992.0;

/// Returns a member that is there and not null.
pub(crate) fn present<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|value| !value.is_null())
}

/// Returns the first member of these names that is there and not null.
pub(crate) fn first_present<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| present(value, name))
}

/// Returns the elements of a list; any other value is a list of one, and null is empty.
pub(crate) fn as_list(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => std::slice::from_ref(one),
    }
}

/// Writes a value as JSON with its members sorted, also where another crate has `serde_json` keep their order.
pub(crate) fn to_sorted_text(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

/// Returns a value as text: a string as it is, null as nothing, any other value as its JSON.
pub(crate) fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Cow::Owned(to_sorted_text(other.clone()))
        }
    }
}

/// Copies the members of these names, null too. Request parameters reach the metadata only through such a list, so that a
/// member nobody has thought of cannot leak.
pub(crate) fn pick(request: &Value, names: &[&str]) -> Map<String, Value> {
    let member = |name: &&str| Some(((*name).to_owned(), request.get(*name)?.clone()));
    names.iter().filter_map(member).collect()
}

/// Returns the first so many characters.
pub(crate) fn cut(text: &str, max_chars: usize) -> &str {
    text.char_indices().nth(max_chars).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_that_is_missing_or_of_another_type_is_nothing() {
        let value = json!({"a": {"b": [1]}, "t": "x", "n": 3, "null": null});
        assert_eq!(get(&value, &["a", "b"]), &json!([1]));
        assert_eq!((get(&value, &["a", "c", "d"]), get(&value, &["t", "x"])), (&Value::Null, &Value::Null));
        assert_eq!((text(&value, "t"), text(&value, "n"), text(&value, "none")), ("x", "", ""));
        assert_eq!((items(&value, "t").len(), items(&value["a"], "b").len()), (0, 1));
        assert_eq!((present(&value, "null"), first_present(&value, &["null", "t"])), (None, Some(&json!("x"))));
    }

    #[test]
    fn a_count_may_be_a_float_or_a_text() {
        for (value, expected) in [
            (json!(12), Some(12)),
            (json!(12.0), Some(12)),
            (json!("12"), Some(12)),
            (json!(" 12.0 "), Some(12)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(0), Some(0)),
            (json!(-1), None),
            (json!(1e300), None),
            (json!("many"), None),
            (json!("NaN"), None),
            (json!(true), None),
            (json!(null), None),
        ] {
            assert_eq!(as_count(&value), expected, "{value}");
        }
    }

    #[test]
    fn only_listed_members_are_picked_and_null_is_a_value() {
        let request = json!({"temperature": 0, "api_key": "no", "stop": null});
        let picked = pick(&request, &["stop", "temperature", "top_p"]);
        assert_eq!(Value::Object(picked), json!({"temperature": 0, "stop": null}));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!((cut("äöü", 2), cut("äöü", 3), cut("", 3)), ("äö", "äöü", ""));
    }
}
