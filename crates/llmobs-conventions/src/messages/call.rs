//! Tool calls and tool results in the dialect of any API.

use crate::format::json::Json;
use llmobs_model::{ToolCall, ToolResult};

/// Reads a tool call, or `None` if it has no name. `kind` is the type that the API gives it.
pub(crate) fn call(json: &Json<'_>, kind: &str) -> Option<ToolCall> {
    let outer = json.get("tool_call").unwrap_or(json);
    let inner = outer.first(&["function", "functionCall", "function_call", "toolUse", "custom"]);
    let inner = inner.filter(|inner| inner.is_object()).unwrap_or(outer);
    let name = inner.first_text(NAME).or_else(|| outer.first_text(NAME))?;
    let arguments = inner.first(ARGUMENTS).or_else(|| outer.first(ARGUMENTS));
    let mut call = ToolCall::new(name, arguments.map(Json::to_value).unwrap_or_default()).kind(kind);
    call.tool_id = id(outer).or_else(|| id(inner));
    Some(call)
}

/// Reads a call of a tool that the provider runs. Its arguments are the whole object of the tool.
pub(crate) fn server_call(json: &Json<'_>) -> Option<ToolCall> {
    let name = json.first_text(NAME)?;
    let arguments = json.first(&["server_tool_call"]).or_else(|| json.first(ARGUMENTS));
    let arguments = arguments.map(Json::to_value).unwrap_or_default();
    let mut call = ToolCall::new(name, arguments).kind(SERVER_CALL);
    call.tool_id = id(json);
    Some(call)
}

/// Reads a tool result in a part, or `None` if it holds nothing that can be read. `answered` reads parts within it.
pub(crate) fn result(json: &Json<'_>, mut answered: impl FnMut(&Json<'_>) -> Option<String>) -> Option<ToolResult> {
    let inner = json.first(&["functionResponse", "function_response", "toolResult"]).unwrap_or(json);
    let answer = match inner.first(&["response", "result", "output", "server_tool_call_response"]) {
        Some(answer) => answered(answer).unwrap_or_else(|| answer.to_text()),
        None => match inner.get("content") {
            Some(answer) => answered(answer)?,
            None if inner.is_object() && id(inner).is_some() => String::new(),
            None => return None,
        },
    };
    let mut result = ToolResult::new(answer).kind(RESULT);
    result.name = inner.first_text(NAME).map(str::to_owned);
    result.tool_id = id(inner);
    Some(result)
}

fn id(json: &Json<'_>) -> Option<String> {
    match json.first(ID)? {
        Json::Text(id) => Some(id.clone().into_owned()).filter(|id| !id.is_empty()),
        id @ Json::Number(_) => Some(id.to_text()),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => None,
    }
}

/// The type of a tool call without one.
pub(crate) const FUNCTION: &str = "function";
/// The type of a tool result.
pub(crate) const RESULT: &str = "tool_result";
/// The type of a call of a tool that the provider runs.
const SERVER_CALL: &str = "server_tool_call";
pub(crate) const SERVER_RESULT: &str = "server_tool_call_response";

const NAME: &[&str] = &["name", "toolName", "tool_name"];
const ARGUMENTS: &[&str] = &["arguments", "args", "input", "parameters"];
/// Ids, those that match a result with its call before the id of the item itself.
const ID: &[&str] = &["tool_use_id", "tool_call_id", "call_id", "toolCallId", "toolUseId", "tool_id", "id"];
