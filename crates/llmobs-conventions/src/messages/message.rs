//! A message in the dialect of any API.

use std::borrow::Cow;

use super::call;
use super::part::MessageParts;
use crate::format::json::Json;
use crate::{Remark, RemarkSet};
use llmobs_model::{Message, ToolResult};

/// Adds a message, after the reasoning in it, and returns its oddities. `role` is for a message without one.
pub(crate) fn add(json: &Json<'_>, role: &str, messages: &mut Vec<Message>) -> RemarkSet {
    let mut parts = MessageParts::default();
    read_content(json, &mut parts);
    read_beside(json, &mut parts);
    let named = json.first_text(&["role"]);
    parts.remarks.add_if(Remark::Role, named.is_none());
    let (role, remarks) = (named.map_or(role, known_role), parts.remarks);
    answer(json, role, &mut parts);
    finish(role, parts, messages);
    remarks
}

/// Adds a message that is a list of parts.
pub(crate) fn add_parts(items: &[Json<'_>], role: &str, messages: &mut Vec<Message>) -> RemarkSet {
    let mut parts = MessageParts::default();
    parts.add_all(items);
    let remarks = parts.remarks;
    finish(role, parts, messages);
    remarks
}

/// Adds a message of one text.
pub(crate) fn add_text(text: String, role: &str, messages: &mut Vec<Message>) {
    messages.push(Message::new(role, text));
}

fn finish(role: &str, mut parts: MessageParts, messages: &mut Vec<Message>) {
    let thoughts = std::mem::take(&mut parts.reasoning);
    if parts.is_silent() && !thoughts.is_empty() {
        return messages.extend(thoughts.into_iter().map(|thought| Message::new(REASONING, thought)));
    }
    messages.extend(thoughts.into_iter().map(|thought| Message::new(REASONING, thought)));
    let mut message = Message::new(role, joined(parts.texts));
    message.tool_calls = parts.calls;
    message.tool_results = parts.results;
    message.image_parts = parts.images;
    message.audio_parts = parts.audio;
    messages.push(message);
}

fn joined(mut texts: Vec<String>) -> String {
    if texts.len() == 1 { texts.pop().unwrap_or_default() } else { texts.join("\n") }
}

/// Reads the content: parts, a text, a list, or something else, which is kept as JSON.
fn read_content(json: &Json<'_>, parts: &mut MessageParts) {
    for name in ["parts", "contents"] {
        match json.get(name) {
            Some(Json::List(items)) => parts.add_all(items),
            Some(other) => parts.add(other),
            None => {}
        }
    }
    match json.get("content") {
        Some(Json::Text(text)) => read_text(text, parts),
        Some(Json::List(items)) => parts.add_all(items),
        Some(other) => parts.add(other),
        None if json.first(&["parts", "contents"]).is_none() => {
            parts.texts.extend(json.first_text(&["text", "output_text"]).map(str::to_owned));
        }
        None => {}
    }
}

/// Reads a text, which may hold a serialized list of parts.
fn read_text(text: &str, parts: &mut MessageParts) {
    if text.trim_start().starts_with('[')
        && let Some(Json::List(items)) = Json::container(text)
        && !items.is_empty()
        && items.iter().all(MessageParts::is_typed)
    {
        return parts.add_all(&items);
    }
    if !text.is_empty() {
        parts.texts.push(text.to_owned());
    }
}

/// Reads the members beside the content: reasoning, refusal, tool calls, tool results.
fn read_beside(json: &Json<'_>, parts: &mut MessageParts) {
    let thought = json.first_text(&["reasoning_content", "reasoning", "thinking"]);
    parts.reasoning.extend(thought.map(str::to_owned));
    parts.texts.extend(json.first_text(&["refusal"]).map(str::to_owned));
    for name in ["tool_calls", "toolCalls"] {
        let Some(calls) = json.get(name) else { continue };
        let parsed = calls.as_text().and_then(Json::container);
        let calls = parsed.as_ref().unwrap_or(calls);
        for call in calls.as_list().unwrap_or_default() {
            parts.try_add_call(call, kind_of(call));
        }
    }
    if let Some(call) = json.get("function_call").filter(|call| call.is_object()) {
        parts.try_add_call(call, call::FUNCTION);
    }
    if let Some(name) = json.first_text(&["function_call_name"]) {
        let name = (Cow::Borrowed("name"), Json::Text(Cow::Borrowed(name)));
        let arguments = json.get("function_call_arguments_json").cloned().unwrap_or(Json::Null);
        let call = Json::Object(vec![name, (Cow::Borrowed("arguments"), arguments)]);
        parts.try_add_call(&call, call::FUNCTION);
    }
    for result in json.get("tool_results").and_then(Json::as_list).unwrap_or_default() {
        parts.results.extend(call::result(result, |answer| MessageParts::default().answered(answer)));
    }
}

/// Returns the type of a tool call, if it is one that an API has of its own.
fn kind_of<'a>(call: &'a Json<'_>) -> &'a str {
    let kinds = ["tool_use", "server_tool_use", "server_tool_call"];
    call.first_text(&["type"]).filter(|kind| kinds.contains(kind)).unwrap_or(call::FUNCTION)
}

/// Turns the text of a message that answers a tool call into the result.
fn answer(json: &Json<'_>, role: &str, parts: &mut MessageParts) {
    let id = json.first_text(&["tool_call_id", "toolCallId"]);
    let name = json.first_text(&["name"]);
    let answers = id.is_some() || (matches!(role, "tool" | "function") && name.is_some());
    if !answers || !parts.results.is_empty() {
        return;
    }
    let mut result = ToolResult::new(joined(std::mem::take(&mut parts.texts))).kind(call::RESULT);
    result.name = name.map(str::to_owned);
    result.tool_id = id.map(str::to_owned);
    parts.results.push(result);
}

fn known_role(role: &str) -> &str {
    let same = [("model", "assistant"), ("ai", "assistant"), ("human", "user"), ("thinking", REASONING)];
    same.into_iter().find(|(word, _)| *word == role).map_or(role, |(_, known)| known)
}

/// The role of reasoning.
const REASONING: &str = "reasoning";
