//! Chunks as OpenAI's, but for errors and ids.

use serde_json::{Value, json};

use super::super::codec::{Codec, Frame, Rebuild, Seen};
use super::super::failure;
use super::super::json::text;
use super::super::openai;

/// The chunks so far.
pub(super) struct Chunks(Box<dyn Rebuild>);

impl Chunks {
    pub(super) fn new() -> Self {
        Self(openai::Chat.rebuild())
    }
}

impl Rebuild for Chunks {
    fn frame(&mut self, mut frame: Frame) -> Seen {
        // Errors are not below `error`.
        if text(&frame.data, "object") == "error" {
            return Seen { is_content: false, error: failure::inside(&json!({"error": frame.data})) };
        }
        for choice in frame.data.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
            let calls = choice.get_mut("delta").and_then(|delta| delta.get_mut("tool_calls"));
            calls.and_then(Value::as_array_mut).into_iter().flatten().for_each(without_null_id);
        }
        self.0.frame(frame)
    }

    fn usual(&mut self, json: &[u8]) -> Option<Seen> {
        self.0.usual(json)
    }

    fn held(&self) -> usize {
        self.0.held()
    }

    fn whole(self: Box<Self>) -> Value {
        self.0.whole()
    }
}

/// An id that is not known yet is the text `null`.
fn without_null_id(call: &mut Value) {
    if text(call, "id") == "null"
        && let Some(members) = call.as_object_mut()
    {
        members.remove("id");
    }
}
