//! The events of a streamed interaction → the interaction that would have come whole.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::step::InteractionStep;
use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{StreamBudget, first_present, get, text};

/// The steps so far, by index, or in the first generation the outputs.
#[derive(Debug)]
pub(super) struct InteractionAssembler {
    by_index: BTreeMap<u64, InteractionStep>,
    rest: Map<String, Value>,
    budget: StreamBudget,
}

impl InteractionAssembler {
    /// Bytes that a step costs, empty as it may be.
    const ENTRY: usize = 256;

    pub(super) fn new() -> Self {
        Self { by_index: BTreeMap::new(), rest: Map::new(), budget: StreamBudget::new() }
    }

    /// Shows a step what an event says of it.
    fn with_step(
        &mut self,
        event: &Value,
        take: impl FnOnce(&mut InteractionStep, &mut StreamBudget) -> bool,
    ) -> FrameSummary {
        let index = get(event, &["index"]).as_u64().unwrap_or(0);
        let has_room = self.by_index.contains_key(&index) || self.budget.take(Self::ENTRY);
        FrameSummary::content(has_room && take(self.by_index.entry(index).or_default(), &mut self.budget))
    }

    /// Keeps the members of the whole interaction. An end without steps does not take away those that came.
    fn note(&mut self, interaction: &Value) {
        for (name, value) in interaction.as_object().into_iter().flatten() {
            let is_empty = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !is_empty && self.budget.take(name.len()) {
                self.rest.insert(name.clone(), self.budget.keep(value));
            }
        }
    }
}

impl StreamAssembler for InteractionAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        let event = frame.data;
        let kind = first_present(&event, &["event_type"]).and_then(Value::as_str).unwrap_or(&frame.event);
        match kind {
            "step.start" | "content.start" => {
                let start = first_present(&event, &["step", "content"]).unwrap_or(&Value::Null);
                self.with_step(&event, |step, budget| step.start(start, budget))
            }
            "step.delta" | "content.delta" => {
                let delta = get(&event, &["delta"]);
                self.with_step(&event, |step, budget| step.grow(delta, budget))
            }
            "interaction.status_update" => {
                self.note(&json!({"status": text(&event, "status")}));
                FrameSummary::default()
            }
            _ => {
                self.note(get(&event, &["interaction"]));
                FrameSummary { is_content: false, error: failure::inside(&event) }
            }
        }
    }

    fn has_ended(&self) -> bool {
        !matches!(self.rest.get("status").and_then(Value::as_str), Some("in_progress" | "queued"))
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        let mut whole = self.rest;
        if !whole.contains_key("steps") && !whole.contains_key("outputs") {
            whole.insert("steps".to_owned(), self.by_index.into_values().map(InteractionStep::finish).collect());
        }
        Value::Object(whole)
    }
}
