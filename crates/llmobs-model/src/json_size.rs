//! Memory that JSON retains, for budgets.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Returns the bytes that a JSON value retains on the heap and in place, without recursion: it may be deep.
///
/// Meant for budgets, so it does not understate: an object takes hundreds of bytes even for one member.
#[doc(hidden)]
pub fn retained_json_bytes(value: &Value) -> usize {
    let mut total = size_of::<Value>();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        total = total.saturating_add(match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => heap_bytes(text.capacity()),
            Value::Array(items) => {
                open.extend(items);
                heap_bytes(items.capacity().saturating_mul(size_of::<Value>()))
            }
            Value::Object(members) => {
                open.extend(members.values());
                map_bytes(members)
            }
        });
    }
    total
}

/// Returns the bytes that the members of a JSON object retain.
pub(crate) fn retained_members_bytes(members: &Map<String, Value>) -> usize {
    members.values().fold(map_bytes(members), |sum, value| {
        sum.saturating_add(retained_json_bytes(value).saturating_sub(size_of::<Value>()))
    })
}

/// Returns the bytes that a list retains: its buffer, and what each item retains.
pub(crate) fn sum_bytes<T>(items: &Vec<T>, retained: impl Fn(&T) -> usize) -> usize {
    let buffer = heap_bytes(items.capacity().saturating_mul(size_of::<T>()));
    items.iter().fold(buffer, |sum, item| sum.saturating_add(retained(item)))
}

/// Returns the bytes that a text retains.
pub(crate) fn text_bytes(text: &String) -> usize {
    heap_bytes(text.capacity())
}

/// Returns the bytes that optional texts retain.
pub(crate) fn texts_bytes<'a>(texts: impl IntoIterator<Item = &'a Option<String>>) -> usize {
    texts.into_iter().flatten().fold(0, |sum, text| sum.saturating_add(text_bytes(text)))
}

/// Returns the bytes that a text retains, unless it is borrowed.
#[expect(clippy::ptr_arg, reason = "only the `Cow` tells whether the text is borrowed")]
pub(crate) fn cow_bytes(text: &Cow<'_, str>) -> usize {
    match text {
        Cow::Borrowed(_) => 0,
        Cow::Owned(text) => text_bytes(text),
    }
}

/// Is true when `serde_json` stores the members of an object in the order in which they came (`preserve_order`): any crate
/// of the host can switch that on for all, and an object takes another amount of memory then.
const KEEPS_ORDER: bool = size_of::<Map<String, Value>>() > size_of::<BTreeMap<String, Value>>();

/// Returns the bytes of an object's table and names, without what its values point to.
fn map_bytes(members: &Map<String, Value>) -> usize {
    let table = if KEEPS_ORDER { hash_table_bytes(members.len()) } else { tree_bytes(members.len()) };
    members.keys().fold(table, |sum, name| sum.saturating_add(heap_bytes(name.capacity())))
}

/// Returns the bytes that the nodes of a `BTreeMap` with this many members take.
fn tree_bytes(members: usize) -> usize {
    // A node has room for 11 members whether they are there or not. Nodes that were split while members came in order
    // keep 6 of them, and one more for each stands in the node above.
    const NODE_MEMBERS: usize = 11;
    const NODE: usize = NODE_MEMBERS * (size_of::<String>() + size_of::<Value>()) + 2 * size_of::<usize>();
    let nodes = match members {
        0 => 0,
        1..=NODE_MEMBERS => 1,
        many => (many / (NODE_MEMBERS / 2 + 1)).saturating_add(1),
    };
    nodes.saturating_mul(heap_bytes(NODE))
}

/// Returns the bytes that the list and the index of an `IndexMap` with this many members take.
fn hash_table_bytes(members: usize) -> usize {
    // The index has a power of two of places, at least 4, each a number and a byte of the hash, and 16 bytes at its end;
    // of 8 and more places 7/8 are used. The list has room for as many members as the index, each with its hash.
    const GROUP: usize = 16;
    const PLACE: usize = size_of::<usize>() + 1;
    const MEMBER: usize = size_of::<u64>() + size_of::<String>() + size_of::<Value>();
    let (places, room) = match members {
        0 => return 0,
        1..=3 => (4, 3),
        many => {
            let places = many.saturating_mul(8).div_ceil(7).checked_next_power_of_two().unwrap_or(usize::MAX);
            (places, (places / 8).saturating_mul(7))
        }
    };
    heap_bytes(room.saturating_mul(MEMBER))
        .saturating_add(heap_bytes(places.saturating_mul(PLACE).saturating_add(GROUP)))
}

/// Returns what the allocator takes for this many bytes: in steps of 16, with a header.
pub(crate) const fn heap_bytes(bytes: usize) -> usize {
    const STEP: usize = 16;
    if bytes == 0 { 0 } else { bytes.saturating_add(size_of::<usize>()).div_ceil(STEP).saturating_mul(STEP) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn small_objects_are_counted_with_the_room_that_they_take() {
        let least = if KEEPS_ORDER { 350 } else { 600 };
        let empty = retained_json_bytes(&json!({}));
        let one = retained_json_bytes(&json!({"a": 0}));
        assert!(empty <= size_of::<Value>() && one >= least, "{empty} {one}");
        let many: Value = vec![json!({"a": 0}); 1_000].into();
        assert!(retained_json_bytes(&many) >= 1_000 * least);
        assert!(retained_json_bytes(&json!("x".repeat(5_000))) >= 5_000);
    }

    #[test]
    fn members_count_as_their_object_does() {
        let value = json!({"a": 1, "b": ["x", {"c": null}], "text": "some text"});
        let members = value.as_object().unwrap();
        assert_eq!(retained_members_bytes(members) + size_of::<Value>(), retained_json_bytes(&value));
    }
}
