//! The events of a streamed interaction → the interaction that would have come whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::super::codec::{Frame, Rebuild, Seen};
use super::super::super::failure;
use super::super::super::json::{Room, first, get, text};
use super::step::Step;

/// The steps so far, by index, or in the first generation the outputs.
#[derive(Debug)]
pub(super) struct Steps {
    by_index: BTreeMap<u64, Step>,
    rest: Map<String, Value>,
    room: Room,
}

impl Steps {
    /// Bytes that a step costs, empty as it may be.
    const ENTRY: usize = 256;

    pub(super) fn new() -> Self {
        Self { by_index: BTreeMap::new(), rest: Map::new(), room: Room::new() }
    }

    /// Shows a step what an event says of it.
    fn with_step(&mut self, event: &Value, take: impl FnOnce(&mut Step, &mut Room) -> bool) -> Seen {
        let index = get(event, &["index"]).as_u64().unwrap_or(0);
        let has_room = self.by_index.contains_key(&index) || self.room.take(Self::ENTRY);
        Seen::content(has_room && take(self.by_index.entry(index).or_default(), &mut self.room))
    }

    /// What an event says of the whole; an end without steps does not take away those that came.
    fn note(&mut self, interaction: &Value) {
        for (name, value) in interaction.as_object().into_iter().flatten() {
            let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !is_empty && self.room.take(name.len()) {
                self.rest.insert(name.clone(), self.room.keep(value));
            }
        }
    }
}

impl Rebuild for Steps {
    fn frame(&mut self, frame: Frame) -> Seen {
        let event = frame.data;
        let kind = first(&event, &["event_type"]).and_then(Value::as_str).unwrap_or(&frame.event);
        match kind {
            "step.start" | "content.start" => {
                let start = first(&event, &["step", "content"]).unwrap_or(&Value::Null);
                self.with_step(&event, |step, room| step.start(start, room))
            }
            "step.delta" | "content.delta" => {
                let delta = get(&event, &["delta"]);
                self.with_step(&event, |step, room| step.grow(delta, room))
            }
            "interaction.status_update" => {
                self.note(&json!({"status": text(&event, "status")}));
                Seen::default()
            }
            _ => {
                self.note(get(&event, &["interaction"]));
                Seen { is_content: false, error: failure::inside(&event) }
            }
        }
    }

    fn held(&self) -> usize {
        self.room.taken()
    }

    fn whole(self: Box<Self>) -> Value {
        let mut whole = self.rest;
        if !whole.contains_key("steps") && !whole.contains_key("outputs") {
            whole.insert("steps".to_owned(), self.by_index.into_values().map(Step::whole).collect());
        }
        Value::Object(whole)
    }
}
