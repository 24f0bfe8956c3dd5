//! Payloads of sampling and elicitation, in the server that sends such a request and in the client that gets it.
#![expect(deprecated, reason = "the protocol gives up sampling, and its servers still ask for it")]

use rmcp::model::{
    ClientResult, CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult,
    RequestParamsMeta, SamplingContent, SamplingMessage, SamplingMessageContentBlock as Block, ToolResultContent,
};
use serde_json::{Value, json};

use tracing_llmobs::observe::DeferredAnnotation;
use tracing_llmobs::{Annotation, Message, Role, SpanKind, ToolCall, ToolResult};

use crate::client_spans::{ObservedRequest, ObservedResponse};
use crate::payloads::{self, AUDIO, IMAGE, SMALL, members_bytes, sum};

impl ObservedRequest for CreateMessageRequestParams {
    fn describe(&self) -> Annotation {
        let described = Annotation::new().kind(SpanKind::Llm).name("MCP Server Sampling");
        let described = described.metadata("max_tokens", self.max_tokens);
        self.temperature
            .into_iter()
            .fold(described, |described, temperature| described.metadata("temperature", temperature))
    }

    fn input(&self) -> DeferredAnnotation {
        let system = self.system_prompt.clone();
        let messages: Vec<_> = self.messages.iter().map(without_media).collect();
        let bytes = messages_bytes(&messages).saturating_add(system.as_ref().map_or(0, String::len));
        DeferredAnnotation::new(bytes, move || {
            let system = system.map(Message::system);
            Annotation::new().input(system.into_iter().chain(messages.into_iter().map(to_message)).collect::<Vec<_>>())
        })
    }
}

impl ObservedResponse for CreateMessageResult {
    fn output(&self) -> DeferredAnnotation {
        let message = without_media(&self.message);
        let bytes = message_bytes(&message);
        DeferredAnnotation::new(bytes, move || Annotation::new().output(to_message(message))).map(|annotation| {
            let annotation = annotation.model_name(&self.model);
            self.stop_reason.iter().fold(annotation, |annotation, reason| annotation.metadata("stop_reason", reason))
        })
    }
}

impl ObservedRequest for ElicitRequestParams {
    fn describe(&self) -> Annotation {
        Annotation::new().kind(SpanKind::Task).name("MCP Server Elicitation")
    }

    fn input(&self) -> DeferredAnnotation {
        let mut params = self.clone();
        *params.meta_mut() = None;
        payloads::deferred_input(SMALL, params, payloads::to_json)
    }
}

impl ObservedResponse for ElicitResult {
    fn output(&self) -> DeferredAnnotation {
        payloads::small_output(self)
    }
}

/// Returns the parameters of a request for a message without pictures and sounds, and an estimate of their bytes.
pub(crate) fn without_bytes(params: &CreateMessageRequestParams) -> (usize, CreateMessageRequestParams) {
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
    (messages_bytes(&shown.messages), shown)
}

/// Returns the output of a client's response.
pub(crate) fn client_result(result: &ClientResult) -> DeferredAnnotation {
    match result {
        ClientResult::CreateMessageResult(result) => {
            let mut shown = CreateMessageResult::new(without_media(&result.message), result.model.clone());
            shown.stop_reason.clone_from(&result.stop_reason);
            payloads::deferred_output(message_bytes(&shown.message), shown, payloads::to_json)
        }
        other => payloads::small_output(other),
    }
}

fn messages_bytes(messages: &[SamplingMessage]) -> usize {
    sum(messages, message_bytes)
}

fn message_bytes(message: &SamplingMessage) -> usize {
    blocks(&message.content).iter().fold(SMALL, |sum, block| {
        sum.saturating_add(match block {
            Block::Text(text) => text.text.len(),
            Block::ToolUse(call) => members_bytes(&call.input),
            Block::ToolResult(result) => payloads::sum(&result.content, payloads::block_bytes),
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
        Block::Image(image) => Block::Image(payloads::image(image)),
        Block::Audio(audio) => Block::Audio(payloads::audio(audio)),
        Block::ToolResult(result) => {
            let content = result.content.iter().map(payloads::block).collect();
            let mut shown = ToolResultContent::new(&*result.tool_use_id, content);
            shown.structured_content.clone_from(&result.structured_content);
            shown.is_error = result.is_error;
            Block::ToolResult(shown)
        }
        other => other.clone(),
    });
    SamplingMessage::new_multiple(message.role.clone(), shown.collect())
}

/// Converts a message of the protocol.
fn to_message(message: SamplingMessage) -> Message {
    let mut text: Vec<String> = Vec::new();
    let (mut calls, mut results) = (Vec::new(), Vec::new());
    for block in message.content.into_vec() {
        match block {
            Block::Text(content) => text.push(content.text),
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
    let converted = Message::new(role.as_str(), text.join("\n"));
    let converted = calls.into_iter().fold(converted, Message::tool_call);
    results.into_iter().fold(converted, Message::tool_result)
}
