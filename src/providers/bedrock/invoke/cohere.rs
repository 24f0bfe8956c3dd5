//! Command R on Bedrock: a message, what was said before it, tools.

use serde_json::{Map, Value};

use crate::model::{Message, ToolCall, ToolDefinition, ToolResult};
use crate::providers::codec::Seen;
use crate::providers::json::{self, Room};

/// The preamble, what was said before, what tools answered, and the message.
pub(super) fn input(request: &Value) -> Vec<Message> {
    let preamble = json::some(request, "preamble").map(|preamble| Message::system(json::as_text(preamble)));
    let mut messages: Vec<Message> = preamble.into_iter().collect();
    messages.extend(json::items(request, "chat_history").iter().map(turn));
    // Beside the results of tools the message may be empty; then nothing was said.
    let message = json::text(request, "message");
    if !message.is_empty() {
        messages.push(Message::user(message));
    }
    if let Some(answered) = results(request) {
        messages.push(answered);
    }
    messages
}

/// The text and the calls of an answer.
pub(super) fn output(body: &Value) -> Message {
    json::items(body, "tool_calls")
        .iter()
        .map(call)
        .fold(Message::assistant(json::text(body, "text")), Message::tool_call)
}

/// The tools that are offered.
pub(super) fn tools(request: &Value) -> Vec<ToolDefinition> {
    let definition = |tool: &Value| {
        let schema = tool["parameter_definitions"].as_object().cloned().unwrap_or_default();
        ToolDefinition::new(json::text(tool, "name")).description(json::text(tool, "description")).schema(schema)
    };
    let named = json::items(request, "tools").iter().filter(|tool| !json::text(tool, "name").is_empty());
    named.map(definition).collect()
}

/// One turn of the conversation so far.
fn turn(turn: &Value) -> Message {
    let role = match json::text(turn, "role") {
        "CHATBOT" => "assistant".to_owned(),
        role => role.to_ascii_lowercase(),
    };
    let message = Message::new(role, json::text(turn, "message"));
    let message = json::items(turn, "tool_calls").iter().map(call).fold(message, Message::tool_call);
    json::items(turn, "tool_results").iter().map(result).fold(message, Message::tool_result)
}

fn results(request: &Value) -> Option<Message> {
    let results = json::items(request, "tool_results");
    (!results.is_empty()).then(|| results.iter().map(result).fold(Message::new("tool", ""), Message::tool_result))
}

fn call(call: &Value) -> ToolCall {
    ToolCall::new(json::text(call, "name"), call["parameters"].clone())
}

fn result(result: &Value) -> ToolResult {
    let outputs = json::as_text(&result["outputs"]);
    ToolResult::new(outputs).name(json::text(&result["call"], "name")).kind("tool_result")
}

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Turn {
    text: String,
    calls: Value,
}

impl Turn {
    /// Takes a chunk: `text-generation`, `tool-calls-generation`, and others of no content.
    pub(super) fn chunk(&mut self, chunk: &Value, room: &mut Room) -> Seen {
        // The end says all of it again; it counts when the pieces were not sent.
        let end = &chunk["response"];
        for said in [chunk, end] {
            if json::some(said, "tool_calls").is_some() && self.calls.is_null() {
                self.calls = room.keep(&said["tool_calls"]);
            }
        }
        if self.text.is_empty() {
            room.push_member(&mut self.text, end, "text");
        }
        let is_call = json::some(chunk, "tool_calls").is_some();
        let is_text = room.push_member(&mut self.text, chunk, "text");
        Seen::content(is_text || is_call)
    }

    /// The answer that would have come whole.
    pub(super) fn whole(self) -> Map<String, Value> {
        Map::from_iter([("text".to_owned(), self.text.into()), ("tool_calls".to_owned(), self.calls)])
    }
}
