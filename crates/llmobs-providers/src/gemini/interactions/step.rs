//! A step of a streamed interaction, as it grows.

use serde_json::{Map, Value, json};

use crate::json::{StreamBudget, first_present, get, items, text};

/// A step, or an output of the first generation.
#[derive(Debug, Default)]
pub(super) struct InteractionStep {
    /// The members of the start event, without the ones that grow.
    start: Map<String, Value>,
    contents: Vec<StepContent>,
    summary: String,
    arguments: String,
}

#[derive(Debug)]
enum StepContent {
    Text(String),
    Other(Value),
}

impl InteractionStep {
    /// Takes in how it begins, and says whether that is part of the answer already.
    pub(super) fn start(&mut self, start: &Value, budget: &mut StreamBudget) -> bool {
        self.keep(start, budget);
        let mut is_content = self.push_text(text(start, "text"), budget);
        for content in items(start, "content").iter().chain(items(start, "summary")) {
            is_content |= self.grow(content, budget);
        }
        is_content || self.kind().ends_with("_call")
    }

    /// Takes in a delta, and says whether it is part of the answer.
    pub(super) fn grow(&mut self, delta: &Value, budget: &mut StreamBudget) -> bool {
        match text(delta, "type") {
            "text" if self.kind() == "thought" => budget.push_member(&mut self.summary, delta, "text"),
            "text" => self.push_text(text(delta, "text"), budget),
            "thought_summary" => {
                let summary = get(delta, &["content"]);
                let summary = summary.as_str().unwrap_or_else(|| text(summary, "text"));
                budget.push(&mut self.summary, summary);
                !summary.is_empty()
            }
            "arguments_delta" => {
                let part = first_present(delta, &["arguments", "partial_arguments"]).and_then(Value::as_str);
                budget.push(&mut self.arguments, part.unwrap_or_default());
                part.is_some()
            }
            kind if kind.ends_with("_call") || kind.ends_with("_result") => {
                self.keep(delta, budget);
                true
            }
            kind if MEDIA.contains(&kind) => {
                // That there were bytes is all that is shown of them.
                let data = delta.get("data").map(|_| "");
                let (mime_type, uri) = (text(delta, "mime_type"), delta.get("uri"));
                let media = json!({"type": kind, "mime_type": mime_type, "uri": uri, "data": data});
                self.push(StepContent::Other(budget.keep(&media)), budget);
                true
            }
            _ => false,
        }
    }

    pub(super) fn finish(self) -> Value {
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
            whole.insert("content".to_owned(), self.contents.into_iter().map(StepContent::finish).collect());
        }
        Value::Object(whole)
    }

    fn kind(&self) -> &str {
        self.start.get("type").and_then(Value::as_str).unwrap_or_default()
    }

    /// Keeps what does not grow.
    fn keep(&mut self, said: &Value, budget: &mut StreamBudget) {
        let grows = |name: &str| matches!(name, "content" | "summary" | "text" | "data");
        for (name, value) in said.as_object().into_iter().flatten().filter(|(name, _)| !grows(name)) {
            if budget.take(name.len()) {
                self.start.insert(name.clone(), budget.keep(value));
            }
        }
    }

    fn push_text(&mut self, piece: &str, budget: &mut StreamBudget) -> bool {
        if piece.is_empty() {
            return false;
        }
        if !matches!(self.contents.last(), Some(StepContent::Text(_))) {
            self.push(StepContent::Text(String::new()), budget);
        }
        if let Some(StepContent::Text(own)) = self.contents.last_mut() {
            budget.push(own, piece);
        }
        true
    }

    fn push(&mut self, content: StepContent, budget: &mut StreamBudget) {
        const ENTRY: usize = 128;
        if budget.take(ENTRY) {
            self.contents.push(content);
        }
    }
}

/// Contents that are bytes.
const MEDIA: &[&str] = &["image", "audio", "video", "document"];

impl StepContent {
    fn finish(self) -> Value {
        match self {
            Self::Text(text) => json!({"type": "text", "text": text}),
            Self::Other(content) => content,
        }
    }
}
