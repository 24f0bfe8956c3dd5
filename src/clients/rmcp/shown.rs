//! What is shown of answers: pictures, sounds and files are named, since as text they are no use to a reader, and megabytes of
//! them would cost the span all of its content.
//!
//! What is read later is what of an answer belongs to us: copied on the application's thread, made JSON on the worker's.

use rmcp::model::{
    AudioContent, CallToolResult, ContentBlock, EmbeddedResource, GetPromptResult, ImageContent, ListToolsResult,
    PromptMessage, ReadResourceResult, ResourceContents, ServerResult, TextContent,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::recording::RecordedAnnotation;
use llmobs_model::{Annotation, Content, SpanError, retained_json_bytes};

/// What goes in, made of this value later. `bytes` is about what the value holds.
pub(super) fn input<T>(bytes: usize, of: T, show: impl FnOnce(T) -> Value + Send + 'static) -> RecordedAnnotation
where
    T: Send + 'static,
{
    RecordedAnnotation::deferred(bytes, move || Annotation::new().input(Content::Json(show(of))))
}

/// What comes out, likewise.
pub(super) fn output<T>(bytes: usize, of: T, show: impl FnOnce(T) -> Value + Send + 'static) -> RecordedAnnotation
where
    T: Send + 'static,
{
    RecordedAnnotation::deferred(bytes, move || Annotation::new().output(Content::Json(show(of))))
}

/// What comes out, as it is: little, and no content of which a part is better left out.
pub(super) fn small<T: Serialize + Clone + Send + 'static>(of: &T) -> RecordedAnnotation {
    output(SMALL, of.clone(), to_json)
}

pub(super) fn to_json(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// What a tool gave back, as a client sees it; one that says so has failed.
///
/// Shape: `{"content":[{"type":"text","text":"…","annotations":{},"meta":{}}],"isError":false}`: texts only, as in the Python SDK,
/// and `structuredContent` where there is no text.
pub(super) fn texts(result: &CallToolResult) -> RecordedAnnotation {
    let texts: Vec<TextContent> = result.content.iter().filter_map(ContentBlock::as_text).cloned().collect();
    let structured = result.structured_content.clone().filter(|_| texts.is_empty());
    let bytes = sum(&texts, |text| text.text.len()).saturating_add(structured.as_ref().map_or(0, retained_json_bytes));
    let is_error = result.is_error.unwrap_or_default();
    let said = output(bytes, (texts, structured), move |(texts, structured)| {
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
    with_error(said, result)
}

/// The whole answer of a server.
pub(super) fn whole(result: &ServerResult) -> RecordedAnnotation {
    match result {
        ServerResult::CallToolResult(result) => called(result),
        ServerResult::ReadResourceResult(result) => resources(result),
        ServerResult::GetPromptResult(result) => prompt(result),
        other => small(other),
    }
}

/// All that a tool gave back, as its server sees it.
pub(super) fn called(result: &CallToolResult) -> RecordedAnnotation {
    with_error(output(call_bytes(result), call(result), to_json), result)
}

pub(super) fn tools(listed: &ListToolsResult) -> RecordedAnnotation {
    let bytes = sum(&listed.tools, |tool| {
        let schema =
            tool.input_schema.values().fold(0_usize, |sum, value| sum.saturating_add(retained_json_bytes(value)));
        schema.saturating_add(tool.description.as_ref().map_or(0, |text| text.len())).saturating_add(tool.name.len())
    });
    output(bytes, listed.clone(), to_json)
}

pub(super) fn resources(result: &ReadResourceResult) -> RecordedAnnotation {
    let mut shown = ReadResourceResult::new(result.contents.iter().map(resource).collect());
    shown.result_type.clone_from(&result.result_type);
    shown.meta.clone_from(&result.meta);
    output(sum(&shown.contents, resource_bytes), shown, to_json)
}

pub(super) fn prompt(result: &GetPromptResult) -> RecordedAnnotation {
    let message = |message: &PromptMessage| PromptMessage::new(message.role.clone(), block(&message.content));
    let mut shown = GetPromptResult::new(result.messages.iter().map(message).collect());
    shown.result_type.clone_from(&result.result_type);
    shown.description.clone_from(&result.description);
    shown.meta.clone_from(&result.meta);
    output(sum(&shown.messages, |message| block_bytes(&message.content)), shown, to_json)
}

/// A tool that says it failed did.
fn with_error(said: RecordedAnnotation, result: &CallToolResult) -> RecordedAnnotation {
    if result.is_error != Some(true) {
        return said;
    }
    let text = result.content.iter().find_map(ContentBlock::as_text).map(|text| text.text.as_str());
    said.span_error(SpanError::new(text.unwrap_or_default()).error_type(TOOL_ERROR))
}

fn call(result: &CallToolResult) -> CallToolResult {
    let mut shown = CallToolResult::success(result.content.iter().map(block).collect());
    shown.result_type.clone_from(&result.result_type);
    shown.structured_content.clone_from(&result.structured_content);
    shown.is_error = result.is_error;
    shown.meta.clone_from(&result.meta);
    shown
}

fn call_bytes(result: &CallToolResult) -> usize {
    sum(&result.content, block_bytes).saturating_add(result.structured_content.as_ref().map_or(0, retained_json_bytes))
}

/// A block without its bytes.
pub(super) fn block(block: &ContentBlock) -> ContentBlock {
    match block {
        ContentBlock::Image(one) => ContentBlock::Image(image(one)),
        ContentBlock::Audio(one) => ContentBlock::Audio(audio(one)),
        ContentBlock::Resource(embedded) => ContentBlock::Resource(EmbeddedResource::new(resource(&embedded.resource))),
        other => other.clone(),
    }
}

/// About what a block without its bytes holds.
pub(super) fn block_bytes(block: &ContentBlock) -> usize {
    match block {
        ContentBlock::Text(text) => text.text.len(),
        ContentBlock::Resource(embedded) => resource_bytes(&embedded.resource),
        _ => SMALL,
    }
}

pub(super) fn image(image: &ImageContent) -> ImageContent {
    ImageContent::new(IMAGE, &*image.mime_type)
}

pub(super) fn audio(audio: &AudioContent) -> AudioContent {
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

pub(super) fn sum<T>(items: &[T], bytes: impl Fn(&T) -> usize) -> usize {
    items.iter().fold(SMALL, |total, item| total.saturating_add(bytes(item)))
}

/// About what an answer holds that has no content.
pub(super) const SMALL: usize = 256;
pub(super) const IMAGE: &str = "[image]";
pub(super) const AUDIO: &str = "[audio]";
const FILE: &str = "[file]";
const TOOL_ERROR: &str = "ToolError";
