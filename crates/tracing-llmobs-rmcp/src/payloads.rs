//! Inputs and outputs of spans. Pictures, sounds and files are replaced by a name: as text they tell a reader nothing, and
//! megabytes of them would cost the span all of its content.
//!
//! Payloads are copied on the application's thread and serialized on the exporter's.

use rmcp::model::{
    AudioContent, CallToolResult, ContentBlock, EmbeddedResource, GetPromptResult, ImageContent, JsonObject,
    ListToolsResult, PromptMessage, ReadResourceResult, ResourceContents, ServerResult, TextContent,
};
use serde::Serialize;
use serde_json::{Value, json};
use tracing_llmobs::observe::DeferredAnnotation;
use tracing_llmobs::{Annotation, Content, SpanError};

/// Returns an input that is made of `value` later. `bytes` estimates what the value holds.
pub(crate) fn deferred_input<T>(
    bytes: usize,
    value: T,
    to_json: impl FnOnce(T) -> Value + Send + 'static,
) -> DeferredAnnotation
where
    T: Send + 'static,
{
    DeferredAnnotation::new(bytes, move || Annotation::new().input(Content::Json(to_json(value))))
}

/// Returns an output that is made of `value` later. `bytes` estimates what the value holds.
pub(crate) fn deferred_output<T>(
    bytes: usize,
    value: T,
    to_json: impl FnOnce(T) -> Value + Send + 'static,
) -> DeferredAnnotation
where
    T: Send + 'static,
{
    DeferredAnnotation::new(bytes, move || Annotation::new().output(Content::Json(to_json(value))))
}

/// Returns the output of a small response, which is recorded as it is.
pub(crate) fn small_output<T: Serialize + Clone + Send + 'static>(response: &T) -> DeferredAnnotation {
    deferred_output(SMALL, response.clone(), to_json)
}

pub(crate) fn to_json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// Returns the output of a tool call in its client: the texts, as in Datadog's Python SDK, or `structuredContent` where
/// there are none.
///
/// Shape: `{"content":[{"type":"text","text":"…","annotations":{},"meta":{}}],"isError":false}`.
pub(crate) fn tool_texts(result: &CallToolResult) -> DeferredAnnotation {
    let texts: Vec<TextContent> = result.content.iter().filter_map(ContentBlock::as_text).cloned().collect();
    let structured = result.structured_content.clone().filter(|_| texts.is_empty());
    let bytes = sum(&texts, |text| text.text.len()).saturating_add(structured.as_ref().map_or(0, json_bytes));
    let is_error = result.is_error.unwrap_or_default();
    let output = deferred_output(bytes, (texts, structured), move |(texts, structured)| {
        let item = |text: TextContent| {
            let (annotations, meta) =
                (text.annotations.map_or_else(|| json!({}), to_json), text.meta.unwrap_or_default());
            json!({"type": "text", "text": text.text, "annotations": annotations, "meta": meta})
        };
        let content: Vec<Value> = texts.into_iter().map(item).collect();
        match structured {
            Some(structured) => json!({"content": content, "isError": is_error, "structuredContent": structured}),
            None => json!({"content": content, "isError": is_error}),
        }
    });
    with_tool_error(output, result)
}

/// Returns the output of a response of any kind, as its server records it.
pub(crate) fn server_result(result: &ServerResult) -> DeferredAnnotation {
    match result {
        ServerResult::CallToolResult(result) => tool_result(result),
        ServerResult::ReadResourceResult(result) => resources(result),
        ServerResult::GetPromptResult(result) => prompt(result),
        other => small_output(other),
    }
}

/// Returns the output of a tool call in its server: all content blocks.
pub(crate) fn tool_result(result: &CallToolResult) -> DeferredAnnotation {
    let bytes =
        sum(&result.content, block_bytes).saturating_add(result.structured_content.as_ref().map_or(0, json_bytes));
    let mut shown = CallToolResult::success(result.content.iter().map(block).collect());
    shown.result_type.clone_from(&result.result_type);
    shown.structured_content.clone_from(&result.structured_content);
    shown.is_error = result.is_error;
    shown.meta.clone_from(&result.meta);
    with_tool_error(deferred_output(bytes, shown, to_json), result)
}

pub(crate) fn tool_list(listed: &ListToolsResult) -> DeferredAnnotation {
    let bytes = sum(&listed.tools, |tool| {
        let schema = tool.input_schema.values().fold(0_usize, |sum, value| sum.saturating_add(json_bytes(value)));
        schema.saturating_add(tool.description.as_ref().map_or(0, |text| text.len())).saturating_add(tool.name.len())
    });
    deferred_output(bytes, listed.clone(), to_json)
}

pub(crate) fn resources(result: &ReadResourceResult) -> DeferredAnnotation {
    let mut shown = ReadResourceResult::new(result.contents.iter().map(resource).collect());
    shown.result_type.clone_from(&result.result_type);
    shown.meta.clone_from(&result.meta);
    deferred_output(sum(&shown.contents, resource_bytes), shown, to_json)
}

pub(crate) fn prompt(result: &GetPromptResult) -> DeferredAnnotation {
    let message = |message: &PromptMessage| PromptMessage::new(message.role.clone(), block(&message.content));
    let mut shown = GetPromptResult::new(result.messages.iter().map(message).collect());
    shown.result_type.clone_from(&result.result_type);
    shown.description.clone_from(&result.description);
    shown.meta.clone_from(&result.meta);
    deferred_output(sum(&shown.messages, |message| block_bytes(&message.content)), shown, to_json)
}

/// Maps `isError: true` of a tool's result to an error of the span.
fn with_tool_error(output: DeferredAnnotation, result: &CallToolResult) -> DeferredAnnotation {
    if result.is_error != Some(true) {
        return output;
    }
    let text = result.content.iter().find_map(ContentBlock::as_text).map(|text| text.text.as_str());
    let error = SpanError::new(text.unwrap_or_default()).error_type(TOOL_ERROR);
    output.map(|annotation| annotation.span_error(error))
}

/// Returns a copy of a content block without its bytes.
pub(crate) fn block(block: &ContentBlock) -> ContentBlock {
    match block {
        ContentBlock::Image(content) => ContentBlock::Image(image(content)),
        ContentBlock::Audio(content) => ContentBlock::Audio(audio(content)),
        ContentBlock::Resource(embedded) => ContentBlock::Resource(EmbeddedResource::new(resource(&embedded.resource))),
        other => other.clone(),
    }
}

/// Estimates what the copy of a content block holds.
pub(crate) fn block_bytes(block: &ContentBlock) -> usize {
    match block {
        ContentBlock::Text(text) => text.text.len(),
        ContentBlock::Resource(embedded) => resource_bytes(&embedded.resource),
        _ => SMALL,
    }
}

pub(crate) fn image(image: &ImageContent) -> ImageContent {
    ImageContent::new(IMAGE, &*image.mime_type)
}

pub(crate) fn audio(audio: &AudioContent) -> AudioContent {
    AudioContent::new(AUDIO, &*audio.mime_type)
}

fn resource(contents: &ResourceContents) -> ResourceContents {
    match contents {
        ResourceContents::BlobResourceContents { uri, mime_type, .. } => {
            let (uri, mime_type) = (uri.clone(), mime_type.clone());
            ResourceContents::BlobResourceContents { uri, mime_type, blob: FILE.to_owned(), meta: None }
        }
        other => other.clone(),
    }
}

fn resource_bytes(contents: &ResourceContents) -> usize {
    match contents {
        ResourceContents::TextResourceContents { text, uri, .. } => text.len().saturating_add(uri.len()),
        _ => SMALL,
    }
}

pub(crate) fn sum<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    items.iter().fold(SMALL, |total, item| total.saturating_add(bytes(item)))
}

/// Estimates what the members of an object hold.
pub(crate) fn members_bytes(members: &JsonObject) -> usize {
    members.iter().fold(SMALL, |sum, (key, value)| sum.saturating_add(key.len()).saturating_add(json_bytes(value)))
}

/// Estimates what a value holds: its texts, and a constant for each of its nodes.
fn json_bytes(value: &Value) -> usize {
    const NODE: usize = 32;
    let mut total = 0_usize;
    // A stack instead of recursion: arguments come from outside and may be nested deeply.
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        total = total.saturating_add(NODE);
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => total = total.saturating_add(text.len()),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                total = members.keys().fold(total, |sum, key| sum.saturating_add(key.len()));
                open.extend(members.values());
            }
        }
    }
    total
}

/// The estimate for a payload without content.
pub(crate) const SMALL: usize = 256;
pub(crate) const IMAGE: &str = "[image]";
pub(crate) const AUDIO: &str = "[audio]";
const FILE: &str = "[file]";
const TOOL_ERROR: &str = "ToolError";
