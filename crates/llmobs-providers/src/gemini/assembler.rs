//! The chunks of a streamed answer → the answer that would have come whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::case::member;
use super::content::{is_thought, parts, says_something};
use super::partial_call::PartialCall;
use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{StreamBudget, get, items, text};

/// The candidates so far.
///
/// Parts of text that follow one another are one part, unless one is a thought and the other is not: in one piece they
/// would have come so. Everything else is a part of its own.
#[derive(Debug)]
pub(super) struct GenerateAssembler {
    by_index: BTreeMap<u64, Candidate>,
    /// Members of the whole response, merged, because counts grow from chunk to chunk.
    rest: Map<String, Value>,
    budget: StreamBudget,
}

#[derive(Debug, Default)]
struct Candidate {
    parts: Vec<CandidatePart>,
    finish_reason: Option<Value>,
}

#[derive(Debug)]
enum CandidatePart {
    Text { is_thought: bool, text: String },
    Call(PartialCall),
    Other(Value),
}

/// Bytes that a candidate or a part costs, empty as it may be.
const ENTRY: usize = 128;

impl GenerateAssembler {
    pub(super) fn new() -> Self {
        Self { by_index: BTreeMap::new(), rest: Map::new(), budget: StreamBudget::new() }
    }
}

impl StreamAssembler for GenerateAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        let chunk = frame.data;
        for name in ["modelVersion", "usageMetadata", "promptFeedback"] {
            let value = member(&chunk, name);
            if !value.is_null() {
                let kept = self.budget.keep(value);
                crate::usage::merge(self.rest.entry(name).or_insert(Value::Null), &kept);
            }
        }
        let mut is_content = false;
        for candidate in items(&chunk, "candidates") {
            let index = get(candidate, &["index"]).as_u64().unwrap_or(0);
            if self.by_index.contains_key(&index) || self.budget.take(ENTRY) {
                is_content |= self.by_index.entry(index).or_default().add(candidate, &mut self.budget);
            }
        }
        FrameSummary { is_content, error: failure::inside(&chunk) }
    }

    fn has_ended(&self) -> bool {
        let has_reason = |candidate: &Candidate| candidate.finish_reason.is_some();
        self.by_index.values().any(has_reason) || self.rest.contains_key("promptFeedback")
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        let candidates = self.by_index.into_iter().map(|(index, candidate)| candidate.finish(index)).collect();
        let mut whole = self.rest;
        whole.insert("candidates".to_owned(), Value::Array(candidates));
        Value::Object(whole)
    }
}

impl Candidate {
    /// Takes in what a chunk says, and says whether it says anything.
    fn add(&mut self, chunk: &Value, budget: &mut StreamBudget) -> bool {
        let reason = member(chunk, "finishReason");
        if !reason.is_null() {
            self.finish_reason = Some(reason.clone());
        }
        let telling: Vec<&Value> = parts(get(chunk, &["content"])).iter().filter(|part| says_something(part)).collect();
        for part in &telling {
            self.add_part(part, budget);
        }
        !telling.is_empty()
    }

    fn add_part(&mut self, part: &Value, budget: &mut StreamBudget) {
        let is_text = part.as_object().is_some_and(|members| !members.values().any(Value::is_object));
        if is_text {
            return self.add_text(is_thought(part), text(part, "text"), budget);
        }
        let call = member(part, "functionCall");
        if let Some(CandidatePart::Call(before)) = self.parts.last_mut()
            && call.is_object()
            && before.is_continued_by(call)
        {
            return before.grow(call, budget);
        }
        if budget.take(ENTRY) {
            let begun = PartialCall::begin(call, budget).map(CandidatePart::Call);
            self.parts.push(begun.unwrap_or_else(|| CandidatePart::Other(budget.keep(&without_data(part)))));
        }
    }

    fn add_text(&mut self, is_thought: bool, piece: &str, budget: &mut StreamBudget) {
        if let Some(CandidatePart::Text { is_thought: before, text }) = self.parts.last_mut()
            && *before == is_thought
        {
            return budget.push(text, piece);
        }
        if budget.take(ENTRY) {
            let mut text = String::new();
            budget.push(&mut text, piece);
            self.parts.push(CandidatePart::Text { is_thought, text });
        }
    }

    fn finish(self, index: u64) -> Value {
        let parts: Vec<Value> = self.parts.into_iter().map(CandidatePart::finish).collect();
        json!({"index": index, "content": {"role": "model", "parts": parts}, "finishReason": self.finish_reason})
    }
}

impl CandidatePart {
    fn finish(self) -> Value {
        match self {
            Self::Text { is_thought: true, text } => json!({"text": text, "thought": true}),
            Self::Text { is_thought: false, text } => json!({"text": text}),
            Self::Call(call) => call.finish(),
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
