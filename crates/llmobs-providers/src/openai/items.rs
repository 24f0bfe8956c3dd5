//! The items of the Responses API, of requests and answers → messages.

use serde_json::{Value, json};

use super::message::{plain, shown};
use crate::endpoint::Api;
use crate::json;
use crate::media::{MediaBudget, without_media};
use llmobs_model::{Annotation, Message, SpanError, SpanKind, ToolCall, ToolResult};

/// The input of a request: text, or items.
pub(super) fn input(input: &Value, media: &mut MediaBudget) -> Vec<Message> {
    match input {
        Value::Array(items) => items.iter().filter_map(|item| message(item, media)).collect(),
        Value::String(text) => vec![Message::user(plain(text))],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    }
}

/// The message that an item is; some are none.
pub(super) fn message(item: &Value, media: &mut MediaBudget) -> Option<Message> {
    let kind = json::text(item, "type");
    match kind {
        "message" | "" => turn(item, media),
        "function_call" | "custom_tool_call" => Some(Message::assistant("").tool_call(call(item, "call_id", kind))),
        "computer_call_output" => {
            let mut message = Message::user("");
            message.content = part(&mut message, json::get(item, &["output"]), media);
            Some(message)
        }
        "reasoning" => Some(Message::new("reasoning", json::to_sorted_text(reasoning(item)))),
        "mcp_call" => Some(mcp_call(item)),
        "image_generation_call" => Some(Message::assistant("[image]")),
        // The first says which tools there are, the second only points at something.
        "mcp_list_tools" | "item_reference" => None,
        _ if kind.ends_with("_call_output") => Some(output(item, media)),
        _ if OWN_TOOLS.contains(&kind) => Some(Message::assistant(shown_whole(item))),
        _ => Some(Message::assistant(json::cut(&shown_whole(item), UNKNOWN_CHARS))),
    }
}

/// A turn of the conversation; nothing when there is nothing in it.
fn turn(item: &Value, media: &mut MediaBudget) -> Option<Message> {
    let mut message = Message::new(json::text(item, "role"), "");
    message.content = match item.get("content").and_then(Value::as_array) {
        Some(parts) => parts.iter().map(|item| part(&mut message, item, media)).collect(),
        None => plain(&json::as_text(json::get(item, &["content"]))).to_owned(),
    };
    let has_media = !message.image_parts.is_empty() || !message.audio_parts.is_empty();
    (has_media || !message.content.is_empty()).then_some(message)
}

/// The text of a part, or what stands for it. Pictures and sounds that are in it go into the message.
fn part(message: &mut Message, part: &Value, media: &mut MediaBudget) -> String {
    match json::text(part, "type") {
        "input_image" | "computer_screenshot" => match media.image_url(image_url(part)) {
            Ok(image) => {
                message.image_parts.push(image);
                String::new()
            }
            Err(marker) => reference(part, marker),
        },
        "input_file" => reference(part, "[file]"),
        "input_audio" => {
            let audio = json::get(part, &["input_audio"]);
            let sound = media.audio(json::text(audio, "format"), json::text(audio, "data"));
            sound.map(|sound| message.audio_parts.push(sound)).err().unwrap_or_default().to_owned()
        }
        _ => {
            let said = ["text", "refusal", "transcript"].map(|name| plain(json::text(part, name)));
            said.concat()
        }
    }
}

/// Returns the address of a picture or file that is not in the part itself.
pub(super) fn reference(part: &Value, marker: &str) -> String {
    let names = ["file_url", "file_id", "filename"].map(|name| json::text(part, name));
    let mut places = [image_url(part)].into_iter().chain(names);
    // What was too large is said to be so, and not shown as text all the same.
    let place = places.find(|place| !place.is_empty() && !place.starts_with("data:"));
    place.filter(|_| !marker.contains("too large")).unwrap_or(marker).to_owned()
}

fn image_url(part: &Value) -> &str {
    let image = json::get(part, &["image_url"]);
    image.as_str().unwrap_or_else(|| json::text(image, "url"))
}

fn call(item: &Value, id: &str, kind: &str) -> ToolCall {
    let arguments = json::first_present(item, &["arguments", "input"]).cloned().unwrap_or_default();
    ToolCall::new(json::text(item, "name"), arguments).id(json::text(item, id)).kind(kind)
}

/// Reads the result of a tool: text, parts, or any JSON.
fn output(item: &Value, media: &mut MediaBudget) -> Message {
    let mut message = Message::user("");
    let said = json::get(item, &["output"]);
    let mut text: String = json::items(item, "output").iter().map(|item| part(&mut message, item, media)).collect();
    if text.is_empty() && message.image_parts.is_empty() {
        text = shown(said);
    }
    let result = ToolResult::new(text).name(json::text(item, "name")).id(json::text(item, "call_id"));
    message.tool_result(result.kind(json::text(item, "type")))
}

/// Returns the reasoning of an item. Most of it is encrypted or a summary; open models give it in full.
fn reasoning(item: &Value) -> Value {
    let member = |name: &str| item.get(name).cloned().unwrap_or_default();
    let summary = json::present(item, "summary").cloned().unwrap_or_else(|| json!([]));
    let said = member("content");
    if said.as_array().is_some_and(|content| !content.is_empty()) {
        return json!({
            "content": said,
            "encrypted_content": member("encrypted_content"),
            "id": member("id"),
            "summary": summary,
        });
    }
    json!({"encrypted_content": member("encrypted_content"), "id": member("id"), "summary": summary})
}

/// A call that the provider made itself, with what came of it.
fn mcp_call(item: &Value) -> Message {
    let failed = json::as_text(json::get(item, &["error"]));
    let output = json::as_text(json::get(item, &["output"]));
    let result = if output.is_empty() { failed } else { output };
    let result = ToolResult::new(result).name(json::text(item, "name")).id(json::text(item, "id"));
    Message::assistant("").tool_call(call(item, "id", "mcp_call")).tool_result(result.kind("mcp_tool_result"))
}

/// The span of a call that the provider made itself: a tool that ran elsewhere, inside the call of the model.
pub(super) fn remote_call(item: &Value) -> Option<Annotation> {
    if json::text(item, "type") != "mcp_call" {
        return None;
    }
    let (name, id) = (json::text(item, "name"), json::text(item, "id"));
    let said = Annotation::new().kind(SpanKind::Tool).name(format!("MCP Client Tool Call: {name}"));
    let said = said.input(shown(json::get(item, &["arguments"]))).metadata("tool_id", id).tool_id(id);
    let said = said.tag("integration", Api::OpenAiResponses.integration());
    Some(match json::present(item, "error") {
        Some(error) => {
            let said_of_it = [json::text(error, "message"), json::text(error, "content")].into_iter();
            let message = said_of_it.chain(error.as_str()).find(|text| !text.is_empty());
            let message = message.map_or_else(|| shown(error), str::to_owned);
            said.span_error(SpanError::new(message).error_type(error_type(error)))
        }
        None => said.output(shown(json::get(item, &["output"]))),
    })
}

fn error_type(error: &Value) -> &str {
    let said = Some(json::text(error, "type")).filter(|kind| !kind.is_empty());
    said.unwrap_or("mcp_tool_error")
}

/// The calls of the provider's own tools, with their results: searches, pages, programs and their output.
const OWN_TOOLS: &[&str] = &[
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "computer_call",
    "local_shell_call",
    "shell_call",
    "apply_patch_call",
    "mcp_approval_request",
    "mcp_approval_response",
];

fn shown_whole(item: &Value) -> String {
    json::to_sorted_text(without_media(item))
}

/// Characters of an item that nobody knows.
const UNKNOWN_CHARS: usize = 4096;
