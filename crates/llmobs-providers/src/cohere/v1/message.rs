//! Messages of the first generation: one message, and those before it.

use serde_json::Value;

use crate::json::{get, items, text};
use llmobs_model::{Message, ToolCall, ToolResult};

/// The messages of a request.
pub(in crate::cohere) fn asked(request: &Value) -> Vec<Message> {
    let preamble = Some(text(request, "preamble")).filter(|preamble| !preamble.is_empty()).map(Message::system);
    let history = items(request, "chat_history").iter().map(turn);
    let results = tool_results(request).map(|mut results| {
        results.role = "tool".into();
        results
    });
    let message = Some(text(request, "message")).filter(|message| !message.is_empty());
    preamble.into_iter().chain(history).chain(results.clone()).chain(message.map(Message::user)).collect()
}

/// Returns the message of a response.
pub(in crate::cohere) fn answered(body: &Value) -> Message {
    with_calls(Message::assistant(text(body, "text")), body)
}

fn turn(turn: &Value) -> Message {
    let mut message = tool_results(turn).unwrap_or_default();
    message.role = role(text(turn, "role")).into();
    text(turn, "message").clone_into(&mut message.content);
    with_calls(message, turn)
}

fn role(role: &str) -> &str {
    match role {
        "USER" | "User" => "user",
        "CHATBOT" | "Chatbot" => "assistant",
        "SYSTEM" | "System" => "system",
        "TOOL" | "Tool" => "tool",
        other => other,
    }
}

/// Calls have no ids in this generation.
fn with_calls(said: Message, of: &Value) -> Message {
    let call = |call: &Value| ToolCall::new(text(call, "name"), get(call, &["parameters"]).clone()).kind("function");
    items(of, "tool_calls").iter().map(call).fold(said, Message::tool_call)
}

fn tool_results(of: &Value) -> Option<Message> {
    let results = items(of, "tool_results").iter();
    let results: Vec<ToolResult> = results.map(tool_result).collect();
    if results.is_empty() {
        return None;
    }
    let mut message = Message::default();
    message.tool_results = results;
    Some(message)
}

fn tool_result(result: &Value) -> ToolResult {
    let outputs = get(result, &["outputs"]).to_string();
    ToolResult::new(outputs).name(text(get(result, &["call"]), "name")).kind("tool_result")
}
