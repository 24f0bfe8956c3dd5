//! One step of a streamed interaction, as it grows.

use serde_json::{Map, Value, json};

use super::super::super::json::{Room, first, get, items, text};

/// A step, or an output of the first generation.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// What its start says, but for what grows.
    start: Map<String, Value>,
    contents: Vec<Content>,
    summary: String,
    arguments: String,
}

#[derive(Debug)]
enum Content {
    Text(String),
    Other(Value),
}

impl Step {
    /// Takes in how it begins, and says whether that is part of the answer already.
    pub(super) fn start(&mut self, start: &Value, room: &mut Room) -> bool {
        self.keep(start, room);
        let mut is_content = self.push_text(text(start, "text"), room);
        for content in items(start, "content").iter().chain(items(start, "summary")) {
            is_content |= self.grow(content, room);
        }
        is_content || self.kind().ends_with("_call")
    }

    /// Takes in a delta, and says whether it is part of the answer.
    pub(super) fn grow(&mut self, delta: &Value, room: &mut Room) -> bool {
        match text(delta, "type") {
            "text" if self.kind() == "thought" => room.push_member(&mut self.summary, delta, "text"),
            "text" => self.push_text(text(delta, "text"), room),
            "thought_summary" => {
                let summary = get(delta, &["content"]);
                let summary = summary.as_str().unwrap_or_else(|| text(summary, "text"));
                room.push(&mut self.summary, summary);
                !summary.is_empty()
            }
            "arguments_delta" => {
                let part = first(delta, &["arguments", "partial_arguments"]).and_then(Value::as_str);
                room.push(&mut self.arguments, part.unwrap_or_default());
                part.is_some()
            }
            kind if kind.ends_with("_call") || kind.ends_with("_result") => {
                self.keep(delta, room);
                true
            }
            kind if MEDIA.contains(&kind) => {
                // That there were bytes is all that is shown of them.
                let data = delta.get("data").map(|_| "");
                let (mime_type, uri) = (text(delta, "mime_type"), delta.get("uri"));
                let media = json!({"type": kind, "mime_type": mime_type, "uri": uri, "data": data});
                self.push(Content::Other(room.keep(&media)), room);
                true
            }
            _ => false,
        }
    }

    pub(super) fn whole(self) -> Value {
        let is_step = matches!(self.kind(), "model_output" | "user_input");
        let mut whole = self.start;
        if !self.summary.is_empty() {
            whole.insert("type".to_owned(), "thought".into());
            whole.insert("summary".to_owned(), self.summary.into());
        }
        if !self.arguments.is_empty() {
            whole.insert("arguments".to_owned(), self.arguments.into());
        }
        if !self.contents.is_empty() {
            // An output of the first generation is the content itself.
            if !is_step {
                whole.insert("type".to_owned(), "model_output".into());
            }
            whole.insert("content".to_owned(), self.contents.into_iter().map(Content::whole).collect());
        }
        Value::Object(whole)
    }

    fn kind(&self) -> &str {
        self.start.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Keeps what does not grow.
    fn keep(&mut self, said: &Value, room: &mut Room) {
        let grows = |name: &str| matches!(name, "content" | "summary" | "text" | "data");
        for (name, value) in said.as_object().into_iter().flatten().filter(|(name, _)| !grows(name)) {
            if room.take(name.len()) {
                self.start.insert(name.clone(), room.keep(value));
            }
        }
    }

    fn push_text(&mut self, piece: &str, room: &mut Room) -> bool {
        if piece.is_empty() {
            return false;
        }
        if !matches!(self.contents.last(), Some(Content::Text(_))) {
            self.push(Content::Text(String::new()), room);
        }
        if let Some(Content::Text(own)) = self.contents.last_mut() {
            room.push(own, piece);
        }
        true
    }

    fn push(&mut self, content: Content, room: &mut Room) {
        const ENTRY: usize = 128;
        if room.take(ENTRY) {
            self.contents.push(content);
        }
    }
}

/// Contents that are bytes.
const MEDIA: &[&str] = &["image", "audio", "video", "document"];

impl Content {
    fn whole(self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Other(content) => content,
        }
    }
}
