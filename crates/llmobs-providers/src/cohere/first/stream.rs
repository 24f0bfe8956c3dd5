//! A streamed answer of the first generation: lines with an `event_type`; the last one repeats all that came.

use serde_json::{Map, Value, json};

use super::super::super::json::{Room, get, items, some, text};
use super::super::citations::Citations;

/// What came so far.
#[derive(Debug)]
pub(in super::super) struct First {
    text: String,
    tool_calls: Value,
    citations: Citations,
    /// How it ended, and what it took.
    rest: Map<String, Value>,
    room: Room,
}

impl First {
    pub(in super::super) fn new() -> Self {
        let (tool_calls, citations) = (Value::Null, Citations::new());
        Self { text: String::new(), tool_calls, citations, rest: Map::new(), room: Room::new() }
    }

    /// Takes in an event, and says whether it is part of the answer.
    pub(in super::super) fn event(&mut self, event: &Value) -> bool {
        match text(event, "event_type") {
            "text-generation" => self.room.push_member(&mut self.text, event, "text"),
            // The calls in pieces; they come whole with the next one.
            "tool-calls-chunk" => true,
            "tool-calls-generation" => {
                self.repeat(event);
                true
            }
            "citation-generation" => {
                self.citations.add(items(event, "citations"), &mut self.room);
                false
            }
            "stream-end" => {
                self.end(event);
                let response = get(event, &["response"]);
                self.repeat(response);
                self.end(response);
                false
            }
            _ => false,
        }
    }

    /// What is said again, for those who have not listened.
    fn repeat(&mut self, whole: &Value) {
        if self.text.is_empty() {
            self.room.push_member(&mut self.text, whole, "text");
        }
        if self.tool_calls.is_null() {
            self.tool_calls = self.room.keep(get(whole, &["tool_calls"]));
        }
        if self.citations.is_empty() {
            self.citations.add(items(whole, "citations"), &mut self.room);
        }
    }

    fn end(&mut self, said: &Value) {
        for name in ["finish_reason", "meta", "error"] {
            if let Some(value) = some(said, name) {
                self.rest.insert(name.to_owned(), self.room.keep(value));
            }
        }
    }

    pub(in super::super) const fn held(&self) -> usize {
        self.room.taken()
    }

    pub(in super::super) fn whole(self) -> Value {
        let mut whole = self.rest;
        let said = [("text", json!(self.text)), ("tool_calls", self.tool_calls), ("citations", self.citations.whole())];
        whole.extend(said.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(whole)
    }
}
