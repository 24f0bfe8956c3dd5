//! What all APIs need of JSON: members that may be missing, texts that are bounded.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};

/// What the bytes are as JSON; `Null` when they are none, or nested deeper than 128 levels.
pub(super) fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// The same, but what is no JSON is text: so proxies say what went wrong. Pages of HTML say nothing.
pub(super) fn parse_or_text(bytes: &[u8]) -> Value {
    const MOST_CHARS: usize = 4096;
    serde_json::from_slice(bytes).unwrap_or_else(|_| match std::str::from_utf8(bytes) {
        Ok(text) if !text.trim_start().starts_with(['<', '{', '[']) => Value::from(cut(text.trim(), MOST_CHARS)),
        Ok(_) | Err(_) => Value::Null,
    })
}

/// The member at the end of this path of names; `Null` when any of it is missing.
pub(super) fn get<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().try_fold(value, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

/// A member that is text; empty when it is missing or anything else.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member that is a list; empty when it is missing or anything else.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member that is a number.
pub(super) fn number<'a>(value: &'a Value, name: &str) -> Option<&'a Number> {
    value.get(name).and_then(Value::as_number)
}

/// A member that is a number without sign or fraction.
pub(super) fn count(value: &Value, name: &str) -> Option<u64> {
    value.get(name).and_then(Value::as_u64)
}

/// A member that is there and not null.
pub(super) fn some<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.get(name).filter(|value| !value.is_null())
}

/// The first member of these names that is there and not null.
pub(super) fn first<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| some(value, name))
}

/// The elements of a list; anything else is the only one, and null is none.
pub(super) fn many(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(items) => items,
        one @ (Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => std::slice::from_ref(one),
    }
}

/// The JSON of a value, its members sorted, whatever other crates ask of `serde_json`.
pub(super) fn written(mut value: Value) -> String {
    value.sort_all_objects();
    value.to_string()
}

/// A value as text: text as it is, nothing for null, else its JSON.
pub(super) fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::String(text) => Cow::Borrowed(text),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            Cow::Owned(written(other.clone()))
        }
    }
}

/// The members of a request that may go into the metadata, as they are, null too; no other is ever captured.
pub(super) fn allowed(request: &Value, names: &[&str]) -> Map<String, Value> {
    let member = |name: &&str| Some(((*name).to_owned(), request.get(*name)?.clone()));
    names.iter().filter_map(member).collect()
}

/// A member that is null, if it is there.
pub(super) type Null = Option<()>;

/// Text that is not copied unless it has escapes, also within an `Option`.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// An object: `serde` takes a list for one too.
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        from.deserialize_map(Members(PhantomData))
    }
}

/// The first so many characters.
pub(super) fn cut(text: &str, most_chars: usize) -> &str {
    text.char_indices().nth(most_chars).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}

/// What a stream may still hold of an answer. All texts and values of one stream share it, so that the whole is bounded.
///
/// Texts are plain strings: `budget.push(&mut text, piece)`.
#[derive(Debug)]
pub(super) struct StreamBudget {
    left: usize,
}

impl StreamBudget {
    /// Bytes of an answer that are put together at most: far more than an event may have.
    pub(super) const BYTES: usize = 32 * 1024 * 1024;

    pub(super) const fn new() -> Self {
        Self { left: Self::BYTES }
    }

    /// Bytes that were taken.
    pub(super) const fn taken(&self) -> usize {
        Self::BYTES.saturating_sub(self.left)
    }

    /// Takes so many bytes, or says that there is no room for them. For entries of lists: a piece of text without a byte
    /// costs memory too.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Puts a piece behind a text, as much as there is room for.
    pub(super) fn push(&mut self, text: &mut String, piece: &str) {
        let mut end = piece.len().min(self.left);
        while !piece.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        self.left = self.left.saturating_sub(end);
        text.push_str(piece.get(..end).unwrap_or_default());
    }

    /// Puts a member that is text behind a text, and says whether there was any: a piece of content.
    pub(super) fn push_member(&mut self, text: &mut String, from: &Value, name: &str) -> bool {
        let piece = self::text(from, name);
        self.push(text, piece);
        !piece.is_empty()
    }

    /// A value to keep; null when there is no room for it.
    pub(super) fn keep(&mut self, value: &Value) -> Value {
        if self.take(weight(value)) { value.clone() } else { Value::Null }
    }
}

impl Default for StreamBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// Bytes of a value, about; its depth is bounded by the parser.
pub(super) fn weight(value: &Value) -> usize {
    const NODE: usize = 32;
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().fold(0_usize, |sum, item| sum.saturating_add(weight(item))),
        Value::Object(members) => members
            .iter()
            .fold(0_usize, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(weight(value))),
    };
    inside.saturating_add(NODE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_or_of_another_type_is_nothing() {
        let value = json!({"a": {"b": [1]}, "t": "x", "n": 3, "null": null});
        assert_eq!(get(&value, &["a", "b"]), &json!([1]));
        assert_eq!((get(&value, &["a", "c", "d"]), get(&value, &["t", "x"])), (&Value::Null, &Value::Null));
        assert_eq!((text(&value, "t"), text(&value, "n"), text(&value, "none")), ("x", "", ""));
        assert_eq!((items(&value, "t").len(), items(&value["a"], "b").len()), (0, 1));
        assert_eq!((number(&value, "n").cloned(), number(&value, "t")), (Some(3.into()), None));
        assert_eq!((some(&value, "null"), first(&value, &["null", "t"])), (None, Some(&json!("x"))));
    }

    #[test]
    fn only_what_is_allowed_is_taken_and_null_is_a_value() {
        let request = json!({"temperature": 0, "api_key": "no", "stop": null});
        let taken = allowed(&request, &["stop", "temperature", "top_p"]);
        assert_eq!(Value::Object(taken), json!({"temperature": 0, "stop": null}));
    }

    #[test]
    fn texts_are_cut_between_characters() {
        assert_eq!((cut("äöü", 2), cut("äöü", 3), cut("", 3)), ("äö", "äöü", ""));
        let mut budget = StreamBudget { left: 4 };
        let mut text = String::new();
        budget.push(&mut text, "äöü");
        budget.push(&mut text, "x");
        assert_eq!((text.as_str(), budget.left), ("äö", 0));
        assert_eq!((budget.keep(&json!("x")), budget.take(1), budget.take(0)), (Value::Null, false, true));
    }
}
