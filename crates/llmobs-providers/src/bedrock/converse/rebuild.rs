//! The events of `ConverseStream` → the answer of `Converse`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::codec::{Frame, Rebuild, Seen};
use crate::failure;
use crate::json::{self, Room};

/// An answer as far as it has come.
#[derive(Debug)]
pub(in crate::bedrock) struct Rebuilt {
    role: Value,
    blocks: BTreeMap<u64, Block>,
    stop_reason: Value,
    usage: Value,
    room: Room,
}

/// One block; a kind that has not come is `None`.
#[derive(Debug, Default)]
struct Block {
    thought: Option<String>,
    has_redacted_thought: bool,
    text: Option<String>,
    citations: Vec<Value>,
    /// Name and id, and the text of the arguments.
    call: Option<(Map<String, Value>, String)>,
    /// The id of a result of a tool that the service itself ran, and what the tool answered.
    result: Option<(Map<String, Value>, Vec<Value>)>,
}

impl Default for Rebuilt {
    fn default() -> Self {
        let [role, stop_reason, usage] = [Value::Null, Value::Null, Value::Null];
        Self { role, blocks: BTreeMap::new(), stop_reason, usage, room: Room::new() }
    }
}

impl Rebuild for Rebuilt {
    fn frame(&mut self, frame: Frame) -> Seen {
        if frame.is_exception {
            return Seen { is_content: false, error: Some(failure::of_exception(&frame)) };
        }
        let data = &frame.data;
        match frame.event.as_str() {
            "messageStart" => self.role = data["role"].clone(),
            "contentBlockStart" => return self.start(data),
            "contentBlockDelta" => return self.delta(data),
            "messageStop" => self.stop_reason = data["stopReason"].clone(),
            "metadata" => self.usage = data["usage"].clone(),
            // `contentBlockStop`, and what may come to be.
            _ => {}
        }
        Seen::default()
    }

    fn held(&self) -> usize {
        self.room.taken()
    }

    fn whole(self: Box<Self>) -> Value {
        let content: Vec<Value> = self.blocks.into_values().flat_map(Block::whole).collect();
        json!({
            "output": {"message": {"role": self.role, "content": content}},
            "stopReason": self.stop_reason,
            "usage": self.usage,
        })
    }
}

impl Rebuilt {
    fn start(&mut self, data: &Value) -> Seen {
        let start = &data["start"];
        let [call, result] = ["toolUse", "toolResult"].map(|kind| self.room.keep(&start[kind]));
        let Some((block, _)) = self.at(data) else { return Seen::default() };
        match (call, result) {
            (Value::Object(call), _) => block.call = Some((call, String::new())),
            (_, Value::Object(result)) => block.result = Some((result, Vec::new())),
            _ => return Seen::default(),
        }
        Seen::content(true)
    }

    fn delta(&mut self, data: &Value) -> Seen {
        let delta = &data["delta"];
        let Some((block, room)) = self.at(data) else { return Seen::default() };
        let thought = &delta["reasoningContent"];
        if delta["text"].is_string() {
            return Seen::content(room.push_member(block.text.get_or_insert_default(), delta, "text"));
        }
        if delta["toolUse"].is_object() {
            let (_, input) = block.call.get_or_insert_default();
            return Seen::content(room.push_member(input, &delta["toolUse"], "input"));
        }
        if thought["text"].is_string() {
            return Seen::content(room.push_member(block.thought.get_or_insert_default(), thought, "text"));
        }
        block
            .citations
            .extend(json::some(delta, "citation").map(|citation| room.keep(citation)).filter(|kept| !kept.is_null()));
        block.has_redacted_thought |= !thought["redactedContent"].is_null();
        let results = json::items(delta, "toolResult");
        if !results.is_empty() {
            let (_, kept) = block.result.get_or_insert_default();
            kept.extend(results.iter().map(|item| room.keep(item)).filter(|item| !item.is_null()));
        }
        Seen::content(!results.is_empty())
    }

    fn at(&mut self, data: &Value) -> Option<(&mut Block, &mut Room)> {
        let Self { blocks, room, .. } = self;
        let index = json::count(data, "contentBlockIndex").unwrap_or(0);
        let has_room = blocks.contains_key(&index) || room.take(size_of::<Block>());
        has_room.then(|| (blocks.entry(index).or_default(), room))
    }
}

impl Block {
    fn whole(self) -> Vec<Value> {
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
