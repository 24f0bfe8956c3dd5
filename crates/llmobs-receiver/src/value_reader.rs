//! JSON and msgpack to a JSON value, within a budget of memory.
//!
//! A small object takes some 700 bytes of memory and 8 bytes of JSON, so a bound on bytes alone does not bound memory.

use std::cell::Cell;
use std::fmt;

use rmp_serde::decode::Error as MsgpackError;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Memory that the values of one body may take.
#[derive(Debug)]
pub(super) struct MemoryBudget(Cell<usize>);

impl MemoryBudget {
    pub(super) const fn new(bytes: usize) -> Self {
        Self(Cell::new(bytes))
    }

    /// Returns whether a value was refused.
    pub(super) fn is_exhausted(&self) -> bool {
        self.0.get() == 0
    }

    fn take<E: de::Error>(&self, bytes: usize) -> Result<(), E> {
        // Exactly 0 means that a value was refused.
        let left = self.0.get().saturating_sub(bytes);
        self.0.set(left);
        if left == 0 { Err(E::custom("its values take too much memory")) } else { Ok(()) }
    }
}

/// Reads JSON text.
pub(super) fn read_json(bytes: &[u8], budget: &MemoryBudget) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = ValueReader { budget, opens_bytes: false }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Reads msgpack. JSON has no word for some of it: floats that are not numbers become null, keys that are not texts become
/// texts, and bytes become the value that is packed in them when that is a map (APM traces carry span events so), otherwise
/// a text.
pub(super) fn read_msgpack(bytes: &[u8], budget: &MemoryBudget) -> Result<Value, MsgpackError> {
    msgpack(bytes, ValueReader { budget, opens_bytes: true })
}

fn msgpack(bytes: &[u8], reader: ValueReader<'_>) -> Result<Value, MsgpackError> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes);
    deserializer.set_max_depth(MAX_DEPTH);
    reader.deserialize(&mut deserializer)
}

#[derive(Debug, Clone, Copy)]
struct ValueReader<'a> {
    budget: &'a MemoryBudget,
    /// Bytes within bytes stay closed, or a body of nothing else would be as deep as it is long.
    opens_bytes: bool,
}

impl<'de> DeserializeSeed<'de> for ValueReader<'_> {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.budget.take(size_of::<Value>())?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueReader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        self.budget.take(value.len().saturating_add(ALLOCATION))?;
        Ok(value.into())
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        let is_map = matches!(bytes.first(), Some(0x80..=0x8f | 0xde | 0xdf));
        let opened =
            if self.opens_bytes && is_map { msgpack(bytes, Self { opens_bytes: false, ..self }).ok() } else { None };
        match opened {
            Some(opened) => Ok(opened),
            None => self.visit_str(&String::from_utf8_lossy(bytes)),
        }
    }

    /// Reads a type of msgpack's own: its number and its bytes.
    fn visit_newtype_struct<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.budget.take(ALLOCATION)?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            // A vector that grows has room for up to twice its items.
            self.budget.take(size_of::<Value>())?;
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((key, value)) = members.next_entry_seed(self, self)? {
            // Nodes of a map have room for 11 members and are about half full when the map is large.
            if values.len().is_multiple_of(NODE_MEMBERS / 2) {
                self.budget.take(NODE)?;
            }
            let key = if let Value::String(text) = key { text } else { key.to_string() };
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

/// Levels of nesting, as many as `serde_json` parses.
const MAX_DEPTH: usize = 128;
/// The bytes that an allocation takes beside its content, about.
const ALLOCATION: usize = 16;
const NODE_MEMBERS: usize = 11;
const NODE: usize = NODE_MEMBERS * (size_of::<String>() + size_of::<Value>()) + 2 * ALLOCATION;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Value, MsgpackError> {
        read_msgpack(bytes, &MemoryBudget::new(1 << 20))
    }

    #[test]
    fn json_is_read_as_serde_json_reads_it() {
        for text in [r#"{"a":[1,-2,2.5,null,true,"x\n"],"b":{},"a":3}"#, "7", r#""x""#, "[]"] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(read_json(text.as_bytes(), &MemoryBudget::new(1 << 20)).unwrap(), value);
        }
        assert!(read_json(b"1 2", &MemoryBudget::new(1 << 20)).is_err());
    }

    #[test]
    fn values_that_take_more_than_the_budget_are_refused() {
        let objects = format!("[{}1]", r#"{"a":0},"#.repeat(2_000));
        let nulls = [&[0xdd, 0, 1, 0, 0][..], &vec![0xc0; 1 << 16]].concat();
        for (bytes, is_good) in [(1 << 20, false), (1 << 24, true)] {
            let budget = MemoryBudget::new(bytes);
            assert_eq!((read_json(objects.as_bytes(), &budget).is_ok(), budget.is_exhausted()), (is_good, !is_good));
            let budget = MemoryBudget::new(bytes);
            assert_eq!((read_msgpack(&nulls, &budget).is_ok(), budget.is_exhausted()), (is_good, !is_good));
        }
    }

    #[test]
    fn msgpack_that_json_lacks_becomes_the_nearest_value() {
        for (bytes, value) in [
            (&[0x81, 0xa1, b'a', 0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0][..], json!({"a": null})),
            (&[0xcb, 0xff, 0xf0, 0, 0, 0, 0, 0, 0], json!(null)),
            (&[0xca, 0x3f, 0, 0, 0], json!(0.5)),
            (&[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], json!(u64::MAX)),
            (&[0x93, 0xff, 0xc0, 0xc3], json!([-1, null, true])),
            (&[0x82, 0x07, 0x01, 0xc0, 0x02], json!({"7": 1, "null": 2})),
            (&[0xa2, b'a', 0xff], json!("a\u{fffd}")),
            (&[0xc4, 2, b'h', b'i'], json!("hi")),
            (&[0xd4, 5, b'x'], json!([5, "x"])),
            // A map in bytes is opened, another one in that one is not.
            (&[0xc4, 3, 0x81, 0x01, 0x02], json!({"1": 2})),
            (&[0xc4, 6, 0x81, 0x01, 0xc4, 2, 0x80, 0x80], json!({"1": "\u{fffd}\u{fffd}"})),
            (&[0xc4, 2, 0x81, 0x01], json!("\u{fffd}\u{1}")),
        ] {
            assert_eq!(read(bytes).unwrap(), value, "{bytes:x?}");
        }
    }

    #[test]
    fn endless_and_deep_values_are_refused() {
        for bytes in [vec![0x92, 0x01], vec![0xdd, 0xff, 0xff, 0xff, 0xff], vec![0xc1], vec![0x91; 100_000]] {
            assert!(read(&bytes).is_err());
        }
        assert!(read(&[vec![0x91; 100], vec![0x01]].concat()).is_ok());
    }
}
