//! Chunks of a chat completion → the completion.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::common_chunk::{self, CommonDelta};
use super::tool_call_assembler::{ChatToolCall, ToolCallsAssembler};
use super::{message, usage};
use crate::chunk_template::ChunkTemplate;
use crate::codec::{Frame, FrameSummary, StreamAssembler};
use crate::failure;
use crate::json::{self, StreamBudget};

/// The assembler of a streamed chat completion.
#[derive(Debug, Default)]
pub(super) struct ChatAssembler {
    model: String,
    /// The reports of usage, merged: some hosts send one at the end, some one with every chunk.
    usage: Value,
    /// By their index, whatever the order in which they come.
    choices: BTreeMap<u64, ChoiceAssembler>,
    /// Lists beside the choices: Perplexity's citations.
    lists: Map<String, Value>,
    /// The last chunk that had only content, and the choice that it belongs to.
    template: ChunkTemplate,
    template_choice: u64,
    budget: StreamBudget,
}

#[derive(Debug, Default)]
struct ChoiceAssembler {
    role: String,
    /// The text of completions, which stands beside the message.
    text: String,
    content: String,
    refusal: String,
    reasoning: String,
    audio: String,
    transcript: String,
    images: Vec<Value>,
    tool_calls: ToolCallsAssembler,
    function_call: Option<ChatToolCall>,
    finish_reason: String,
}

impl StreamAssembler for ChatAssembler {
    fn push(&mut self, frame: Frame) -> FrameSummary {
        let data = frame.data;
        if self.model.is_empty() {
            self.budget.push_member(&mut self.model, &data, "model");
        }
        let usage = usage::reported(&data);
        if json::estimated_bytes(&usage) <= MAX_USAGE_BYTES {
            crate::usage::merge(&mut self.usage, &usage);
        }
        for name in LISTS {
            let list = json::items(&data, name);
            if !list.is_empty() && !self.lists.contains_key(*name) {
                self.lists.insert((*name).to_owned(), self.budget.keep(json::get(&data, &[name])));
            }
        }
        let mut is_content = false;
        let choices = json::items(&data, "choices");
        for (position, choice) in (0_u64..).zip(choices) {
            let index = json::count(choice, "index").unwrap_or(position);
            if !self.choices.contains_key(&index) && !self.budget.take(ENTRY_BYTES) {
                continue;
            }
            is_content |= self.choices.entry(index).or_default().push(choice, &mut self.budget);
        }
        let in_choice = |choice| failure::inside(choice).or_else(|| failure::of_finish_reason(choice));
        let error = failure::inside(&data).or_else(|| choices.iter().find_map(in_choice));
        FrameSummary { is_content, error }
    }

    fn push_common(&mut self, json: &[u8]) -> Option<FrameSummary> {
        // Nearly all chunks differ from the one before in their text only, so that comparing the bytes around it is enough.
        if let Some((text, choice)) = self.template.text(json).zip(self.choices.get_mut(&self.template_choice)) {
            self.budget.push(&mut choice.content, text);
            return Some(FrameSummary::content(!text.is_empty()));
        }
        let (model, index, delta) = common_chunk::read(json)?;
        if self.model.is_empty() {
            self.budget.push(&mut self.model, &model);
        }
        if delta.is_plain() && self.model == model && self.template.learn(json, delta.content()) {
            self.template_choice = index;
        }
        if !self.choices.contains_key(&index) && !self.budget.take(ENTRY_BYTES) {
            return Some(FrameSummary::default());
        }
        Some(FrameSummary::content(self.choices.entry(index).or_default().push_common(&delta, &mut self.budget)))
    }

    fn has_ended(&self) -> bool {
        self.choices.values().any(|choice| !choice.finish_reason.is_empty())
    }

    fn retained_bytes(&self) -> usize {
        self.budget.taken()
    }

    fn finish(self: Box<Self>) -> Value {
        let choices: Vec<Value> = self.choices.into_iter().map(|(index, choice)| choice.finish(index)).collect();
        let mut whole = self.lists;
        let members = [("model", self.model.into()), ("choices", choices.into()), ("usage", self.usage)];
        whole.extend(members.map(|(name, value): (&str, Value)| (name.to_owned(), value)));
        Value::Object(whole)
    }
}

impl ChoiceAssembler {
    /// Adds a chunk's part of this choice; `true` when there was content in it.
    fn push(&mut self, choice: &Value, budget: &mut StreamBudget) -> bool {
        let has_text = budget.push_member(&mut self.text, choice, "text");
        if self.finish_reason.is_empty() {
            budget.push_member(&mut self.finish_reason, choice, "finish_reason");
        }
        let Some(delta) = json::first_present(choice, &["delta", "message"]) else { return has_text };
        if self.role.is_empty() {
            budget.push_member(&mut self.role, delta, "role");
        }
        let has_content = self.push_content(delta, budget);
        let has_refusal = budget.push_member(&mut self.refusal, delta, "refusal");
        let audio = json::get(delta, &["audio"]);
        let has_audio = budget.push_member(&mut self.audio, audio, "data");
        let has_transcript = budget.push_member(&mut self.transcript, audio, "transcript");
        let images = json::items(delta, "images");
        self.images.extend(images.iter().map(|image| budget.keep(image)).filter(|image| !image.is_null()));
        let has_calls = self.push_calls(delta, budget);
        [has_text, has_content, has_refusal, has_audio, has_transcript, has_calls, !images.is_empty()].contains(&true)
    }

    /// Adds the delta of a common chunk; equal to [`push`](Self::push).
    fn push_common(&mut self, delta: &CommonDelta<'_>, budget: &mut StreamBudget) -> bool {
        if self.role.is_empty() {
            budget.push(&mut self.role, delta.role());
        }
        budget.push(&mut self.content, delta.content());
        budget.push(&mut self.reasoning, delta.reasoning());
        !delta.content().is_empty() || !delta.reasoning().is_empty()
    }

    fn push_content(&mut self, delta: &Value, budget: &mut StreamBudget) -> bool {
        let mut reasoning = message::reasoning(delta);
        let has_content = budget.push_member(&mut self.content, delta, "content");
        let mut has_text = has_content;
        for part in json::items(delta, "content") {
            match message::thinking(part) {
                Some(text) => reasoning.push_str(&text),
                None => has_text |= budget.push_member(&mut self.content, part, "text"),
            }
        }
        budget.push(&mut self.reasoning, &reasoning);
        has_text || !reasoning.is_empty()
    }

    fn push_calls(&mut self, delta: &Value, budget: &mut StreamBudget) -> bool {
        let fragments = json::items(delta, "tool_calls");
        self.tool_calls.push(fragments, budget);
        let Some(function) = json::present(delta, "function_call") else { return !fragments.is_empty() };
        self.function_call.get_or_insert_default().push_function(function, budget);
        true
    }

    fn finish(self, index: u64) -> Value {
        let calls = self.tool_calls.finish();
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
        if let Some(call) = self.function_call {
            message.insert("function_call".to_owned(), call.finish_function());
        }
        if !self.audio.is_empty() || !self.transcript.is_empty() {
            message.insert("audio".to_owned(), json!({"data": self.audio, "transcript": self.transcript}));
        }
        if !self.images.is_empty() {
            message.insert("images".to_owned(), Value::Array(self.images));
        }
        json!({"index": index, "text": self.text, "message": message, "finish_reason": self.finish_reason})
    }
}

/// Lists that a host sends beside the choices.
const LISTS: &[&str] = &["citations"];
/// The memory that an entry of a list takes, about.
const ENTRY_BYTES: usize = 128;
/// The size up to which a report of usage is believed.
const MAX_USAGE_BYTES: usize = 64 * 1024;
