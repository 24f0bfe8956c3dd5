//! `InteractionAssembler`, turns and contents → messages.

use serde_json::Value;

use crate::gemini::content::{file_marker, role};
use crate::json::{as_list, as_text, get, items, text};
use llmobs_model::{Message, ToolCall, ToolResult};

/// The messages of a text, a step, a turn, a content, or a list of them; `speaker` is who says what
/// names nobody.
pub(super) fn messages(speaker: &str, said: &Value) -> Vec<Message> {
    as_list(said).iter().flat_map(|step| one(speaker, step)).collect()
}

fn one(speaker: &str, step: &Value) -> Vec<Message> {
    let kind = text(step, "type");
    let content = get(step, &["content"]);
    match kind {
        "user_input" => messages("user", content),
        "model_output" => messages("assistant", content),
        "" if !content.is_null() => match text(step, "role") {
            "" => messages(speaker, content),
            named => messages(role(named), content),
        },
        _ if kind.ends_with("_call") => vec![Message::new("assistant", "").tool_call(tool_call(kind, step))],
        _ if kind.ends_with("_result") => vec![Message::new("tool", "").tool_result(tool_result(kind, step))],
        "thought" => thought(step).into_iter().collect(),
        _ => vec![Message::new(speaker, shown(step))],
    }
}

/// A thought, unless all that is shown of it is its signature.
fn thought(step: &Value) -> Option<Message> {
    let part = |part: &Value| part.as_str().unwrap_or_else(|| text(part, "text")).to_owned();
    let shown: String = as_list(get(step, &["summary"])).iter().map(part).collect();
    Some(Message::new("reasoning", shown)).filter(|message| !message.content.is_empty())
}

/// Returns the text of a content, or the kind of its media.
fn shown(content: &Value) -> String {
    let has = |name: &str| get(content, &[name]).is_string();
    if let Some(text) = content.as_str().or_else(|| content.get("text")?.as_str()) {
        return text.to_owned();
    }
    if has("data") {
        return format!("[inline data: {}]", text(content, "mime_type"));
    }
    if has("uri") {
        return file_marker(get(content, &["uri"]), get(content, &["mime_type"]));
    }
    format!("[{}]", text(content, "type"))
}

/// A call of a function, or of a tool that Google runs: `code_execution_call`.
fn tool_call(kind: &str, step: &Value) -> ToolCall {
    let arguments = get(step, &["arguments"]).clone();
    ToolCall::new(tool_name(step, kind, "_call"), arguments).id(text(step, "id")).kind(kind)
}

fn tool_result(kind: &str, step: &Value) -> ToolResult {
    let result = get(step, &["result"]);
    let texts: Option<String> = items(step, "result").iter().map(|part| get(part, &["text"]).as_str()).collect();
    let result = texts.filter(|texts| !texts.is_empty()).unwrap_or_else(|| as_text(result).into_owned());
    ToolResult::new(result).name(tool_name(step, kind, "_result")).id(text(step, "call_id")).kind(kind)
}

fn tool_name<'a>(step: &'a Value, kind: &'a str, suffix: &str) -> &'a str {
    match text(step, "name") {
        "" => kind.strip_suffix(suffix).unwrap_or(kind),
        name => name,
    }
}
