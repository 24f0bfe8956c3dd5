//! A streamed answer of the second generation: events with a `type`, each about one part of the message.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::cohere::citations::Citations;
use crate::json::{StreamBudget, as_list, count, get, present};

/// The assembler of a streamed response.
#[derive(Debug)]
pub(in crate::cohere) struct V2Assembler {
    /// Text and thoughts, by index.
    contents: BTreeMap<u64, V2Content>,
    tool_plan: String,
    tool_calls: BTreeMap<u64, V2ToolCall>,
    citations: Citations,
    /// Finish reason, usage and error.
    rest: Map<String, Value>,
    budget: StreamBudget,
}

#[derive(Debug, Default)]
struct V2Content {
    text: String,
    thinking: String,
}

#[derive(Debug, Default)]
struct V2ToolCall {
    id: String,
    name: String,
    arguments: String,
}

/// Bytes that an entry costs, empty as it may be.
const ENTRY: usize = 128;

impl V2Assembler {
    pub(in crate::cohere) fn new() -> Self {
        let (contents, tool_calls, citations) = (BTreeMap::new(), BTreeMap::new(), Citations::new());
        Self {
            contents,
            tool_plan: String::new(),
            tool_calls,
            citations,
            rest: Map::new(),
            budget: StreamBudget::new(),
        }
    }

    /// Takes in an event, and says whether it is part of the answer.
    pub(in crate::cohere) fn event(&mut self, kind: &str, event: &Value) -> bool {
        let index = count(event, "index").unwrap_or(0);
        let message = get(event, &["delta", "message"]);
        match kind {
            "content-start" | "content-delta" => self.content(index, get(message, &["content"])),
            "tool-plan-delta" => self.budget.push_member(&mut self.tool_plan, message, "tool_plan"),
            "tool-call-start" | "tool-call-delta" => self.call(index, get(message, &["tool_calls"])),
            "citation-start" => {
                self.citations.add(as_list(get(message, &["citations"])), &mut self.budget);
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
        if !self.contents.contains_key(&index) && !self.budget.take(ENTRY) {
            return false;
        }
        let own = self.contents.entry(index).or_default();
        let is_text = self.budget.push_member(&mut own.text, content, "text");
        self.budget.push_member(&mut own.thinking, content, "thinking") || is_text
    }

    fn call(&mut self, index: u64, call: &Value) -> bool {
        if !self.tool_calls.contains_key(&index) && !self.budget.take(ENTRY) {
            return false;
        }
        let (own, function) = (self.tool_calls.entry(index).or_default(), get(call, &["function"]));
        let parts =
            [(&mut own.id, call, "id"), (&mut own.name, function, "name"), (&mut own.arguments, function, "arguments")];
        parts
            .into_iter()
            .fold(false, |is_content, (text, of, name)| self.budget.push_member(text, of, name) || is_content)
    }

    fn end(&mut self, delta: &Value) {
        for name in ["finish_reason", "usage", "error"] {
            if let Some(value) = present(delta, name) {
                let kept = self.budget.keep(value);
                crate::usage::merge(self.rest.entry(name).or_insert(Value::Null), &kept);
            }
        }
    }

    pub(in crate::cohere) fn has_ended(&self) -> bool {
        self.rest.contains_key("finish_reason")
    }

    pub(in crate::cohere) const fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    pub(in crate::cohere) fn finish(self) -> Value {
        let contents: Vec<Value> = self.contents.into_values().flat_map(V2Content::finish).collect();
        let calls: Vec<Value> = self.tool_calls.into_values().map(V2ToolCall::finish).collect();
        let message = json!({
            "role": "assistant",
            "content": contents,
            "tool_plan": self.tool_plan,
            "tool_calls": calls,
            "citations": self.citations.finish(),
        });
        let mut whole = self.rest;
        whole.insert("message".to_owned(), message);
        Value::Object(whole)
    }
}

impl V2Content {
    /// Returns one part, or two where an index had both kinds.
    fn finish(self) -> impl Iterator<Item = Value> {
        let parts = [("thinking", self.thinking), ("text", self.text)].into_iter();
        parts.filter(|(_, said)| !said.is_empty()).map(|(kind, said)| json!({"type": kind, kind: said}))
    }
}

impl V2ToolCall {
    fn finish(self) -> Value {
        json!({"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}})
    }
}
