//! The chunks of a streamed answer → the answer that would have come whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::codec::{Frame, Rebuild, Seen};
use super::super::failure;
use super::super::json::{Room, get, items, text};
use super::content::{is_thought, parts, says_something};
use super::member::member;
use super::partial::PartialCall;

/// The candidates so far.
///
/// Parts of text that follow one another are one part, unless one is a thought and the other is not: in one piece they
/// would have come so. Everything else is a part of its own.
#[derive(Debug)]
pub(super) struct Candidates {
    by_index: BTreeMap<u64, Candidate>,
    /// What is said of the whole answer; what comes later holds, because the counts grow.
    rest: Map<String, Value>,
    room: Room,
}

#[derive(Debug, Default)]
struct Candidate {
    parts: Vec<Part>,
    finish_reason: Option<Value>,
}

#[derive(Debug)]
enum Part {
    Text { is_thought: bool, text: String },
    Call(PartialCall),
    Other(Value),
}

/// Bytes that a candidate or a part costs, empty as it may be.
const ENTRY: usize = 128;

impl Candidates {
    pub(super) fn new() -> Self {
        Self { by_index: BTreeMap::new(), rest: Map::new(), room: Room::new() }
    }
}

impl Rebuild for Candidates {
    fn frame(&mut self, frame: Frame) -> Seen {
        let chunk = frame.data;
        for name in ["modelVersion", "usageMetadata", "promptFeedback"] {
            let value = member(&chunk, name);
            if !value.is_null() {
                self.rest.insert(name.to_owned(), value.clone());
            }
        }
        let mut is_content = false;
        for candidate in items(&chunk, "candidates") {
            let index = get(candidate, &["index"]).as_u64().unwrap_or(0);
            if self.by_index.contains_key(&index) || self.room.take(ENTRY) {
                is_content |= self.by_index.entry(index).or_default().add(candidate, &mut self.room);
            }
        }
        Seen { is_content, error: failure::inside(&chunk) }
    }

    fn held(&self) -> usize {
        self.room.taken()
    }

    fn whole(self: Box<Self>) -> Value {
        let candidates = self.by_index.into_iter().map(|(index, candidate)| candidate.whole(index)).collect();
        let mut whole = self.rest;
        whole.insert("candidates".to_owned(), Value::Array(candidates));
        Value::Object(whole)
    }
}

impl Candidate {
    /// Takes in what a chunk says, and says whether it says anything.
    fn add(&mut self, chunk: &Value, room: &mut Room) -> bool {
        let reason = member(chunk, "finishReason");
        if !reason.is_null() {
            self.finish_reason = Some(reason.clone());
        }
        let telling: Vec<&Value> = parts(get(chunk, &["content"])).iter().filter(|part| says_something(part)).collect();
        for part in &telling {
            self.add_part(part, room);
        }
        !telling.is_empty()
    }

    fn add_part(&mut self, part: &Value, room: &mut Room) {
        let is_text = part.as_object().is_some_and(|members| !members.values().any(Value::is_object));
        if is_text {
            return self.add_text(is_thought(part), text(part, "text"), room);
        }
        let call = member(part, "functionCall");
        if let Some(Part::Call(before)) = self.parts.last_mut()
            && call.is_object()
            && before.is_continued_by(call)
        {
            return before.grow(call, room);
        }
        if room.take(ENTRY) {
            let begun = PartialCall::begin(call, room).map(Part::Call);
            self.parts.push(begun.unwrap_or_else(|| Part::Other(room.keep(&without_data(part)))));
        }
    }

    fn add_text(&mut self, is_thought: bool, piece: &str, room: &mut Room) {
        if let Some(Part::Text { is_thought: before, text }) = self.parts.last_mut()
            && *before == is_thought
        {
            return room.push(text, piece);
        }
        if room.take(ENTRY) {
            let mut text = String::new();
            room.push(&mut text, piece);
            self.parts.push(Part::Text { is_thought, text });
        }
    }

    fn whole(self, index: u64) -> Value {
        let parts: Vec<Value> = self.parts.into_iter().map(Part::whole).collect();
        json!({"index": index, "content": {"role": "model", "parts": parts}, "finishReason": self.finish_reason})
    }
}

impl Part {
    fn whole(self) -> Value {
        match self {
            Self::Text { is_thought: true, text } => json!({"text": text, "thought": true}),
            Self::Text { is_thought: false, text } => json!({"text": text}),
            Self::Call(call) => call.whole(),
            Self::Other(part) => part,
        }
    }
}

/// The part without the bytes of its media, which no message shows.
fn without_data(part: &Value) -> Value {
    let mut part = part.clone();
    for name in ["inlineData", "inline_data"] {
        if let Some(media) = part.get_mut(name).and_then(Value::as_object_mut) {
            media.remove("data");
        }
    }
    part
}
