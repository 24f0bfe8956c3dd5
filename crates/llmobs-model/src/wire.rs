//! Serde helpers for the wire: the rule of depth when writing, tolerance when reading.
//!
//! `docs/wire.md` of the repository lists the members and where each fact is from.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

/// Arrays and objects this many levels below `meta` are written as a string that holds their JSON text.
///
/// The intake has trouble with deeper ones and does not say so.
/// Source: dd-trace-py 4.15, `ddtrace/llmobs/_utils.py`, `_MAX_NESTED_META_DEPTH`.
const MAX_DEPTH: usize = 12;

/// A JSON value that stands `depth` levels below `meta`.
pub(crate) struct ValueAt<'a> {
    pub(crate) value: &'a Value,
    pub(crate) depth: usize,
}

impl Serialize for ValueAt<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth.saturating_add(1);
        match self.value {
            Value::Array(_) | Value::Object(_) if self.depth >= MAX_DEPTH => {
                serializer.serialize_str(&self.value.to_string())
            }
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for value in items {
                    sequence.serialize_element(&ValueAt { value, depth })?;
                }
                sequence.end()
            }
            Value::Object(members) => serialize_members(members, self.depth, serializer),
            scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                scalar.serialize(serializer)
            }
        }
    }
}

fn serialize_members<S: Serializer>(
    members: &Map<String, Value>,
    depth: usize,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(members.len()))?;
    for (name, value) in members {
        map.serialize_entry(name, &ValueAt { value, depth: depth.saturating_add(1) })?;
    }
    map.end()
}

/// Writes an object that stands `DEPTH` levels below `meta`; for `serialize_with`.
pub(crate) fn object_at<const DEPTH: usize, S: Serializer>(
    members: &Map<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serialize_members(members, DEPTH, serializer)
}

/// Writes an object as [`object_at`], when there is one.
#[expect(clippy::ref_option, reason = "serde's `serialize_with` gives a reference to the field")]
pub(crate) fn optional_object_at<const DEPTH: usize, S: Serializer>(
    members: &Option<Map<String, Value>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match members {
        Some(members) => serialize_members(members, DEPTH, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads any JSON as text: a string as it is, null as nothing, anything else as its JSON text.
pub(crate) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Some(other.to_string()),
    })
}

/// Reads any JSON as text as [`optional_text`]; null is the empty text.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_text(deserializer).map(Option::unwrap_or_default)
}

/// Reads a string or a number as text, and anything else as nothing: for ids and names, where JSON text makes no sense.
pub(crate) fn word<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(deserializer).map(word_of)
}

pub(crate) fn word_of(json: Value) -> Option<String> {
    match json {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Reads an object, and anything else as an empty one.
pub(crate) fn object<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map<String, Value>, D::Error> {
    optional_object(deserializer).map(Option::unwrap_or_default)
}

/// Reads an object, and anything else as none.
pub(crate) fn optional_object<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Map<String, Value>>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Object(members) => Some(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    })
}

/// Reads an object as a `T`, and anything else as none.
pub(crate) fn optional_part<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Value::deserialize(deserializer).map(part_of)
}

/// Reads an object as a `T`, and anything else as the default.
pub(crate) fn part<'de, T: DeserializeOwned + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    optional_part(deserializer).map(Option::unwrap_or_default)
}

/// Returns an object as a `T`. Serde would take an array for a struct as well; the wire does not.
pub(crate) fn part_of<T: DeserializeOwned>(json: Value) -> Option<T> {
    if json.is_object() { T::deserialize(json).ok() } else { None }
}

/// Reads an array, leaving out the items that are not a `T`; anything else is an empty list.
pub(crate) fn list<'de, T: DeserializeOwned, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    optional_list(deserializer).map(Option::unwrap_or_default)
}

/// Reads an array as [`list`], and anything else as none.
pub(crate) fn optional_list<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => Some(items.into_iter().filter_map(part_of).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => None,
    })
}

/// Reads an array of strings, leaving out the items that are none.
pub(crate) fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items
            .into_iter()
            .filter_map(|item| match item {
                Value::String(text) => Some(text),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
            })
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Vec::new(),
    })
}

/// Reads a count of nanoseconds; the Java SDK sends a float.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the fraction of a nanosecond does not matter, and `as` saturates"
)]
pub(crate) fn nanoseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let json = Value::deserialize(deserializer)?;
    Ok(json.as_u64().or_else(|| json.as_f64().map(|float| float as u64)).unwrap_or_default())
}
