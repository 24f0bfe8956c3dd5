//! The chunks of `InvokeModelWithResponseStream` → the answer of `InvokeModel`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::dialect::Dialect;
use super::text::Texts;
use crate::bedrock::converse;
use crate::bedrock::counts::INVOCATION;
use crate::codec::{Codec as _, Frame, Rebuild, Seen};
use crate::json::{self, Room};
use crate::{anthropic, cohere, failure, openai};

/// An answer as far as it has come.
pub(super) struct Rebuilt {
    /// What the first chunk has shown to be needed.
    family: Option<Family>,
    /// The counts at the end.
    invocation: Value,
    room: Room,
}

enum Family {
    /// One that has a stream of its own elsewhere.
    Other(Box<dyn Rebuild>),
    Nova(Box<converse::Rebuilt>),
    Text(Texts),
}

impl Default for Rebuilt {
    fn default() -> Self {
        Self { family: None, invocation: Value::Null, room: Room::new() }
    }
}

impl Rebuild for Rebuilt {
    fn frame(&mut self, frame: Frame) -> Seen {
        if frame.is_exception {
            return Seen { is_content: false, error: Some(failure::of_exception(&frame)) };
        }
        let mut chunk = opened(frame.data);
        if let Some(members) = chunk.as_object_mut() {
            self.invocation = members.remove(INVOCATION).unwrap_or_else(|| self.invocation.take());
            members.retain(|name, _| !name.starts_with(BEDROCKS_OWN));
        }
        // Those may come alone, and a frame may be none that can be read.
        if chunk.as_object().is_none_or(Map::is_empty) {
            return Seen::default();
        }
        self.family.get_or_insert_with(|| Family::of(&chunk)).chunk(chunk, &mut self.room)
    }

    fn held(&self) -> usize {
        let other = match &self.family {
            Some(Family::Other(other)) => other.held(),
            Some(Family::Nova(nova)) => nova.held(),
            Some(Family::Text(_)) | None => 0,
        };
        other.saturating_add(self.room.taken())
    }

    fn whole(self: Box<Self>) -> Value {
        let mut whole = self.family.map(Family::whole).unwrap_or_default();
        if !self.invocation.is_null() {
            whole.insert(INVOCATION.to_owned(), self.invocation);
        }
        Value::Object(whole)
    }
}

impl Family {
    /// The family of a first chunk.
    fn of(chunk: &Value) -> Self {
        match Dialect::of_chunk(chunk) {
            Dialect::Anthropic => Self::Other(Box::new(anthropic::Rebuilt::default())),
            Dialect::Nova => Self::Nova(Box::default()),
            Dialect::Chat => Self::Other(openai::Chat.rebuild()),
            Dialect::Cohere => Self::Other(cohere::Chat.rebuild()),
            Dialect::Text => Self::Text(Texts::default()),
        }
    }

    fn chunk(&mut self, chunk: Value, room: &mut Room) -> Seen {
        match self {
            Self::Other(rebuild) => rebuild.frame(unnamed(chunk)),
            Self::Nova(rebuild) => nova(rebuild, chunk),
            Self::Text(texts) => texts.chunk(&chunk, room),
        }
    }

    fn whole(self) -> Map<String, Value> {
        let whole = match self {
            Self::Other(rebuild) => rebuild.whole(),
            Self::Nova(rebuild) => rebuild.whole(),
            Self::Text(texts) => return texts.whole(),
        };
        match whole {
            Value::Object(whole) => whole,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
        }
    }
}

/// How the names begin of what Bedrock adds to the chunks of a family: counts, what guardrails did.
const BEDROCKS_OWN: &str = "amazon-bedrock-";

/// What is in a frame: `{"bytes":"…base64 of JSON…","p":"…padding…"}`.
fn opened(data: Value) -> Value {
    match data.get("bytes").and_then(Value::as_str) {
        Some(bytes) => STANDARD.decode(bytes).map_or(Value::Null, |bytes| json::parse(&bytes)),
        None => data,
    }
}

/// Nova's chunk is an event of `Converse` with its name around it.
fn nova(rebuild: &mut converse::Rebuilt, chunk: Value) -> Seen {
    let Value::Object(events) = chunk else { return Seen::default() };
    let frames = events.into_iter().map(|(event, data)| Frame { event, is_exception: false, data });
    frames.map(|frame| rebuild.frame(frame)).reduce(both).unwrap_or_default()
}

fn both(one: Seen, other: Seen) -> Seen {
    Seen { is_content: one.is_content || other.is_content, error: one.error.or(other.error) }
}

fn unnamed(data: Value) -> Frame {
    Frame { event: String::new(), is_exception: false, data }
}
