//! `/api/chat`.

use std::borrow::Cow;

use serde_json::Value;

use super::super::asked::asked;
use super::super::codec::{Answer, Codec, Rebuild};
use super::super::endpoint::Endpoint;
use super::super::json::{as_text, first, get, items, text};
use super::super::media::MediaRoom;
use super::picture::see;
use super::rebuild::{Kind, Lines};
use super::usage;
use llmobs_model::{Annotation, Message, ToolCall, ToolDefinition, ToolResult};

/// Conversations with a model that Ollama runs.
#[derive(Debug)]
pub(in super::super) struct Chat;

impl Codec for Chat {
    fn name(&self, _: &Endpoint) -> Cow<'static, str> {
        usage::NAME
    }

    fn sent(&self, endpoint: &Endpoint, request: &Value) -> Annotation {
        let mut room = MediaRoom::new();
        let turns = items(request, "messages").iter();
        let messages = turns.flat_map(|message| turn(message, &mut room)).collect();
        let tools = items(request, "tools").iter().map(tool_definition).collect();
        asked(usage::asked(endpoint, request), messages, tools)
    }

    fn received(&self, said: Annotation, answer: Answer<'_>) -> Annotation {
        let message = answer.body.get("message").filter(|message| message.is_object());
        let messages = message.map(|message| turn(message, &mut MediaRoom::new()));
        let messages = messages.unwrap_or_else(|| vec![Message::assistant("")]);
        usage::counted(said, answer.body).output(messages)
    }

    fn rebuild(&self) -> Box<dyn Rebuild> {
        Box::new(Lines::new(Kind::Chat))
    }
}

/// A turn; what the model thinks comes before what it says.
fn turn(message: &Value, room: &mut MediaRoom) -> Vec<Message> {
    let said = match text(message, "role") {
        "tool" => Message::new("tool", "").tool_result(tool_result(message)),
        role => see(Message::new(role, as_text(get(message, &["content"]))), message, room),
    };
    let said = items(message, "tool_calls").iter().map(tool_call).fold(said, Message::tool_call);
    thought(message).into_iter().chain([said]).collect()
}

/// What the model thinks, where it says so.
pub(super) fn thought(of: &Value) -> Option<Message> {
    Some(text(of, "thinking")).filter(|thinking| !thinking.is_empty()).map(|text| Message::new("reasoning", text))
}

fn tool_result(message: &Value) -> ToolResult {
    let name = first(message, &["tool_name", "name"]).and_then(Value::as_str).unwrap_or_default();
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
