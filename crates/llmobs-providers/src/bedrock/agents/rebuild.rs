//! The events of an agent → one answer: `{"completion", "citations", "returnControl", "traces"}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::codec::{Frame, Rebuild, Seen};
use crate::failure;
use crate::json::{self, Room};

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Rebuilt {
    /// A piece may end in the middle of a character.
    completion: Vec<u8>,
    citations: Vec<Value>,
    return_control: Value,
    traces: Vec<Value>,
    room: Room,
}

impl Rebuild for Rebuilt {
    fn frame(&mut self, frame: Frame) -> Seen {
        if frame.is_exception {
            return Seen { is_content: false, error: Some(failure::of_exception(&frame)) };
        }
        let data = &frame.data;
        match frame.event.as_str() {
            "chunk" => Seen::content(self.chunk(data)),
            "trace" => {
                self.traces.extend(Some(self.room.keep(data)).filter(Value::is_object));
                Seen::default()
            }
            "returnControl" => {
                self.return_control = self.room.keep(data);
                Seen::content(true)
            }
            _ => Seen::default(),
        }
    }

    fn held(&self) -> usize {
        self.room.taken()
    }

    fn whole(self: Box<Self>) -> Value {
        json!({
            "completion": String::from_utf8_lossy(&self.completion),
            "citations": self.citations,
            "returnControl": self.return_control,
            "traces": self.traces,
        })
    }
}

impl Rebuilt {
    /// `{"bytes":"…base64 of text…","attribution":{"citations":[…]}}`
    fn chunk(&mut self, data: &Value) -> bool {
        let bytes = STANDARD.decode(json::text(data, "bytes")).unwrap_or_default();
        let has_room = self.room.take(bytes.len());
        if has_room {
            self.completion.extend_from_slice(&bytes);
        }
        for citation in json::items(json::get(data, &["attribution"]), "citations") {
            self.citations.extend(Some(self.room.keep(citation)).filter(|kept| !kept.is_null()));
        }
        has_room && !bytes.is_empty()
    }
}
