//! The events of a streamed answer → the answer that would have come whole.

use serde_json::Value;

use super::super::codec::{Frame, Rebuild, Seen};
use super::super::failure;
use super::super::json::text;
use super::first::First;
use super::second::Second;

/// What came so far, of the generation that the first event is of.
#[derive(Debug)]
pub(super) enum Events {
    None,
    First(First),
    Second(Second),
}

impl Rebuild for Events {
    fn frame(&mut self, frame: Frame) -> Seen {
        let event = frame.data;
        if matches!(self, Self::None) {
            let is_first = event.get("event_type").is_some();
            *self = if is_first { Self::First(First::new()) } else { Self::Second(Second::new()) };
        }
        let is_content = match self {
            Self::None => false,
            Self::First(first) => first.event(&event),
            Self::Second(second) => second.event(text(&event, "type"), &event),
        };
        // An event that is none: the error that a plain answer would be.
        let is_event = ["type", "event_type"].iter().any(|name| event.get(*name).is_some());
        let error = (!is_event && event.is_object()).then(|| failure::inside(&serde_json::json!({"error": event})));
        Seen { is_content, error: error.flatten() }
    }

    fn held(&self) -> usize {
        match self {
            Self::None => 0,
            Self::First(first) => first.held(),
            Self::Second(second) => second.held(),
        }
    }

    fn whole(self: Box<Self>) -> Value {
        match *self {
            Self::None => Value::Null,
            Self::First(first) => first.whole(),
            Self::Second(second) => second.whole(),
        }
    }
}
