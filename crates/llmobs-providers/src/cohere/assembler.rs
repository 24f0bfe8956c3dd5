//! The events of a streamed answer → the answer that would have come whole.

use serde_json::Value;

use super::v1::V1Assembler;
use super::v2::V2Assembler;
use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::text;

/// The assembler of the version that the first event belongs to.
#[derive(Debug)]
pub(super) enum CohereAssembler {
    None,
    V1(V1Assembler),
    V2(V2Assembler),
}

impl StreamAssembler for CohereAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        let event = frame.data;
        if matches!(self, Self::None) {
            let is_first = event.get("event_type").is_some();
            *self = if is_first { Self::V1(V1Assembler::new()) } else { Self::V2(V2Assembler::new()) };
        }
        let is_content = match self {
            Self::None => false,
            Self::V1(first) => first.event(&event),
            Self::V2(second) => second.event(text(&event, "type"), &event),
        };
        // An event that is none: the error that a plain answer would be.
        let is_event = ["type", "event_type"].iter().any(|name| event.get(*name).is_some());
        let error = (!is_event && event.is_object()).then(|| failure::inside(&serde_json::json!({"error": event})));
        FrameSummary { is_content, error: error.flatten() }
    }

    fn has_ended(&self) -> bool {
        match self {
            Self::None => true,
            Self::V1(first) => first.has_ended(),
            Self::V2(second) => second.has_ended(),
        }
    }

    fn retained_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::V1(first) => first.retained_bytes(),
            Self::V2(second) => second.retained_bytes(),
        }
    }

    fn finish(self: Box<Self>) -> Value {
        match *self {
            Self::None => Value::Null,
            Self::V1(first) => first.finish(),
            Self::V2(second) => second.finish(),
        }
    }
}
