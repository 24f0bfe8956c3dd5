//! Events of a response → the response.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{self, StreamBudget};
use llmobs_model::SpanError;

/// A response that comes in events.
///
/// Its last snapshot is the response, but for a stream that was cut, and for hosts whose last snapshot has no output: then
/// the items count that came one by one, and of an item that did not end, its texts.
#[derive(Debug, Default)]
pub(super) struct ResponsesAssembler {
    snapshot: Value,
    snapshot_bytes: usize,
    items: BTreeMap<u64, ItemAssembler>,
    /// The event that ends a response has come; its snapshot may lack a status.
    is_ended: bool,
    budget: StreamBudget,
}

#[derive(Debug, Default)]
struct ItemAssembler {
    /// The item of the event that it began with.
    begun: Value,
    /// The item of the event that it ended with.
    done: Option<Value>,
    text: String,
    refusal: String,
    arguments: String,
    code: String,
    summary: String,
    thought: String,
    /// The kind of the first delta.
    kind: Option<ItemKind>,
}

/// The kind of item that a delta belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ItemKind {
    Reasoning,
    Text,
    Call,
}

impl ItemKind {
    fn of(event: &str) -> Option<Self> {
        let is = |part: &str| event.contains(part);
        match () {
            () if is("reasoning") => Some(Self::Reasoning),
            () if is("_text.delta") || is("refusal") => Some(Self::Text),
            () if is("_call") => Some(Self::Call),
            () => None,
        }
    }
}

impl StreamAssembler for ResponsesAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        let data = frame.data;
        let event =
            Some(json::text(&data, "type")).filter(|event| !event.is_empty()).unwrap_or(&frame.event).to_owned();
        if let Some(response) = json::present(&data, "response").filter(|response| response.is_object()) {
            self.snapshot = response.clone();
            self.snapshot_bytes = json::estimated_bytes(response);
        }
        self.is_ended |= matches!(event.as_str(), "response.completed" | "response.incomplete" | "response.failed");
        let error = match event.as_str() {
            "error" => Some(error(&data)),
            "response.failed" => {
                failure::inside(&self.snapshot).or_else(|| Some(SpanError::new("").error_type(event.clone())))
            }
            _ => None,
        };
        FrameSummary { is_content: self.item(&event, &data), error }
    }

    fn has_ended(&self) -> bool {
        !matches!(json::text(&self.snapshot, "status"), "" | "queued" | "in_progress") || self.is_ended
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken().saturating_add(self.snapshot_bytes)
    }

    fn finish(self: Box<Self>) -> Value {
        let mut whole = if self.snapshot.is_object() { self.snapshot } else { json!({}) };
        if json::items(&whole, "output").is_empty() {
            let items: Vec<Value> = self.items.into_values().map(ItemAssembler::finish).collect();
            whole.as_object_mut().into_iter().for_each(|members| {
                members.insert("output".to_owned(), Value::from(items.clone()));
            });
        }
        whole
    }
}

impl ResponsesAssembler {
    /// Returns the index of the item that an event is about. Some hosts leave `output_index` out: then the id of the item
    /// decides, and without that the last item.
    fn index_of(&self, event: &str, data: &Value) -> Option<u64> {
        if let Some(index) = json::count(data, "output_index") {
            return Some(index);
        }
        if !event.starts_with("response.") || json::present(data, "response").is_some() {
            return None;
        }
        let id = [json::text(data, "item_id"), json::text(json::get(data, &["item"]), "id")];
        let id = id.into_iter().find(|id| !id.is_empty());
        let has_id = |item: &ItemAssembler, id| json::text(&item.begun, "id") == id;
        let found = id.and_then(|id| self.items.iter().rev().find(|(_, item)| has_id(item, id)));
        let last = self.items.keys().next_back().copied();
        match (found, event) {
            (Some((index, _)), _) => Some(*index),
            (None, "response.output_item.added") => Some(last.map_or(0, |last| last.saturating_add(1))),
            (None, _) => {
                let kind = ItemKind::of(event);
                let is_other = |item: &ItemAssembler| item.kind.is_some() && kind.is_some() && item.kind != kind;
                let begins = self.items.values().next_back().is_some_and(is_other);
                Some(last.map_or(0, |last| last.saturating_add(u64::from(begins))))
            }
        }
    }

    /// Takes what an event says of an item, and whether it is content.
    fn item(&mut self, event: &str, data: &Value) -> bool {
        let Some(index) = self.index_of(event, data) else { return false };
        if !self.items.contains_key(&index) && !self.budget.take(ENTRY) {
            return false;
        }
        let item = self.items.entry(index).or_default();
        item.kind = item.kind.or(ItemKind::of(event));
        let text = match event {
            "response.output_item.added" => {
                item.begun = self.budget.keep(json::get(data, &["item"]));
                return false;
            }
            "response.output_item.done" => {
                let has_come = !item.is_empty();
                item.done = Some(self.budget.keep(json::get(data, &["item"]))).filter(Value::is_object);
                return has_come || item.done.is_some();
            }
            "response.output_text.delta" => &mut item.text,
            "response.refusal.delta" => &mut item.refusal,
            "response.function_call_arguments.delta"
            | "response.mcp_call_arguments.delta"
            | "response.custom_tool_call_input.delta" => &mut item.arguments,
            "response.code_interpreter_call_code.delta" => &mut item.code,
            "response.reasoning_summary_text.delta" => &mut item.summary,
            "response.reasoning_text.delta" => &mut item.thought,
            _ => return false,
        };
        self.budget.push_member(text, data, "delta")
    }
}

impl ItemAssembler {
    fn is_empty(&self) -> bool {
        let texts = [&self.text, &self.refusal, &self.arguments, &self.code, &self.summary, &self.thought];
        texts.into_iter().all(String::is_empty)
    }

    fn finish(self) -> Value {
        if let Some(done) = self.done {
            return done;
        }
        let mut parts = Vec::new();
        if !self.text.is_empty() {
            parts.push(json!({"type": "output_text", "text": self.text}));
        }
        if !self.refusal.is_empty() {
            parts.push(json!({"type": "refusal", "refusal": self.refusal}));
        }
        if !self.thought.is_empty() {
            parts.push(json!({"type": "reasoning_text", "text": self.thought}));
        }
        let mut whole =
            if self.begun.is_object() { self.begun } else { json!({"type": "message", "role": "assistant"}) };
        let Some(members) = whole.as_object_mut() else { return whole };
        if !parts.is_empty() {
            members.insert("content".to_owned(), Value::from(parts));
        }
        if !self.summary.is_empty() {
            members.insert("summary".to_owned(), json!([{"type": "summary_text", "text": self.summary}]));
        }
        if !self.arguments.is_empty() {
            let name = if members.contains_key("input") { "input" } else { "arguments" };
            members.insert(name.to_owned(), Value::from(self.arguments));
        }
        if !self.code.is_empty() {
            members.insert("code".to_owned(), Value::from(self.code));
        }
        whole
    }
}

/// `{"type": "error", "code", "message"}`, or the same below `error`.
fn error(data: &Value) -> SpanError {
    let code = || json::text(data, "code");
    failure::inside(data).unwrap_or_else(|| {
        let error_type = Some(code()).filter(|code| !code.is_empty()).unwrap_or("error");
        SpanError::new(json::text(data, "message")).error_type(error_type)
    })
}

/// The memory that an entry of a list takes, about.
const ENTRY: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_snapshot_counts_among_what_is_held_and_those_before_do_not() {
        let mut stream = ResponsesAssembler::default();
        for (bytes, kind) in
            [(50_000, "response.created"), (20_000, "response.in_progress"), (90_000, "response.completed")]
        {
            let data = json!({"type": kind, "response": {"output": [], "instructions": "x".repeat(bytes)}});
            stream.push(Frame { event: String::new(), is_exception: false, data });
            assert!((bytes..bytes + 1_000).contains(&stream.retained_bytes()), "{bytes}: {}", stream.retained_bytes());
        }
    }
}
