//! The events of `ConverseStream` → the answer of `Converse`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{self, StreamBudget};

/// An answer as far as it has come.
#[derive(Debug)]
pub(in crate::bedrock) struct ConverseAssembler {
    role: Value,
    /// By round and index. Gateways number every block 0, or not at all, so that a block that begins where another one has
    /// begun opens the next round.
    blocks: BTreeMap<(u64, u64), ConverseBlock>,
    round: u64,
    stop_reason: Value,
    usage: Value,
    /// The model that a prompt router has chosen.
    router: Value,
    budget: StreamBudget,
}

/// A block of the message; a kind of content that has not come is `None`.
#[derive(Debug, Default)]
struct ConverseBlock {
    thought: Option<String>,
    has_redacted_thought: bool,
    text: Option<String>,
    citations: Vec<Value>,
    /// Name and id, and the text of the arguments.
    call: Option<(Map<String, Value>, String)>,
    /// The id of a result of a tool that the service itself ran, and what the tool answered.
    result: Option<(Map<String, Value>, Vec<Value>)>,
}

impl Default for ConverseAssembler {
    fn default() -> Self {
        let [role, stop_reason, usage, router] = [Value::Null, Value::Null, Value::Null, Value::Null];
        Self { role, blocks: BTreeMap::new(), round: 0, stop_reason, usage, router, budget: StreamBudget::new() }
    }
}

impl StreamAssembler for ConverseAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        if frame.is_exception {
            return FrameSummary { is_content: false, error: Some(failure::of_exception(&frame)) };
        }
        let data = &frame.data;
        match frame.event.as_str() {
            "messageStart" => self.role = self.budget.keep(&data["role"]),
            "contentBlockStart" => return self.start(data),
            "contentBlockDelta" => return self.delta(data),
            "messageStop" => self.stop_reason = self.budget.keep(&data["stopReason"]),
            "metadata" => {
                crate::usage::merge(&mut self.usage, &data["usage"]);
                let router = json::get(data, &["trace", "promptRouter"]);
                if router.is_object() {
                    self.router = self.budget.keep(router);
                }
            }
            // `contentBlockStop`, and what may come to be.
            _ => {}
        }
        FrameSummary::default()
    }

    fn has_ended(&self) -> bool {
        self.stop_reason.is_string()
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        let content: Vec<Value> = self.blocks.into_values().flat_map(ConverseBlock::finish).collect();
        json!({
            "output": {"message": {"role": self.role, "content": content}},
            "stopReason": self.stop_reason,
            "usage": self.usage,
            "trace": {"promptRouter": self.router},
        })
    }
}

impl ConverseAssembler {
    fn start(&mut self, data: &Value) -> FrameSummary {
        let start = &data["start"];
        let [call, result] = ["toolUse", "toolResult"].map(|kind| self.budget.keep(&start[kind]));
        let index = json::count(data, "contentBlockIndex").unwrap_or(0);
        let has_begun = |block: &ConverseBlock| block.call.is_some() || block.result.is_some();
        if self.blocks.get(&(self.round, index)).is_some_and(has_begun) {
            self.round = self.round.saturating_add(1);
        }
        let Some((block, _)) = self.at(data) else { return FrameSummary::default() };
        match (call, result) {
            (Value::Object(call), _) => block.call = Some((call, String::new())),
            (_, Value::Object(result)) => block.result = Some((result, Vec::new())),
            _ => return FrameSummary::default(),
        }
        FrameSummary::content(true)
    }

    fn delta(&mut self, data: &Value) -> FrameSummary {
        let delta = &data["delta"];
        let Some((block, budget)) = self.at(data) else { return FrameSummary::default() };
        let thought = &delta["reasoningContent"];
        if delta["text"].is_string() {
            return FrameSummary::content(budget.push_member(block.text.get_or_insert_default(), delta, "text"));
        }
        if delta["toolUse"].is_object() {
            let (_, input) = block.call.get_or_insert_default();
            return FrameSummary::content(budget.push_member(input, &delta["toolUse"], "input"));
        }
        if thought["text"].is_string() {
            return FrameSummary::content(budget.push_member(block.thought.get_or_insert_default(), thought, "text"));
        }
        block.citations.extend(
            json::present(delta, "citation").map(|citation| budget.keep(citation)).filter(|kept| !kept.is_null()),
        );
        block.has_redacted_thought |= !thought["redactedContent"].is_null();
        let results = json::items(delta, "toolResult");
        if !results.is_empty() {
            let (_, kept) = block.result.get_or_insert_default();
            kept.extend(results.iter().map(|item| budget.keep(item)).filter(|item| !item.is_null()));
        }
        FrameSummary::content(!results.is_empty())
    }

    /// Returns the block of an event: by index in this round or, when it has begun in an earlier one, there.
    fn at(&mut self, data: &Value) -> Option<(&mut ConverseBlock, &mut StreamBudget)> {
        /// The rounds that are kept: only a hostile stream has more.
        const MAX_ROUNDS_BACK: usize = 16;
        let Self { blocks, budget, round, .. } = self;
        let index = json::count(data, "contentBlockIndex").unwrap_or(0);
        let is_start = !data["start"].is_null();
        let mut rounds = (0..=*round).rev().take(if is_start { 1 } else { MAX_ROUNDS_BACK });
        let found = rounds.find(|round| blocks.contains_key(&(*round, index)));
        let key = (found.unwrap_or(*round), index);
        let has_room = blocks.contains_key(&key) || budget.take(size_of::<ConverseBlock>());
        has_room.then(|| (blocks.entry(key).or_default(), budget))
    }
}

impl ConverseBlock {
    fn finish(self) -> Vec<Value> {
        let mut blocks = Vec::new();
        if let Some(thought) = self.thought {
            blocks.push(json!({"reasoningContent": {"reasoningText": {"text": thought}}}));
        }
        if self.has_redacted_thought {
            blocks.push(json!({"reasoningContent": {"redactedContent": ""}}));
        }
        if let Some(text) = self.text {
            blocks.push(match self.citations.as_slice() {
                [] => json!({"text": text}),
                citations => json!({"citationsContent": {"content": [{"text": text}], "citations": citations}}),
            });
        }
        if let Some((mut call, text)) = self.call {
            let empty = || Value::Object(Map::new());
            // What was cut in the middle is no JSON; the text is kept.
            let input = if text.is_empty() { empty() } else { serde_json::from_str(&text).unwrap_or(text.into()) };
            call.insert("input".to_owned(), input);
            blocks.push(json!({"toolUse": call}));
        }
        if let Some((mut result, content)) = self.result {
            result.insert("content".to_owned(), content.into());
            blocks.push(json!({"toolResult": result}));
        }
        blocks
    }
}
