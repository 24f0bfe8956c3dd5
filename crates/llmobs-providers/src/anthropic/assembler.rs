//! Events of a streamed message → the message.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::usage;
use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{self, BorrowedText, StreamBudget, StrictObject};

/// The assembler of a streamed message.
#[derive(Debug)]
pub(crate) struct MessageAssembler {
    role: Value,
    /// The counts of the first and the last events, merged.
    usage: Value,
    /// The last event with counts has come.
    is_counted: bool,
    /// The event behind all others has come.
    is_stopped: bool,
    model: Value,
    stop_reason: Value,
    /// By index, because the protocol lets them interleave. Some servers begin every block at index 0, so that a block that
    /// begins where another one has begun opens the next round.
    blocks: BTreeMap<(u64, u64), MessageBlock>,
    round: u64,
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

/// The deltas that are appended. Signatures are not among them.
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
    delta: StrictObject<CommonEventDelta<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CommonEventDelta<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow, default)]
    text: Option<BorrowedText<'a>>,
    #[serde(borrow, default)]
    partial_json: Option<BorrowedText<'a>>,
    #[serde(borrow, default)]
    thinking: Option<BorrowedText<'a>>,
}

impl Default for MessageAssembler {
    fn default() -> Self {
        Self {
            role: Value::Null,
            usage: json!({}),
            is_counted: false,
            is_stopped: false,
            model: Value::Null,
            stop_reason: Value::Null,
            blocks: BTreeMap::new(),
            round: 0,
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
                self.role = self.budget.keep(json::get(event, &["message", "role"]));
                self.model = self.budget.keep(json::get(event, &["message", "model"]));
                self.count(json::get(event, &["message", "usage"]));
            }
            "content_block_start" => return self.block(event),
            "content_block_delta" => return self.delta(event),
            "message_delta" => {
                self.is_counted = true;
                self.count(&event["usage"]);
                let reason = json::get(event, &["delta", "stop_reason"]);
                if reason.is_string() {
                    self.stop_reason = self.budget.keep(reason);
                }
            }
            // Without a type: an error that is no event at all.
            "error" | "" => return FrameSummary { is_content: false, error: failure::inside(event) },
            "message_stop" => self.is_stopped = true,
            // `content_block_stop`, `ping`, and what may come to be.
            _ => {}
        }
        FrameSummary::default()
    }

    fn push_common(&mut self, json: &[u8]) -> Option<FrameSummary> {
        let StrictObject(CommonEvent { kind, index, delta: StrictObject(said) }) =
            serde_json::from_str(std::str::from_utf8(json).ok()?).ok()?;
        let delta = DELTAS.iter().find(|delta| kind == "content_block_delta" && delta.kind == said.kind)?;
        let texts = [("text", said.text), ("partial_json", said.partial_json), ("thinking", said.thinking)];
        let piece = texts.into_iter().find(|(member, _)| *member == delta.from)?.1?;
        Some(self.append(Some(index), delta, &piece.0))
    }

    fn has_ended(&self) -> bool {
        self.is_stopped || self.stop_reason.is_string()
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(mut self: Box<Self>) -> Value {
        if !self.is_counted {
            // The first event counts the first token or two, and not what came after.
            self.usage.as_object_mut().into_iter().for_each(|usage| {
                usage.retain(|name, _| !usage::OF_OUTPUT.contains(&name.as_str()));
            });
        }
        let content: Vec<Value> = self.blocks.into_values().map(MessageBlock::finish).collect();
        json!({
            "role": self.role,
            "model": self.model,
            "content": content,
            "usage": self.usage,
            "stop_reason": self.stop_reason,
        })
    }
}

impl MessageAssembler {
    /// Merges counts. Those of `message_delta` are cumulative, and leave out what the first event has told, or fill it with 0.
    fn count(&mut self, usage: &Value) {
        crate::usage::merge(&mut self.usage, &Value::Object(json::pick(usage, usage::NAMES)));
    }

    fn block(&mut self, event: &Value) -> FrameSummary {
        let start = &event["content_block"];
        let kind = json::text(start, "type");
        // Texts begin empty; whatever else begins is content already.
        let is_content = !matches!(kind, "text" | "thinking") || !json::text(start, kind).is_empty();
        let kept = self.budget.keep(start);
        let index = json::count(event, "index");
        let has_begun =
            |index| self.blocks.get(&(self.round, index)).is_some_and(|block| block.start.contains_key("type"));
        if index.is_some_and(has_begun) {
            self.round = self.round.saturating_add(1);
        }
        let key = (self.round, index.unwrap_or_else(|| self.next_index()));
        if let Value::Object(start) = kept
            && (self.blocks.contains_key(&key) || self.budget.take(size_of::<MessageBlock>()))
        {
            self.blocks.entry(key).or_default().start = start;
        }
        FrameSummary::content(is_content)
    }

    /// The index of a block that begins without one: behind the last.
    fn next_index(&self) -> u64 {
        self.blocks.keys().next_back().map_or(0, |(_, index)| index.saturating_add(1))
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

    /// Returns the block of an event: by index in this round or, when it has begun in an earlier one, there; without an index
    /// the last one.
    fn at(&mut self, index: Option<u64>) -> Option<(&mut MessageBlock, &mut StreamBudget)> {
        let last = self.blocks.keys().next_back().copied();
        let key = match index {
            Some(index) => {
                let mut rounds = (0..=self.round).rev().take(MAX_ROUNDS_BACK).map(|round| (round, index));
                rounds.find(|key| self.blocks.contains_key(key)).unwrap_or((self.round, index))
            }
            None => last.unwrap_or((0, 0)),
        };
        let Self { blocks, budget, .. } = self;
        let has_room = blocks.contains_key(&key) || budget.take(size_of::<MessageBlock>());
        has_room.then(|| (blocks.entry(key).or_default(), budget))
    }
}

/// Rounds in which the block of a delta is looked for: of more, only a hostile stream has any.
const MAX_ROUNDS_BACK: usize = 16;

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
