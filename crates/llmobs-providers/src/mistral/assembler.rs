//! Chunks as OpenAI's, but for errors and ids.

use serde_json::{Value, json};

use crate::codec::{Codec, Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::text;
use crate::openai;

/// The chunks so far.
pub(super) struct MistralAssembler(Box<dyn StreamAssembler>);

impl MistralAssembler {
    pub(super) fn new() -> Self {
        Self(openai::OpenAiChat.assembler())
    }
}

impl StreamAssembler for MistralAssembler {
    fn push(&mut self, mut frame: Frame) -> FrameSummary {
        // Errors are not below `error`.
        if text(&frame.data, "object") == "error" {
            return FrameSummary { is_content: false, error: failure::inside(&json!({"error": frame.data})) };
        }
        for choice in frame.data.get_mut("choices").and_then(Value::as_array_mut).into_iter().flatten() {
            let calls = choice.get_mut("delta").and_then(|delta| delta.get_mut("tool_calls"));
            calls.and_then(Value::as_array_mut).into_iter().flatten().for_each(without_null_id);
        }
        self.0.push(frame)
    }

    fn push_common(&mut self, json: &[u8]) -> Option<FrameSummary> {
        self.0.push_common(json)
    }

    fn has_ended(&self) -> bool {
        self.0.has_ended()
    }

    fn retained_bytes(&self) -> usize {
        self.0.retained_bytes()
    }

    fn finish(self: Box<Self>) -> Value {
        self.0.finish()
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
