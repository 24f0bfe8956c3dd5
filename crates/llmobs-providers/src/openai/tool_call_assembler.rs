//! Tool calls of a streamed chat: fragments with or without index and id → calls.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::json::{self, StreamBudget};

/// The tool calls of one choice.
#[derive(Debug, Default)]
pub(super) struct ToolCallsAssembler {
    /// By index. Some hosts give all calls the same index; these then differ in id or name.
    by_index: BTreeMap<u64, Vec<ChatToolCall>>,
}

/// A tool call, as far as it has come.
#[derive(Debug, Default)]
pub(super) struct ChatToolCall {
    id: String,
    kind: String,
    name: String,
    arguments: String,
    /// The arguments are free text.
    is_custom: bool,
}

impl ToolCallsAssembler {
    /// Adds the fragments of one chunk. A fragment without an index takes its position in the chunk.
    pub(super) fn push(&mut self, fragments: &[Value], budget: &mut StreamBudget) {
        for (position, fragment) in (0_u64..).zip(fragments) {
            if !budget.take(ENTRY_BYTES) {
                return;
            }
            let index = json::count(fragment, "index").unwrap_or(position);
            let calls = self.by_index.entry(index).or_default();
            let found = find(calls, fragment).unwrap_or(calls.len());
            if found == calls.len() {
                calls.push(ChatToolCall::default());
            }
            calls.get_mut(found).into_iter().for_each(|call| call.push(fragment, budget));
        }
    }

    pub(super) fn finish(self) -> Vec<Value> {
        self.by_index.into_values().flatten().map(ChatToolCall::finish).collect()
    }
}

/// Finds the call that a fragment continues, among those of its index; `None` when it begins one.
///
/// The protocol sends id and name once, and identifies fragments by index. Hosts deviate in every way: the id in each
/// fragment, in a later one or in none; one index for all calls; calls that come whole, one after the other. So an id decides
/// where there is one; without, a name begins a call only when the arguments of the last one are complete, because other hosts
/// repeat the name in each fragment.
fn find(calls: &[ChatToolCall], fragment: &Value) -> Option<usize> {
    let last = calls.last()?;
    let last_index = calls.len().checked_sub(1)?;
    let own = json::first_present(fragment, &["function", "custom"]).unwrap_or(&Value::Null);
    let (id, name) = (json::text(fragment, "id"), json::text(own, "name"));
    if !id.is_empty() {
        let same = calls.iter().position(|call| call.id == id);
        let is_late_id = last.id.is_empty() && (name.is_empty() || last.name.is_empty() || last.name == name);
        return same.or(is_late_id.then_some(last_index));
    }
    let has_arguments = json::first_present(own, &["arguments", "input"]).is_some_and(|value| *value != "");
    let begins = !name.is_empty() && !last.name.is_empty() && has_arguments && last.is_complete();
    (!begins).then_some(last_index)
}

impl ChatToolCall {
    fn push(&mut self, fragment: &Value, budget: &mut StreamBudget) {
        if self.id.is_empty() {
            budget.push_member(&mut self.id, fragment, "id");
        }
        if self.kind.is_empty() {
            budget.push_member(&mut self.kind, fragment, "type");
        }
        self.is_custom |= fragment.get("custom").is_some();
        if let Some(own) = json::first_present(fragment, &["function", "custom"]) {
            self.push_function(own, budget);
        }
    }

    /// Adds `{"name", "arguments"}`, which is also the shape of the deprecated `function_call`.
    pub(super) fn push_function(&mut self, own: &Value, budget: &mut StreamBudget) {
        if self.name.is_empty() {
            budget.push_member(&mut self.name, own, "name");
        }
        match json::first_present(own, &["arguments", "input"]) {
            // Some send the arguments at once, and not as text.
            Some(arguments @ Value::Object(_)) => budget.push(&mut self.arguments, &arguments.to_string()),
            Some(arguments) => budget.push(&mut self.arguments, arguments.as_str().unwrap_or_default()),
            None => {}
        }
    }

    fn is_complete(&self) -> bool {
        self.arguments.trim_end().ends_with('}')
            && serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments).is_ok()
    }

    /// Returns name and arguments alone.
    pub(super) fn finish_function(self) -> Value {
        json!({"name": self.name, "arguments": self.arguments})
    }

    fn finish(self) -> Value {
        let (own, arguments) = if self.is_custom { ("custom", "input") } else { ("function", "arguments") };
        json!({"id": self.id, "type": self.kind, own: {"name": self.name, arguments: self.arguments}})
    }
}

/// The memory that an entry of a list takes, about.
const ENTRY_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    fn assemble(fragments: &[Value]) -> Vec<(String, String, String)> {
        let (mut calls, mut budget) = (ToolCallsAssembler::default(), StreamBudget::new());
        for fragment in fragments {
            calls.push(std::slice::from_ref(fragment), &mut budget);
        }
        let text = |call: &Value, path: &[&str]| json::get(call, path).as_str().unwrap().to_owned();
        let call = |call: Value| {
            let [name, arguments] = [["function", "name"], ["function", "arguments"]].map(|path| text(&call, &path));
            (text(&call, &["id"]), name, arguments)
        };
        calls.finish().into_iter().map(call).collect()
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn fragments_find_their_calls_however_they_are_marked() {
        let part = |name: &str, arguments: &str| json!({"name": name, "arguments": arguments});
        for (what, fragments, expected) in [
            (
                "one index, an id in each fragment, interleaved",
                vec![
                    json!({"index": 0, "id": "a", "function": part("x", "{")}),
                    json!({"index": 0, "id": "b", "function": part("y", "{\"p\":")}),
                    json!({"index": 0, "id": "a", "function": part("", "}")}),
                    json!({"index": 0, "id": "b", "function": part("", "1}")}),
                ],
                vec![call("a", "x", "{}"), call("b", "y", "{\"p\":1}")],
            ),
            (
                "neither index nor id",
                vec![
                    json!({"id": "", "function": part("x", "{}")}),
                    json!({"id": "", "function": part("x", "{\"q\":2}")}),
                ],
                vec![call("", "x", "{}"), call("", "x", "{\"q\":2}")],
            ),
            (
                "the name in each fragment",
                vec![
                    json!({"index": 0, "function": part("x", "{\"q\"")}),
                    json!({"index": 0, "function": part("x", ":2}")}),
                ],
                vec![call("", "x", "{\"q\":2}")],
            ),
            (
                "an index that is text, and a late id",
                vec![
                    json!({"index": "0", "function": part("x", "{")}),
                    json!({"index": "1", "id": "b", "function": part("y", "{}")}),
                    json!({"index": "0", "id": "a", "function": part("", "}")}),
                ],
                vec![call("a", "x", "{}"), call("b", "y", "{}")],
            ),
        ] {
            assert_eq!(assemble(&fragments), expected, "{what}");
        }
    }
}
