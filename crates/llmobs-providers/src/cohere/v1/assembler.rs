//! A streamed answer of the first generation: lines with an `event_type`; the last one repeats all that came.

use serde_json::{Map, Value, json};

use crate::cohere::citations::Citations;
use crate::json::{StreamBudget, get, items, present, text};

/// The assembler of a streamed response.
#[derive(Debug)]
pub(in crate::cohere) struct V1Assembler {
    text: String,
    tool_calls: Value,
    citations: Citations,
    /// Finish reason, usage and error.
    rest: Map<String, Value>,
    budget: StreamBudget,
}

impl V1Assembler {
    pub(in crate::cohere) fn new() -> Self {
        let (tool_calls, citations) = (Value::Null, Citations::new());
        Self { text: String::new(), tool_calls, citations, rest: Map::new(), budget: StreamBudget::new() }
    }

    /// Takes in an event, and says whether it is part of the answer.
    pub(in crate::cohere) fn event(&mut self, event: &Value) -> bool {
        match text(event, "event_type") {
            "text-generation" => self.budget.push_member(&mut self.text, event, "text"),
            // The calls in pieces; they come whole with the next one.
            "tool-calls-chunk" => true,
            "tool-calls-generation" => {
                self.repeat(event);
                true
            }
            "citation-generation" => {
                self.citations.add(items(event, "citations"), &mut self.budget);
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

    /// Takes members from the last event, which repeats the whole response, unless they have come already.
    fn repeat(&mut self, whole: &Value) {
        if self.text.is_empty() {
            self.budget.push_member(&mut self.text, whole, "text");
        }
        if self.tool_calls.is_null() {
            self.tool_calls = self.budget.keep(get(whole, &["tool_calls"]));
        }
        if self.citations.is_empty() {
            self.citations.add(items(whole, "citations"), &mut self.budget);
        }
    }

    fn end(&mut self, said: &Value) {
        for name in ["finish_reason", "meta", "error"] {
            if let Some(value) = present(said, name) {
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
        let mut whole = self.rest;
        let said =
            [("text", json!(self.text)), ("tool_calls", self.tool_calls), ("citations", self.citations.finish())];
        whole.extend(said.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(whole)
    }
}
