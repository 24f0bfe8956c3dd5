//! The lines of a streamed answer → the answer that would have come whole.

use serde_json::{Map, Value, json};

use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{StreamBudget, get, items};

/// The API of the lines; the two differ in where the text is.
#[derive(Debug, Clone, Copy)]
pub(super) enum LineShape {
    Chat,
    Generate,
}

/// The lines so far.
#[derive(Debug)]
pub(super) struct OllamaAssembler {
    kind: LineShape,
    role: String,
    content: String,
    thinking: String,
    /// Each comes whole.
    tool_calls: Vec<Value>,
    /// Model, counts, durations: the last line has them all.
    rest: Map<String, Value>,
    is_done: bool,
    budget: StreamBudget,
}

impl OllamaAssembler {
    pub(super) fn new(kind: LineShape) -> Self {
        let (role, content, thinking) = (String::new(), String::new(), String::new());
        Self {
            kind,
            role,
            content,
            thinking,
            tool_calls: Vec::new(),
            rest: Map::new(),
            is_done: false,
            budget: StreamBudget::new(),
        }
    }

    /// Takes in tool calls, and says whether there are any.
    fn call(&mut self, calls: &[Value]) -> bool {
        let kept = calls.iter().map(|call| self.budget.keep(call)).filter(|call| !call.is_null());
        self.tool_calls.extend(kept);
        !calls.is_empty()
    }
}

impl StreamAssembler for OllamaAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        let line = frame.data;
        let (of, name) = match self.kind {
            LineShape::Chat => (get(&line, &["message"]), "content"),
            LineShape::Generate => (&line, "response"),
        };
        if self.role.is_empty() {
            self.budget.push_member(&mut self.role, of, "role");
        }
        let is_text = self.budget.push_member(&mut self.content, of, name);
        let is_thought = self.budget.push_member(&mut self.thinking, of, "thinking");
        let is_call = self.call(items(of, "tool_calls"));
        self.is_done |= line.get("done") == Some(&Value::Bool(true)) || line.get("done_reason").is_some();
        for name in KEPT {
            if let Some(value) = line.get(*name) {
                let kept = self.budget.keep(value);
                crate::usage::merge(self.rest.entry(*name).or_insert(Value::Null), &kept);
            }
        }
        FrameSummary { is_content: is_text || is_thought || is_call, error: failure::inside(&line) }
    }

    fn has_ended(&self) -> bool {
        self.is_done
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        let Self { kind, role, content, thinking, tool_calls, rest: mut whole, is_done: _, budget: _ } = *self;
        match kind {
            LineShape::Chat => {
                let role = if role.is_empty() { "assistant".to_owned() } else { role };
                let message = json!({"role": role, "content": content, "thinking": thinking, "tool_calls": tool_calls});
                whole.insert("message".to_owned(), message);
            }
            LineShape::Generate => {
                whole.insert("response".to_owned(), content.into());
                whole.insert("thinking".to_owned(), thinking.into());
            }
        }
        Value::Object(whole)
    }
}

/// The members of a line that are kept beside its text.
const KEPT: &[&str] =
    &["model", "done_reason", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"];
