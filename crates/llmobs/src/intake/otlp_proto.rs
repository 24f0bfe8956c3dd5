//! OTLP's protobuf, read into the form of its JSON: the few messages of traces, by their field numbers.
//!
//! Source: `opentelemetry-proto`, `trace/v1/trace.proto` and `common/v1/common.proto`.

use serde_json::{Map, Value};

/// A message: how each field is read. A field is repeated when its name ends in `*`.
type Message = &'static [(u64, &'static str, Kind)];

/// The type of a field.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Hex,
    Fixed,
    Double,
    Integer,
    Flag,
    Message(Message),
    Value,
}

const REQUEST: Message = &[(1, "resourceSpans*", Kind::Message(RESOURCE_SPANS))];
const RESOURCE_SPANS: Message =
    &[(1, "resource", Kind::Message(RESOURCE)), (2, "scopeSpans*", Kind::Message(SCOPE_SPANS))];
const RESOURCE: Message = &[(1, "attributes*", Kind::Message(PAIR))];
const SCOPE_SPANS: Message =
    &[(1, "scope", Kind::Message(&[(1, "name", Kind::Text)])), (2, "spans*", Kind::Message(SPAN))];
const SPAN: Message = &[
    (1, "traceId", Kind::Hex),
    (2, "spanId", Kind::Hex),
    (4, "parentSpanId", Kind::Hex),
    (5, "name", Kind::Text),
    (7, "startTimeUnixNano", Kind::Fixed),
    (8, "endTimeUnixNano", Kind::Fixed),
    (9, "attributes*", Kind::Message(PAIR)),
    (11, "events*", Kind::Message(&[(2, "name", Kind::Text), (3, "attributes*", Kind::Message(PAIR))])),
    (15, "status", Kind::Message(&[(2, "message", Kind::Text), (3, "code", Kind::Integer)])),
];
const PAIR: Message = &[(1, "key", Kind::Text), (2, "value", Kind::Value)];
const VALUE: Message = &[
    (1, "stringValue", Kind::Text),
    (2, "boolValue", Kind::Flag),
    (3, "intValue", Kind::Integer),
    (4, "doubleValue", Kind::Double),
    (5, "arrayValue", Kind::Message(&[(1, "values*", Kind::Value)])),
    (6, "kvlistValue", Kind::Message(&[(1, "values*", Kind::Message(PAIR))])),
];

/// Reads an export request; `None` when the bytes are not one.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    message(bytes, REQUEST, 0)
}

fn message(mut bytes: &[u8], fields: Message, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut members = Map::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let raw = match tag & 7 {
            0 => Raw::Number(varint(&mut bytes)?),
            1 => Raw::Number(u64::from_le_bytes(take(&mut bytes, 8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                Raw::Bytes(take(&mut bytes, length)?)
            }
            5 => Raw::Bytes(take(&mut bytes, 4)?),
            _ => return None,
        };
        if let Some((_, name, kind)) = fields.iter().find(|(number, _, _)| *number == tag >> 3) {
            insert(&mut members, name, value(raw, *kind, depth)?);
        }
    }
    Some(Value::Object(members))
}

fn insert(members: &mut Map<String, Value>, name: &str, value: Value) {
    let Some(name) = name.strip_suffix('*') else {
        members.insert(name.to_owned(), value);
        return;
    };
    if let Value::Array(items) = members.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
        items.push(value);
    }
}

/// A field as it stands on the wire.
#[derive(Debug, Clone, Copy)]
enum Raw<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

fn value(raw: Raw<'_>, kind: Kind, depth: usize) -> Option<Value> {
    let below = depth.saturating_add(1);
    Some(match (kind, raw) {
        (Kind::Text, Raw::Bytes(bytes)) => String::from_utf8_lossy(bytes).into_owned().into(),
        (Kind::Hex, Raw::Bytes(bytes)) => hex(bytes).into(),
        (Kind::Fixed, Raw::Number(number)) => number.into(),
        (Kind::Double, Raw::Number(number)) => f64::from_bits(number).into(),
        (Kind::Integer, Raw::Number(number)) => number.cast_signed().into(),
        (Kind::Flag, Raw::Number(number)) => (number != 0).into(),
        (Kind::Message(fields), Raw::Bytes(bytes)) => message(bytes, fields, below)?,
        (Kind::Value, Raw::Bytes(bytes)) => message(bytes, VALUE, below)?,
        (Kind::Text | Kind::Hex | Kind::Message(_) | Kind::Value, Raw::Number(_))
        | (Kind::Fixed | Kind::Double | Kind::Integer | Kind::Flag, Raw::Bytes(_)) => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..70).step_by(7) {
        let byte = u64::from(*take(bytes, 1)?.first()?);
        number |= (byte & 127).checked_shl(shift).unwrap_or(0);
        if byte < 128 {
            return Some(number);
        }
    }
    None
}

const MAX_DEPTH: usize = 40;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn protobuf_reads_as_the_json_of_the_same_request() {
        let field = |number: u8, bytes: &[u8]| [&[number << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat();
        let pair = [field(1, b"a"), field(2, &[3 << 3, 12])].concat();
        let span = [
            field(1, &[0xab; 16]),
            field(5, b"chat"),
            [&[7 << 3 | 1][..], &5_u64.to_le_bytes()].concat(),
            field(9, &pair),
        ]
        .concat();
        let bytes = field(1, &field(2, &field(2, &span)));
        let json = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "ab".repeat(16), "name": "chat",
            "startTimeUnixNano": 5, "attributes": [{"key": "a", "value": {"intValue": 12}}]}]}]}]});
        assert_eq!(read(&bytes), Some(json));
        for end in 1..bytes.len() {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
    }
}
