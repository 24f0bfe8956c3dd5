//! The events of a stream → the message that would have come whole.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::usage;
use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{self, Object, StreamBudget, Text};

/// A message as far as it has come.
#[derive(Debug)]
pub(crate) struct MessageAssembler {
    role: Value,
    usage: Map<String, Value>,
    /// The end has counted.
    is_counted: bool,
    /// By index: the protocol lets them interleave.
    blocks: BTreeMap<u64, MessageBlock>,
    budget: StreamBudget,
}

#[derive(Debug, Default)]
struct MessageBlock {
    /// The block as it began.
    start: Map<String, Value>,
    /// The member that was appended to since, and what.
    appended: Option<(&'static str, String)>,
}

/// A kind of delta.
struct DeltaKind {
    kind: &'static str,
    /// The member of the delta that is appended.
    from: &'static str,
    /// The type of the block, and its member.
    block: &'static str,
    to: &'static str,
}

/// What is appended. Signatures are not.
const DELTAS: &[DeltaKind] = &[
    DeltaKind { kind: "text_delta", from: "text", block: "text", to: "text" },
    DeltaKind { kind: "input_json_delta", from: "partial_json", block: "tool_use", to: "input" },
    DeltaKind { kind: "thinking_delta", from: "thinking", block: "thinking", to: "thinking" },
    DeltaKind { kind: "compaction_delta", from: "content", block: "compaction", to: "content" },
];

/// An event of the kind that most of a stream consists of.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    index: u64,
    #[serde(borrow)]
    delta: Object<CommonDelta<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonDelta<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    partial_json: Option<Text<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Text<'a>>,
}

impl Default for MessageAssembler {
    fn default() -> Self {
        Self {
            role: Value::Null,
            usage: Map::new(),
            is_counted: false,
            blocks: BTreeMap::new(),
            budget: StreamBudget::new(),
        }
    }
}

impl StreamAssembler for MessageAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        if frame.is_exception {
            return FrameSummary { is_content: false, error: Some(failure::of_exception(&frame)) };
        }
        let event = &frame.data;
        let kind = event["type"].as_str().unwrap_or(&frame.event);
        match kind {
            "message_start" => {
                self.role = json::get(event, &["message", "role"]).clone();
                self.count(json::get(event, &["message", "usage"]));
            }
            "content_block_start" => return self.block(event),
            "content_block_delta" => return self.delta(event),
            "message_delta" => {
                self.is_counted = true;
                self.count(&event["usage"]);
            }
            "error" => return FrameSummary { is_content: false, error: failure::inside(event) },
            // `content_block_stop`, `message_stop`, `ping`, and what may come to be.
            _ => {}
        }
        FrameSummary::default()
    }

    fn push_common(&mut self, json: &[u8]) -> Option<FrameSummary> {
        let Object(CommonEvent { kind, index, delta: Object(said) }) =
            serde_json::from_str(std::str::from_utf8(json).ok()?).ok()?;
        let delta = DELTAS.iter().find(|delta| kind == "content_block_delta" && delta.kind == said.kind)?;
        let texts = [("text", said.text), ("partial_json", said.partial_json), ("thinking", said.thinking)];
        let piece = texts.into_iter().find(|(member, _)| *member == delta.from)?.1?;
        Some(self.append(Some(index), delta, &piece.0))
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(mut self: Box<Self>) -> Value {
        if !self.is_counted {
            // What the beginning counts is the first token or two, not what came.
            self.usage.retain(|name, _| !usage::OF_OUTPUT.contains(&name.as_str()));
        }
        let content: Vec<Value> = self.blocks.into_values().map(MessageBlock::finish).collect();
        json!({"role": self.role, "content": content, "usage": self.usage})
    }
}

impl MessageAssembler {
    /// The counts of `message_delta` are those of all so far; what it does not repeat still holds.
    fn count(&mut self, usage: &Value) {
        self.usage.extend(json::allowed(usage, usage::NAMES).into_iter().filter(|(_, count)| !count.is_null()));
    }

    fn block(&mut self, event: &Value) -> FrameSummary {
        let start = &event["content_block"];
        let kind = json::text(start, "type");
        // Texts begin empty; whatever else begins is content already.
        let is_content = !matches!(kind, "text" | "thinking") || !json::text(start, kind).is_empty();
        let kept = self.budget.keep(start);
        if let (Some((block, _)), Value::Object(start)) = (self.at(json::count(event, "index")), kept) {
            block.start = start;
        }
        FrameSummary::content(is_content)
    }

    fn delta(&mut self, event: &Value) -> FrameSummary {
        let kind = json::text(&event["delta"], "type");
        if kind == "citations_delta" {
            self.citation(event);
        }
        let Some(delta) = DELTAS.iter().find(|delta| delta.kind == kind) else {
            return FrameSummary::default();
        };
        self.append(json::count(event, "index"), delta, json::text(&event["delta"], delta.from))
    }

    fn append(&mut self, index: Option<u64>, delta: &DeltaKind, piece: &str) -> FrameSummary {
        let Some((block, budget)) = self.at(index) else { return FrameSummary::default() };
        // One whose beginning was not seen.
        if !block.start.contains_key("type") {
            block.start.insert("type".to_owned(), delta.block.into());
        }
        let (_, text) = block.appended.get_or_insert_with(|| (delta.to, String::new()));
        budget.push(text, piece);
        FrameSummary::content(!piece.is_empty())
    }

    fn citation(&mut self, event: &Value) {
        let Some((block, budget)) = self.at(json::count(event, "index")) else { return };
        let kept = budget.keep(json::get(event, &["delta", "citation"]));
        let citations = block.start.entry("citations").or_insert(Value::Null);
        if citations.is_null() {
            *citations = Value::Array(Vec::new());
        }
        if let (Value::Array(citations), false) = (citations, kept.is_null()) {
            citations.push(kept);
        }
    }

    /// The block of an event: by index, else the last one.
    fn at(&mut self, index: Option<u64>) -> Option<(&mut MessageBlock, &mut StreamBudget)> {
        let Self { blocks, budget, .. } = self;
        let index = index.or_else(|| blocks.keys().next_back().copied()).unwrap_or(0);
        let has_room = blocks.contains_key(&index) || budget.take(size_of::<MessageBlock>());
        has_room.then(|| (blocks.entry(index).or_default(), budget))
    }
}

impl MessageBlock {
    fn finish(self) -> Value {
        let Self { mut start, appended } = self;
        let Some((member, text)) = appended else { return Value::Object(start) };
        let whole = match member {
            // A call without arguments is as it began: `{}`.
            "input" if text.is_empty() => return Value::Object(start),
            // What was cut in the middle is no JSON; the text is kept.
            "input" => serde_json::from_str(&text).unwrap_or(Value::String(text)),
            member => {
                let began = start.get(member).and_then(Value::as_str).unwrap_or_default();
                Value::String([began, &text].concat())
            }
        };
        start.insert(member.to_owned(), whole);
        Value::Object(start)
    }
}
