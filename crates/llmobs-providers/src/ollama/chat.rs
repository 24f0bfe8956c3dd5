//! `/api/chat`.

use std::borrow::Cow;

use serde_json::Value;

use super::assembler::{LineShape, OllamaAssembler};
use super::images::attach_images;
use super::usage;
use crate::annotate::with_input_and_tools;
use crate::codec::{Codec, Response, StreamAssembler};
use crate::endpoint::Endpoint;
use crate::json::{as_text, first_present, get, items, text};
use crate::media::MediaBudget;
use llmobs_model::{Annotation, Message, ToolCall, ToolDefinition, ToolResult};

/// Conversations with a model that Ollama runs.
#[derive(Debug)]
pub(crate) struct OllamaChat;

impl Codec for OllamaChat {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn annotate_request(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut budget = MediaBudget::new();
        let turns = items(request, "messages").iter();
        let messages = turns.flat_map(|message| turn(message, &mut budget)).collect();
        let tools = items(request, "tools").iter().map(tool_definition).collect();
        with_input_and_tools(usage::asked(endpoint, request), messages, tools)
    }

    fn annotate_response(&self, said: Annotation, response: Response<'_>) -> Annotation {
        let message = response.body.get("message").filter(|message| message.is_object());
        let messages = message.map(|message| turn(message, &mut MediaBudget::new()));
        let messages = messages.unwrap_or_else(|| vec![Message::assistant("")]);
        usage::counted(said, response.body).output(messages)
    }

    fn assembler(&self) -> Box<dyn StreamAssembler> {
        Box::new(OllamaAssembler::new(LineShape::Chat))
    }
}

/// A turn; what the model thinks comes before what it says.
fn turn(message: &Value, budget: &mut MediaBudget) -> Vec<Message> {
    let said = match text(message, "role") {
        "tool" => Message::new("tool", "").tool_result(tool_result(message)),
        role => attach_images(Message::new(role, as_text(get(message, &["content"]))), message, budget),
    };
    let said = items(message, "tool_calls").iter().map(tool_call).fold(said, Message::tool_call);
    thought(message).into_iter().chain([said]).collect()
}

/// Returns the reasoning of a message, if there is any.
pub(super) fn thought(of: &Value) -> Option<Message> {
    Some(text(of, "thinking")).filter(|thinking| !thinking.is_empty()).map(|text| Message::new("reasoning", text))
}

fn tool_result(message: &Value) -> ToolResult {
    let name = first_present(message, &["tool_name", "name"]).and_then(Value::as_str).unwrap_or_default();
    let result = ToolResult::new(as_text(get(message, &["content"]))).name(name);
    result.id(text(message, "tool_call_id")).kind("tool_result")
}

fn tool_call(call: &Value) -> ToolCall {
    let function = get(call, &["function"]);
    let arguments = get(function, &["arguments"]).clone();
    ToolCall::new(text(function, "name"), arguments).id(text(call, "id")).kind("function")
}

fn tool_definition(tool: &Value) -> ToolDefinition {
    let function = get(tool, &["function"]);
    let definition = ToolDefinition::new(text(function, "name")).description(text(function, "description"));
    definition.schema(get(function, &["parameters"]).clone())
}
