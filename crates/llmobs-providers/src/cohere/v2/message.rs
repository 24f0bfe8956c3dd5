//! Messages of the second generation.

use serde_json::Value;

use crate::cohere::usage::document;
use crate::json::{as_text, get, items, text};
use crate::media::MediaBudget;
use llmobs_model::{Message, ToolCall, ToolDefinition, ToolResult};

/// A turn. Plans and thoughts of the model come before what it says.
pub(in crate::cohere) fn turn(message: &Value, budget: &mut MediaBudget) -> Vec<Message> {
    let content = get(message, &["content"]);
    if text(message, "role") == "tool" {
        let id = text(message, "tool_call_id");
        let result =
            ToolResult::new(shown(content, &mut Message::default(), budget)).name("").id(id).kind("tool_result");
        return vec![Message::new("tool", "").tool_result(result)];
    }
    let mut said = Message::new(text(message, "role"), "");
    said.content = shown(content, &mut said, budget);
    let said = items(message, "tool_calls").iter().map(tool_call).fold(said, Message::tool_call);
    let thoughts = items(message, "content").iter().map(|part| text(part, "thinking"));
    let thoughts = [text(message, "tool_plan")].into_iter().chain(thoughts).filter(|thought| !thought.is_empty());
    thoughts.map(|thought| Message::new("reasoning", thought)).chain([said]).collect()
}

/// The text of a content: its parts one a line, but for thoughts. Pictures go to the message.
fn shown(content: &Value, message: &mut Message, budget: &mut MediaBudget) -> String {
    let Value::Array(parts) = content else { return as_text(content).into_owned() };
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match text(part, "type") {
            "thinking" => {}
            "text" => lines.push(text(part, "text").to_owned()),
            "document" => lines.push(document(get(part, &["document"]))),
            "image_url" => match budget.image_url(image_url(part)) {
                Ok(picture) => message.image_parts.push(picture),
                Err(marker) => lines.push(marker.to_owned()),
            },
            "" => lines.push(as_text(part).into_owned()),
            other => lines.push(format!("[{other}]")),
        }
    }
    lines.join("\n")
}

fn image_url(part: &Value) -> &str {
    let url = get(part, &["image_url"]);
    url.as_str().unwrap_or_else(|| text(url, "url"))
}

fn tool_call(call: &Value) -> ToolCall {
    let function = get(call, &["function"]);
    let arguments = get(function, &["arguments"]).clone();
    ToolCall::new(text(function, "name"), arguments).id(text(call, "id")).kind("function")
}

/// A tool as OpenAI has it, or as the first generation had.
pub(in crate::cohere) fn tool_definition(tool: &Value) -> ToolDefinition {
    let function = if tool.get("function").is_some() { get(tool, &["function"]) } else { tool };
    let schema = ["parameters", "parameter_definitions"].into_iter().find_map(|name| function.get(name));
    let definition = ToolDefinition::new(text(function, "name")).description(text(function, "description"));
    definition.schema(schema.cloned().unwrap_or_default())
}
