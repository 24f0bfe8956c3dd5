//! The events of an agent → one answer: `{"completion", "citations", "returnControl", "traces"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{self, StreamBudget};

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub(super) struct AgentAssembler {
    /// A piece may end in the middle of a character.
    completion: Vec<u8>,
    citations: Vec<Value>,
    return_control: Value,
    traces: Vec<Value>,
    budget: StreamBudget,
}

impl StreamAssembler for AgentAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        if frame.is_exception {
            return FrameSummary { is_content: false, error: Some(failure::of_exception(&frame)) };
        }
        let data = &frame.data;
        match frame.event.as_str() {
            "chunk" => FrameSummary::content(self.chunk(data)),
            "trace" => {
                self.traces.extend(Some(self.budget.keep(data)).filter(Value::is_object));
                FrameSummary::default()
            }
            "returnControl" => {
                self.return_control = self.budget.keep(data);
                FrameSummary::content(true)
            }
            _ => FrameSummary::default(),
        }
    }

    fn has_ended(&self) -> bool {
        true
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        json!({
            "completion": String::from_utf8_lossy(&self.completion),
            "citations": self.citations,
            "returnControl": self.return_control,
            "traces": self.traces,
        })
    }
}

impl AgentAssembler {
    /// `{"bytes":"…base64 of text…","attribution":{"citations":[…]}}`
    fn chunk(&mut self, data: &Value) -> bool {
        let bytes = STANDARD.decode(json::text(data, "bytes")).unwrap_or_default();
        let has_room = self.budget.take(bytes.len());
        if has_room {
            self.completion.extend_from_slice(&bytes);
        }
        for citation in json::items(json::get(data, &["attribution"]), "citations") {
            self.citations.extend(Some(self.budget.keep(citation)).filter(|kept| !kept.is_null()));
        }
        has_room && !bytes.is_empty()
    }
}
