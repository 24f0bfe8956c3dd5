//! Chunks of a chat completion → the completion.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::common_chunk::{self, CommonDelta};
use super::message;
use crate::chunk_template::ChunkTemplate;
use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{self, StreamBudget};

/// A completion that comes in chunks.
#[derive(Debug, Default)]
pub(super) struct ChatAssembler {
    model: String,
    /// The last one that came: some send it once at the end, some with every chunk.
    usage: Value,
    /// By their index, whatever the order in which they come.
    choices: BTreeMap<u64, ChoiceAssembler>,
    /// The last chunk that had only content, and which choice it was of.
    alike: ChunkTemplate,
    alike_index: u64,
    budget: StreamBudget,
}

#[derive(Debug, Default)]
struct ChoiceAssembler {
    role: String,
    /// Text of completions, which is beside the message.
    text: String,
    content: String,
    refusal: String,
    reasoning: String,
    audio: String,
    transcript: String,
    images: Vec<Value>,
    /// By their index; some give one index to several calls, which then differ in id.
    tool_calls: BTreeMap<u64, Vec<ChatToolCall>>,
    function_call: Option<ChatToolCall>,
}

#[derive(Debug, Default)]
struct ChatToolCall {
    id: String,
    kind: String,
    name: String,
    arguments: String,
    /// The arguments are free text.
    is_custom: bool,
}

impl StreamAssembler for ChatAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        let data = frame.data;
        if self.model.is_empty() {
            self.budget.push_member(&mut self.model, &data, "model");
        }
        let usage = [json::get(&data, &["usage"]), json::get(&data, &["x_groq", "usage"])];
        if let Some(usage) = usage.into_iter().find(|usage| usage.is_object()) {
            self.usage = usage.clone();
        }
        let mut is_content = false;
        let choices = json::items(&data, "choices");
        for (position, choice) in (0_u64..).zip(choices) {
            let index = choice.get("index").and_then(Value::as_u64).unwrap_or(position);
            if !self.choices.contains_key(&index) && !self.budget.take(ENTRY) {
                continue;
            }
            is_content |= self.choices.entry(index).or_default().add(choice, &mut self.budget);
        }
        let error = choices.iter().chain([&data]).find_map(failure::inside);
        FrameSummary { is_content, error }
    }

    fn push_common(&mut self, json: &[u8]) -> Option<FrameSummary> {
        if let Some((text, choice)) = self.alike.text(json).zip(self.choices.get_mut(&self.alike_index)) {
            self.budget.push(&mut choice.content, text);
            return Some(FrameSummary::content(!text.is_empty()));
        }
        let (model, index, delta) = common_chunk::read(json)?;
        if self.model.is_empty() {
            self.budget.push(&mut self.model, &model);
        }
        if delta.is_plain() && self.model == model && self.alike.learn(json, delta.content()) {
            self.alike_index = index;
        }
        if !self.choices.contains_key(&index) && !self.budget.take(ENTRY) {
            return Some(FrameSummary::default());
        }
        Some(FrameSummary::content(self.choices.entry(index).or_default().add_delta(&delta, &mut self.budget)))
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        let choices: Vec<Value> = self.choices.into_iter().map(|(index, choice)| choice.finish(index)).collect();
        json!({"model": self.model, "choices": choices, "usage": self.usage})
    }
}

impl ChoiceAssembler {
    /// Adds a chunk's part of this choice, and says whether there was content in it.
    fn add(&mut self, choice: &Value, budget: &mut StreamBudget) -> bool {
        let has_text = budget.push_member(&mut self.text, choice, "text");
        let Some(delta) = json::first(choice, &["delta", "message"]) else { return has_text };
        if self.role.is_empty() {
            budget.push_member(&mut self.role, delta, "role");
        }
        let has_content = self.add_content(delta, budget);
        let has_refusal = budget.push_member(&mut self.refusal, delta, "refusal");
        let audio = json::get(delta, &["audio"]);
        let has_audio = budget.push_member(&mut self.audio, audio, "data");
        let has_transcript = budget.push_member(&mut self.transcript, audio, "transcript");
        let images = json::items(delta, "images");
        self.images.extend(images.iter().map(|image| budget.keep(image)).filter(|image| !image.is_null()));
        let has_calls = self.add_calls(delta, budget);
        [has_text, has_content, has_refusal, has_audio, has_transcript, has_calls, !images.is_empty()].contains(&true)
    }

    /// The same as [`add`](Self::add), of a chunk with nothing but these.
    fn add_delta(&mut self, delta: &CommonDelta<'_>, budget: &mut StreamBudget) -> bool {
        if self.role.is_empty() {
            budget.push(&mut self.role, delta.role());
        }
        budget.push(&mut self.content, delta.content());
        budget.push(&mut self.reasoning, delta.thought());
        !delta.content().is_empty() || !delta.thought().is_empty()
    }

    fn add_content(&mut self, delta: &Value, budget: &mut StreamBudget) -> bool {
        let mut thought = message::reasoning(delta);
        let has_content = budget.push_member(&mut self.content, delta, "content");
        let mut has_text = has_content;
        for part in json::items(delta, "content") {
            match message::thinking(part) {
                Some(text) => thought.push_str(&text),
                None => has_text |= budget.push_member(&mut self.content, part, "text"),
            }
        }
        budget.push(&mut self.reasoning, &thought);
        has_text || !thought.is_empty()
    }

    fn add_calls(&mut self, delta: &Value, budget: &mut StreamBudget) -> bool {
        let calls = json::items(delta, "tool_calls");
        for (position, call) in (0_u64..).zip(calls) {
            let index = call.get("index").and_then(Value::as_u64).unwrap_or(position);
            if !budget.take(ENTRY) {
                break;
            }
            let same_index = self.tool_calls.entry(index).or_default();
            let id = json::text(call, "id");
            let is_other = |last: &ChatToolCall| !id.is_empty() && !last.id.is_empty() && last.id != id;
            if same_index.last().is_none_or(is_other) {
                same_index.push(ChatToolCall::default());
            }
            same_index.last_mut().into_iter().for_each(|last| last.add(call, budget));
        }
        let Some(function) = json::some(delta, "function_call") else { return !calls.is_empty() };
        self.function_call.get_or_insert_default().add_own(function, budget);
        true
    }

    fn finish(self, index: u64) -> Value {
        let calls: Vec<Value> = self.tool_calls.into_values().flatten().map(ChatToolCall::finish).collect();
        let mut message = Map::new();
        let role = if self.role.is_empty() { "assistant".to_owned() } else { self.role };
        let texts = [
            ("role", role),
            ("content", self.content),
            ("refusal", self.refusal),
            ("reasoning_content", self.reasoning),
        ];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        message.extend(texts.map(|(name, text)| (name.to_owned(), Value::String(text))));
        if !calls.is_empty() {
            message.insert("tool_calls".to_owned(), Value::Array(calls));
        }
        if let Some(ChatToolCall { name, arguments, .. }) = self.function_call {
            message.insert("function_call".to_owned(), json!({"name": name, "arguments": arguments}));
        }
        if !self.audio.is_empty() || !self.transcript.is_empty() {
            message.insert("audio".to_owned(), json!({"data": self.audio, "transcript": self.transcript}));
        }
        if !self.images.is_empty() {
            message.insert("images".to_owned(), Value::Array(self.images));
        }
        json!({"index": index, "text": self.text, "message": message})
    }
}

impl ChatToolCall {
    fn add(&mut self, call: &Value, budget: &mut StreamBudget) {
        if self.id.is_empty() {
            budget.push_member(&mut self.id, call, "id");
        }
        if self.kind.is_empty() {
            budget.push_member(&mut self.kind, call, "type");
        }
        self.is_custom |= call.get("custom").is_some();
        if let Some(own) = json::first(call, &["function", "custom"]) {
            self.add_own(own, budget);
        }
    }

    fn add_own(&mut self, own: &Value, budget: &mut StreamBudget) {
        if self.name.is_empty() {
            budget.push_member(&mut self.name, own, "name");
        }
        match json::first(own, &["arguments", "input"]) {
            // Some send the arguments at once, and not as text.
            Some(arguments @ Value::Object(_)) => budget.push(&mut self.arguments, &arguments.to_string()),
            Some(arguments) => budget.push(&mut self.arguments, arguments.as_str().unwrap_or_default()),
            None => {}
        }
    }

    fn finish(self) -> Value {
        let (own, arguments) = if self.is_custom { ("custom", "input") } else { ("function", "arguments") };
        json!({"id": self.id, "type": self.kind, own: {"name": self.name, arguments: self.arguments}})
    }
}

/// What an entry of a list costs, about.
const ENTRY: usize = 128;
