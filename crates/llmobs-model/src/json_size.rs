//! Memory that JSON retains, for budgets.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// Returns the bytes that a JSON value retains on the heap and in place, without recursion: it may be deep.
///
/// Meant for budgets, so it does not understate: a node of a map takes hundreds of bytes even for one member.
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

/// Returns the bytes of an object's nodes and names, without what its values point to.
fn map_bytes(members: &Map<String, Value>) -> usize {
    // A node of a B-tree has room for 11 members whether they are there or not. Nodes that were split while members came
    // in order keep 6 of them, and one more for each stands in the node above.
    const NODE_MEMBERS: usize = 11;
    const NODE: usize = NODE_MEMBERS * (size_of::<String>() + size_of::<Value>()) + 2 * size_of::<usize>();
    let nodes = match members.len() {
        0 => 0,
        1..=NODE_MEMBERS => 1,
        many => (many / (NODE_MEMBERS / 2 + 1)).saturating_add(1),
    };
    let names = members.keys().fold(0_usize, |sum, name| sum.saturating_add(heap_bytes(name.capacity())));
    nodes.saturating_mul(heap_bytes(NODE)).saturating_add(names)
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
    fn small_objects_are_counted_with_the_node_that_they_take() {
        let empty = retained_json_bytes(&json!({}));
        let one = retained_json_bytes(&json!({"a": 0}));
        assert!(empty <= size_of::<Value>() && one >= 600, "{empty} {one}");
        let many: Value = vec![json!({"a": 0}); 1_000].into();
        assert!(retained_json_bytes(&many) >= 1_000 * 600);
        assert!(retained_json_bytes(&json!("x".repeat(5_000))) >= 5_000);
    }

    #[test]
    fn members_count_as_their_object_does() {
        let value = json!({"a": 1, "b": ["x", {"c": null}], "text": "some text"});
        let members = value.as_object().unwrap();
        assert_eq!(retained_members_bytes(members) + size_of::<Value>(), retained_json_bytes(&value));
    }
}
