//! What a server says of the messages that it asks its client for, and what is shown of them on both sides.
#![expect(deprecated, reason = "the protocol gives up sampling, and its servers still ask for it")]

use rmcp::model::{
    ClientResult, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult,
    RequestParamsMeta, SamplingContent, SamplingMessage, SamplingMessageContentBlock as Block, ToolResultContent,
};
use serde_json::{Value, json};

use super::said::{Answer, Asked, members_bytes};
use super::shown::{self, AUDIO, IMAGE, SMALL, sum};
use crate::recording::RecordedAnnotation;
use llmobs_model::{Annotation, Message, Role, SpanKind, ToolCall, ToolResult};

impl Asked for CreateMessageRequestParams {
    fn said(&self) -> RecordedAnnotation {
        let said = RecordedAnnotation::new().kind(SpanKind::Llm).name("MCP Server Sampling");
        let said = said.metadata("max_tokens", self.max_tokens);
        self.temperature.into_iter().fold(said, |said, temperature| said.metadata("temperature", temperature))
    }

    fn input(&self) -> RecordedAnnotation {
        let system = self.system_prompt.clone();
        let messages: Vec<_> = self.messages.iter().map(without_media).collect();
        let bytes = bytes(&messages).saturating_add(system.as_ref().map_or(0, String::len));
        RecordedAnnotation::deferred(bytes, move || {
            let system = system.map(Message::system);
            Annotation::new().input(system.into_iter().chain(messages.into_iter().map(read)).collect::<Vec<_>>())
        })
    }
}

impl Answer for CreateMessageResult {
    fn told(&self) -> RecordedAnnotation {
        let message = without_media(&self.message);
        let bytes = message_bytes(&message);
        let said = RecordedAnnotation::deferred(bytes, move || Annotation::new().output(read(message)))
            .model_name(&self.model);
        self.stop_reason.iter().fold(said, |said, reason| said.metadata("stop_reason", reason))
    }
}

impl Asked for ElicitRequestParams {
    fn said(&self) -> RecordedAnnotation {
        RecordedAnnotation::new().kind(SpanKind::Task).name("MCP Server Elicitation")
    }

    fn input(&self) -> RecordedAnnotation {
        let mut params = self.clone();
        *params.meta_mut() = None;
        shown::input(SMALL, params, shown::to_json)
    }
}

impl Answer for ElicitResult {
    fn told(&self) -> RecordedAnnotation {
        shown::small(self)
    }
}

/// The parameters of a request for a message.
pub(super) fn params(params: &CreateMessageRequestParams) -> (usize, CreateMessageRequestParams) {
    let messages: Vec<_> = params.messages.iter().map(without_media).collect();
    let mut shown = CreateMessageRequestParams::new(messages, params.max_tokens);
    shown.model_preferences.clone_from(&params.model_preferences);
    shown.system_prompt.clone_from(&params.system_prompt);
    shown.include_context.clone_from(&params.include_context);
    shown.temperature = params.temperature;
    shown.stop_sequences.clone_from(&params.stop_sequences);
    shown.metadata.clone_from(&params.metadata);
    shown.tools.clone_from(&params.tools);
    shown.tool_choice.clone_from(&params.tool_choice);
    (bytes(&shown.messages), shown)
}

/// What a client answers.
pub(super) fn answered(result: &ClientResult) -> RecordedAnnotation {
    match result {
        ClientResult::CreateMessageResult(result) => {
            let mut shown = CreateMessageResult::new(without_media(&result.message), result.model.clone());
            shown.stop_reason.clone_from(&result.stop_reason);
            shown::output(message_bytes(&shown.message), shown, shown::to_json)
        }
        other => shown::small(other),
    }
}

fn bytes(messages: &[SamplingMessage]) -> usize {
    sum(messages, message_bytes)
}

fn message_bytes(message: &SamplingMessage) -> usize {
    blocks(&message.content).iter().fold(SMALL, |sum, block| {
        sum.saturating_add(match block {
            Block::Text(text) => text.text.len(),
            Block::ToolUse(call) => members_bytes(&call.input),
            Block::ToolResult(result) => shown::sum(&result.content, shown::block_bytes),
            _ => SMALL,
        })
    })
}

fn blocks(content: &SamplingContent<Block>) -> &[Block] {
    match content {
        SamplingContent::Single(block) => std::slice::from_ref(block),
        SamplingContent::Multiple(blocks) => blocks,
    }
}

fn without_media(message: &SamplingMessage) -> SamplingMessage {
    let shown = blocks(&message.content).iter().map(|block| match block {
        Block::Image(image) => Block::Image(shown::image(image)),
        Block::Audio(audio) => Block::Audio(shown::audio(audio)),
        Block::ToolResult(result) => {
            let content = result.content.iter().map(shown::block).collect();
            let mut shown = ToolResultContent::new(&*result.tool_use_id, content);
            shown.structured_content.clone_from(&result.structured_content);
            shown.is_error = result.is_error;
            Block::ToolResult(shown)
        }
        other => other.clone(),
    });
    SamplingMessage::new_multiple(message.role.clone(), shown.collect())
}

/// A message as a model sees it.
fn read(message: SamplingMessage) -> Message {
    let mut text: Vec<String> = Vec::new();
    let (mut calls, mut results) = (Vec::new(), Vec::new());
    for block in message.content.into_vec() {
        match block {
            Block::Text(one) => text.push(one.text),
            Block::Image(_) => text.push(IMAGE.to_owned()),
            Block::Audio(_) => text.push(AUDIO.to_owned()),
            Block::ToolUse(call) => calls.push(ToolCall::new(call.name, Value::Object(call.input)).id(call.id)),
            Block::ToolResult(result) => {
                let content = json!(result.content).to_string();
                results.push(ToolResult::new(content).id(result.tool_use_id));
            }
            _ => {}
        }
    }
    let role = match message.role {
        rmcp::model::Role::Assistant => Role::Assistant,
        rmcp::model::Role::User => Role::User,
    };
    let read = Message::new(role.as_str(), text.join("\n"));
    let read = calls.into_iter().fold(read, Message::tool_call);
    results.into_iter().fold(read, Message::tool_result)
}
