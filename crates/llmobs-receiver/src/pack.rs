//! Msgpack to a JSON value. What JSON has no word for becomes what is nearest to it.

use std::fmt;

use rmp_serde::Deserializer;
use rmp_serde::decode::Error;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a value. Floats that are no number become null, keys that are no text become texts, and bytes become
/// the value that is packed in them when that is a map (the APM trace carries events so), otherwise a text.
pub(super) fn unpack(bytes: &[u8]) -> Result<Value, Error> {
    read(bytes, Reader { opens_bytes: true })
}

fn read(bytes: &[u8], reader: Reader) -> Result<Value, Error> {
    let mut deserializer = Deserializer::from_read_ref(bytes);
    deserializer.set_max_depth(MAX_DEPTH);
    reader.deserialize(&mut deserializer)
}

#[derive(Debug, Clone, Copy)]
struct Reader {
    /// Bytes within bytes stay closed, or a body of nothing else would be as deep as it is long.
    opens_bytes: bool,
}

impl<'de> DeserializeSeed<'de> for Reader {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader {
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
        Ok(value.into())
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Value, E> {
        let is_map = matches!(bytes.first(), Some(0x80..=0x8f | 0xde | 0xdf));
        let opened = (self.opens_bytes && is_map).then(|| read(bytes, Self { opens_bytes: false }).ok()).flatten();
        Ok(opened.unwrap_or_else(|| String::from_utf8_lossy(bytes).into()))
    }

    /// A type of msgpack's own: its number and its bytes.
    fn visit_newtype_struct<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(self)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some((key, value)) = members.next_entry_seed(self, self)? {
            let key = if let Value::String(text) = key { text } else { key.to_string() };
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

/// As deep as the JSON reader goes.
const MAX_DEPTH: usize = 128;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_json_lacks_is_read_as_what_is_nearest() {
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
            assert_eq!(unpack(bytes).unwrap(), value, "{bytes:x?}");
        }
    }

    #[test]
    fn what_never_ends_and_what_is_too_deep_is_refused() {
        for bytes in [vec![0x92, 0x01], vec![0xdd, 0xff, 0xff, 0xff, 0xff], vec![0xc1], vec![0x91; 100_000]] {
            assert!(unpack(&bytes).is_err());
        }
        assert!(unpack(&[vec![0x91; 100], vec![0x01]].concat()).is_ok());
    }
}
