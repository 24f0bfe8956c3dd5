//! Contents and their parts → messages.

use serde_json::{Value, json};

use super::case::member;
use crate::json::{as_list, as_text, first_present, get, items, text};
use llmobs_model::{Message, ToolCall, ToolDefinition, ToolResult};

/// The messages of a request: the system instruction first, then the contents in order.
pub(super) fn asked(request: &Value) -> Vec<Message> {
    let mut messages = spoken("system", member(request, "systemInstruction"));
    messages.extend(as_list(get(request, &["contents"])).iter().flat_map(turn));
    messages
}

/// Reads a content: its role and its parts.
fn turn(content: &Value) -> Vec<Message> {
    spoken(role(text(content, "role")), content)
}

/// Maps a role of Gemini's to the role of a message.
pub(super) fn role(role: &str) -> &str {
    match role {
        "model" => "assistant",
        "" => "user",
        other => other,
    }
}

/// The parts of a content, one message each. A content may also be a text, or a list of parts.
pub(super) fn spoken(role: &str, content: &Value) -> Vec<Message> {
    let parts = parts(content);
    let telling: Vec<Message> = parts.iter().filter(|part| says_something(part)).map(|one| part(role, one)).collect();
    // Answers end with an empty text that carries a signature; it is a message only when there is nothing else.
    if telling.is_empty() && !parts.is_empty() { vec![Message::new(role, "")] } else { telling }
}

pub(super) fn parts(content: &Value) -> &[Value] {
    match content {
        Value::Object(members) => match members.get("parts") {
            Some(parts) => as_list(parts),
            None if members.contains_key("role") => &[],
            // A content that is itself a part: `{"text": …}`.
            None => as_list(content),
        },
        Value::Array(_) | Value::String(_) => as_list(content),
        Value::Null | Value::Bool(_) | Value::Number(_) => &[],
    }
}

/// Tells whether a part has more than a signature.
pub(super) fn says_something(part: &Value) -> bool {
    let is_text = |text: &Value| text.as_str().is_some_and(|text| !text.is_empty());
    let members = part.as_object().into_iter().flatten();
    is_text(part) || is_text(get(part, &["text"])) || members.into_iter().any(|(_, value)| value.is_object())
}

fn part(role: &str, part: &Value) -> Message {
    let has = |name| Some(member(part, name)).filter(|value| value.is_object());
    let mut message = Message::new(if is_thought(part) { "reasoning" } else { role }, "");
    if let Some(call) = has("functionCall") {
        return message.tool_call(tool_call(call));
    }
    if let Some(response) = has("functionResponse") {
        return message.tool_result(tool_result(response));
    }
    let content = if let Some(code) = has("executableCode") {
        json!({"code": text(code, "code"), "language": text(code, "language")}).to_string()
    } else if let Some(result) = has("codeExecutionResult") {
        json!({"outcome": text(result, "outcome"), "output": text(result, "output")}).to_string()
    } else if let Some(data) = has("inlineData") {
        format!("[inline data: {}]", as_text(member(data, "mimeType")))
    } else if let Some(file) = has("fileData") {
        file_marker(member(file, "fileUri"), member(file, "mimeType"))
    } else {
        part.as_str().unwrap_or_else(|| text(part, "text")).to_owned()
    };
    message.content = content;
    message
}

pub(super) fn is_thought(part: &Value) -> bool {
    get(part, &["thought"]).as_bool() == Some(true)
}

/// Returns the address of a file, or its type where the address is a `data:` URL.
pub(super) fn file_marker(uri: &Value, mime_type: &Value) -> String {
    let uri = as_text(uri);
    let is_address = !uri.is_empty() && !uri.starts_with("data:");
    format!("[file data: {}]", if is_address { uri } else { as_text(mime_type) })
}

fn tool_call(call: &Value) -> ToolCall {
    ToolCall::new(text(call, "name"), get(call, &["args"]).clone()).id(text(call, "id")).kind("function_call")
}

fn tool_result(response: &Value) -> ToolResult {
    let result = ToolResult::new(as_text(get(response, &["response"])));
    result.name(text(response, "name")).id(text(response, "id")).kind("function_response")
}

/// The functions among the tools; those that are built in have no definition.
pub(super) fn tools(request: &Value) -> Vec<ToolDefinition> {
    let declarations = items(request, "tools").iter().map(|tool| member(tool, "functionDeclarations"));
    declarations.flat_map(as_list).map(tool_definition).collect()
}

fn tool_definition(function: &Value) -> ToolDefinition {
    let schema = first_present(function, &["parameters", "parametersJsonSchema", "parameters_json_schema"]);
    let definition = ToolDefinition::new(text(function, "name")).description(text(function, "description"));
    definition.schema(schema.cloned().unwrap_or_default())
}
