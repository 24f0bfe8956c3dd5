//! The chunks of `InvokeModelWithResponseStream` → the answer of `InvokeModel`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::dialect::Dialect;
use super::text::Texts;
use crate::bedrock::converse;
use crate::bedrock::token_counts::INVOCATION;
use crate::codec::{Codec as _, Frame, FrameSummary, StreamAssembler};
use crate::json::{self, StreamBudget};
use crate::{anthropic, cohere, failure, openai};

/// An answer as far as it has come.
pub(super) struct InvokeAssembler {
    /// The assembler that the first chunk has asked for.
    family: Option<FamilyAssembler>,
    /// The counts at the end.
    invocation: Value,
    budget: StreamBudget,
}

enum FamilyAssembler {
    /// A family that has a stream of its own elsewhere.
    Other(Box<dyn StreamAssembler>),
    Nova(Box<converse::ConverseAssembler>),
    Text(Texts),
}

impl Default for InvokeAssembler {
    fn default() -> Self {
        Self { family: None, invocation: Value::Null, budget: StreamBudget::new() }
    }
}

impl StreamAssembler for InvokeAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        if frame.is_exception {
            return FrameSummary { is_content: false, error: Some(failure::of_exception(&frame)) };
        }
        let mut chunk = opened(frame.data);
        if let Some(members) = chunk.as_object_mut() {
            crate::usage::merge(&mut self.invocation, &members.remove(INVOCATION).unwrap_or_default());
            members.retain(|name, _| !name.starts_with(BEDROCKS_OWN));
        }
        // Those may come alone, and a frame may be none that can be read.
        if chunk.as_object().is_none_or(Map::is_empty) {
            return FrameSummary::default();
        }
        self.family.get_or_insert_with(|| FamilyAssembler::of(&chunk)).chunk(chunk, &mut self.budget)
    }

    fn has_ended(&self) -> bool {
        // The counts come last, whatever the family.
        if !self.invocation.is_null() {
            return true;
        }
        match &self.family {
            Some(FamilyAssembler::Other(other)) => other.has_ended(),
            Some(FamilyAssembler::Nova(nova)) => nova.has_ended(),
            // Not every one of these families says why it ended.
            Some(FamilyAssembler::Text(_)) | None => true,
        }
    }

    fn retained_bytes(&self) -> usize {
        let other = match &self.family {
            Some(FamilyAssembler::Other(other)) => other.retained_bytes(),
            Some(FamilyAssembler::Nova(nova)) => nova.retained_bytes(),
            Some(FamilyAssembler::Text(_)) | None => 0,
        };
        other.saturating_add(self.budget.taken())
    }

    fn finish(self: Box<Self>) -> Value {
        let mut whole = self.family.map(FamilyAssembler::finish).unwrap_or_default();
        if !self.invocation.is_null() {
            whole.insert(INVOCATION.to_owned(), self.invocation);
        }
        Value::Object(whole)
    }
}

impl FamilyAssembler {
    /// The family of a first chunk.
    fn of(chunk: &Value) -> Self {
        match Dialect::of_chunk(chunk) {
            Dialect::Anthropic => Self::Other(Box::new(anthropic::MessageAssembler::default())),
            Dialect::Nova => Self::Nova(Box::default()),
            Dialect::Chat => Self::Other(openai::OpenAiChat.assembler()),
            Dialect::Cohere => Self::Other(cohere::CohereChat.assembler()),
            Dialect::Text => Self::Text(Texts::default()),
        }
    }

    fn chunk(&mut self, chunk: Value, budget: &mut StreamBudget) -> FrameSummary {
        match self {
            Self::Other(assembler) => assembler.push(unnamed(chunk)),
            Self::Nova(assembler) => nova(assembler, chunk),
            Self::Text(texts) => texts.chunk(&chunk, budget),
        }
    }

    fn finish(self) -> Map<String, Value> {
        let whole = match self {
            Self::Other(assembler) => assembler.finish(),
            Self::Nova(assembler) => assembler.finish(),
            Self::Text(texts) => return texts.finish(),
        };
        match whole {
            Value::Object(whole) => whole,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
        }
    }
}

/// The prefix of members that Bedrock adds to the chunks of a family: counts, guardrail results.
const BEDROCKS_OWN: &str = "amazon-bedrock-";

/// Unwraps a frame: `{"bytes":"…base64 of JSON…","p":"…padding…"}`.
fn opened(data: Value) -> Value {
    match data.get("bytes").and_then(Value::as_str) {
        Some(bytes) => STANDARD.decode(bytes).map_or(Value::Null, |bytes| json::parse(&bytes)),
        None => data,
    }
}

/// Nova's chunk is an event of `Converse` with its name around it.
fn nova(assembler: &mut converse::ConverseAssembler, chunk: Value) -> FrameSummary {
    let Value::Object(events) = chunk else { return FrameSummary::default() };
    let frames = events.into_iter().map(|(event, data)| Frame { event, is_exception: false, data });
    frames.map(|frame| assembler.push(frame)).reduce(both).unwrap_or_default()
}

fn both(one: FrameSummary, other: FrameSummary) -> FrameSummary {
    FrameSummary { is_content: one.is_content || other.is_content, error: one.error.or(other.error) }
}

fn unnamed(data: Value) -> Frame {
    Frame { event: String::new(), is_exception: false, data }
}
