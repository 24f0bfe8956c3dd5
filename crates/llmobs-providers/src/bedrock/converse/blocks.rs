//! The blocks of a message of `Converse` → what the intake has: texts, calls and results in one message, thoughts before it,
//! and a message for each block that it has no member for.

use std::borrow::Cow;

use serde_json::Value;

use crate::json;
use llmobs_model::{Message, ToolCall, ToolDefinition, ToolResult};

/// The role of what a model thinks before it answers.
const REASONING: &str = "reasoning";

/// The system prompt and the messages of a request.
pub(in crate::bedrock) fn input(request: &Value) -> Vec<Message> {
    let mut messages = Vec::new();
    let system = json::items(request, "system");
    if !system.is_empty() {
        messages.extend(read("system", system));
    }
    for message in json::items(request, "messages") {
        messages.extend(read(json::text(message, "role"), json::items(message, "content")));
    }
    messages
}

/// The message of an answer; an answer that says nothing is one empty message.
pub(in crate::bedrock) fn output(body: &Value) -> Vec<Message> {
    let message = json::get(body, &["output", "message"]);
    match json::items(message, "content") {
        [] => vec![Message::new("", "")],
        blocks => read(json::text(message, "role"), blocks),
    }
}

/// Returns the citations of all blocks of a response.
pub(in crate::bedrock) fn citations(body: &Value) -> Vec<Value> {
    let blocks = json::items(json::get(body, &["output", "message"]), "content").iter();
    blocks.flat_map(|block| json::items(&block["citationsContent"], "citations")).cloned().collect()
}

/// The tools that are offered; the points where a cache may end, which stand among them, are none.
pub(in crate::bedrock) fn tools(request: &Value) -> Vec<ToolDefinition> {
    let specs = json::items(&request["toolConfig"], "tools").iter().map(|tool| &tool["toolSpec"]);
    let definition = |spec: &Value| {
        let definition = ToolDefinition::new(json::text(spec, "name")).description(json::text(spec, "description"));
        definition.schema(spec["inputSchema"].as_object().cloned().unwrap_or_default())
    };
    specs.filter(|spec| !json::text(spec, "name").is_empty()).map(definition).collect()
}

/// Reads the blocks of a message into one message, with reasoning before it and unsupported blocks after it.
fn read(role: &str, blocks: &[Value]) -> Vec<Message> {
    let mut before = Vec::new();
    let mut message = Message::new(role, "");
    let mut is_said = false;
    let mut after = Vec::new();
    for block in blocks {
        match BlockContent::of(block) {
            BlockContent::Text(text) => {
                message.content.push_str(&text);
                is_said = true;
            }
            BlockContent::Call(call) => {
                message = message.tool_call(call);
                is_said = true;
            }
            BlockContent::Result(result) => {
                message = message.tool_result(result);
                is_said = true;
            }
            BlockContent::Thought(text) => before.push(Message::new(REASONING, text)),
            BlockContent::Unsupported(kind) => after.push(Message::new(role, unsupported(kind))),
        }
    }
    if is_said || (before.is_empty() && after.is_empty()) {
        before.push(message);
    }
    before.extend(after);
    before
}

/// The content of a block.
enum BlockContent<'a> {
    Text(Cow<'a, str>),
    Call(ToolCall),
    Result(ToolResult),
    Thought(&'a str),
    /// The name of what it is.
    Unsupported(&'a str),
}

impl<'a> BlockContent<'a> {
    /// A block is an object with one member, whose name is the kind of the block.
    fn of(block: &'a Value) -> Self {
        let Some((kind, content)) = block.as_object().and_then(|block| block.iter().next()) else {
            return Self::Unsupported("");
        };
        match kind.as_str() {
            "text" => Self::text(kind, content),
            "guardContent" => Self::text(kind, json::get(content, &["text", "text"])),
            "citationsContent" => {
                let texts = json::items(content, "content").iter().map(|item| json::text(item, "text"));
                Self::Text(texts.collect())
            }
            "toolUse" => {
                let call = ToolCall::new(json::text(content, "name"), content["input"].clone());
                Self::Call(call.id(json::text(content, "toolUseId")).kind("toolUse"))
            }
            "toolResult" => {
                let result: String = json::items(content, "content").iter().map(item).collect();
                let result = ToolResult::new(result).name("");
                Self::Result(result.id(json::text(content, "toolUseId")).kind("toolResult"))
            }
            "reasoningContent" => match json::get(content, &["reasoningText", "text"]).as_str() {
                Some(text) => Self::Thought(text),
                None if content["redactedContent"].is_null() => Self::Unsupported(kind),
                None => Self::Thought("[redacted thinking]"),
            },
            _ => Self::Unsupported(kind),
        }
    }

    fn text(kind: &'a str, text: &'a Value) -> Self {
        text.as_str().map_or(Self::Unsupported(kind), |text| Self::Text(text.into()))
    }
}

/// Returns an item of a tool's result as text.
fn item(item: &Value) -> String {
    match item.as_object().and_then(|item| item.iter().next()) {
        Some((kind, Value::String(text))) if kind == "text" => text.clone(),
        Some((kind, json)) if kind == "json" => json::as_text(json).into_owned(),
        Some((kind, _)) => unsupported(kind),
        None => unsupported(""),
    }
}

fn unsupported(kind: &str) -> String {
    format!("[Unsupported content type: {kind}]")
}
