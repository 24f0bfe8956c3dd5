//! A streamed answer of the second generation: events with a `type`, each about one part of the message.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::super::json::{Room, get, many, some};
use super::super::citations::Citations;

/// What came so far.
#[derive(Debug)]
pub(in super::super) struct Second {
    /// Text and thoughts, by index.
    contents: BTreeMap<u64, Content>,
    tool_plan: String,
    tool_calls: BTreeMap<u64, Call>,
    citations: Citations,
    /// How it ended, and what it took.
    rest: Map<String, Value>,
    room: Room,
}

#[derive(Debug, Default)]
struct Content {
    text: String,
    thinking: String,
}

#[derive(Debug, Default)]
struct Call {
    id: String,
    name: String,
    arguments: String,
}

/// Bytes that an entry costs, empty as it may be.
const ENTRY: usize = 128;

impl Second {
    pub(in super::super) fn new() -> Self {
        let (contents, tool_calls, citations) = (BTreeMap::new(), BTreeMap::new(), Citations::new());
        Self { contents, tool_plan: String::new(), tool_calls, citations, rest: Map::new(), room: Room::new() }
    }

    /// Takes in an event, and says whether it is part of the answer.
    pub(in super::super) fn event(&mut self, kind: &str, event: &Value) -> bool {
        let index = get(event, &["index"]).as_u64().unwrap_or(0);
        let message = get(event, &["delta", "message"]);
        match kind {
            "content-start" | "content-delta" => self.content(index, get(message, &["content"])),
            "tool-plan-delta" => self.room.push_member(&mut self.tool_plan, message, "tool_plan"),
            "tool-call-start" | "tool-call-delta" => self.call(index, get(message, &["tool_calls"])),
            "citation-start" => {
                self.citations.add(many(get(message, &["citations"])), &mut self.room);
                false
            }
            "message-end" => {
                self.end(get(event, &["delta"]));
                false
            }
            _ => false,
        }
    }

    fn content(&mut self, index: u64, content: &Value) -> bool {
        if !self.contents.contains_key(&index) && !self.room.take(ENTRY) {
            return false;
        }
        let own = self.contents.entry(index).or_default();
        let is_text = self.room.push_member(&mut own.text, content, "text");
        self.room.push_member(&mut own.thinking, content, "thinking") || is_text
    }

    fn call(&mut self, index: u64, call: &Value) -> bool {
        if !self.tool_calls.contains_key(&index) && !self.room.take(ENTRY) {
            return false;
        }
        let (own, function) = (self.tool_calls.entry(index).or_default(), get(call, &["function"]));
        let parts =
            [(&mut own.id, call, "id"), (&mut own.name, function, "name"), (&mut own.arguments, function, "arguments")];
        parts
            .into_iter()
            .fold(false, |is_content, (text, of, name)| self.room.push_member(text, of, name) || is_content)
    }

    fn end(&mut self, delta: &Value) {
        for name in ["finish_reason", "usage", "error"] {
            if let Some(value) = some(delta, name) {
                self.rest.insert(name.to_owned(), self.room.keep(value));
            }
        }
    }

    pub(in super::super) const fn held(&self) -> usize {
        self.room.taken()
    }

    pub(in super::super) fn whole(self) -> Value {
        let contents: Vec<Value> = self.contents.into_values().flat_map(Content::whole).collect();
        let calls: Vec<Value> = self.tool_calls.into_values().map(Call::whole).collect();
        let message = json!({
            "role": "assistant",
            "content": contents,
            "tool_plan": self.tool_plan,
            "tool_calls": calls,
            "citations": self.citations.whole(),
        });
        let mut whole = self.rest;
        whole.insert("message".to_owned(), message);
        Value::Object(whole)
    }
}

impl Content {
    /// One part, or two where an index had both.
    fn whole(self) -> impl Iterator<Item = Value> {
        let parts = [("thinking", self.thinking), ("text", self.text)].into_iter();
        parts.filter(|(_, said)| !said.is_empty()).map(|(kind, said)| json!({"type": kind, kind: said}))
    }
}

impl Call {
    fn whole(self) -> Value {
        json!({"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}})
    }
}
