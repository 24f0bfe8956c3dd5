//! The lines of a streamed answer → the answer that would have come whole.

use serde_json::{Map, Value, json};

use super::super::codec::{Frame, Rebuild, Seen};
use super::super::failure;
use super::super::json::{Room, get, items};

/// Which of the two APIs the lines are of; they differ in where the text is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Chat,
    Generate,
}

/// The lines so far.
#[derive(Debug)]
pub(super) struct Lines {
    kind: Kind,
    role: String,
    content: String,
    thinking: String,
    /// Each comes whole.
    tool_calls: Vec<Value>,
    /// Model, counts, durations: the last line has them all.
    rest: Map<String, Value>,
    room: Room,
}

impl Lines {
    pub(super) fn new(kind: Kind) -> Self {
        let (role, content, thinking) = (String::new(), String::new(), String::new());
        Self { kind, role, content, thinking, tool_calls: Vec::new(), rest: Map::new(), room: Room::new() }
    }

    /// Takes in tool calls, and says whether there are any.
    fn call(&mut self, calls: &[Value]) -> bool {
        let kept = calls.iter().map(|call| self.room.keep(call)).filter(|call| !call.is_null());
        self.tool_calls.extend(kept);
        !calls.is_empty()
    }
}

impl Rebuild for Lines {
    fn frame(&mut self, frame: Frame) -> Seen {
        let line = frame.data;
        let (of, name) = match self.kind {
            Kind::Chat => (get(&line, &["message"]), "content"),
            Kind::Generate => (&line, "response"),
        };
        if self.role.is_empty() {
            self.room.push_member(&mut self.role, of, "role");
        }
        let is_text = self.room.push_member(&mut self.content, of, name);
        let is_thought = self.room.push_member(&mut self.thinking, of, "thinking");
        let is_call = self.call(items(of, "tool_calls"));
        for name in KEPT {
            if let Some(value) = line.get(*name) {
                self.rest.insert((*name).to_owned(), value.clone());
            }
        }
        Seen { is_content: is_text || is_thought || is_call, error: failure::inside(&line) }
    }

    fn held(&self) -> usize {
        self.room.taken()
    }

    fn whole(self: Box<Self>) -> Value {
        let Self { kind, role, content, thinking, tool_calls, rest: mut whole, room: _ } = *self;
        match kind {
            Kind::Chat => {
                let role = if role.is_empty() { "assistant".to_owned() } else { role };
                let message = json!({"role": role, "content": content, "thinking": thinking, "tool_calls": tool_calls});
                whole.insert("message".to_owned(), message);
            }
            Kind::Generate => {
                whole.insert("response".to_owned(), content.into());
                whole.insert("thinking".to_owned(), thinking.into());
            }
        }
        Value::Object(whole)
    }
}

/// What lines say beside their text.
const KEPT: &[&str] =
    &["model", "done_reason", "prompt_eval_count", "prompt_eval_duration", "eval_count", "eval_duration"];
