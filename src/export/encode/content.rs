//! Input and output, in one of three forms.

use serde_json::{Number, Value};

use super::details::encode_prompt;
use super::json::Writer;
use super::span_event_ref::Body;
use llmobs_model::{Content, Document, Media, MediaSource, Message, Prompt, Role, ToolCall, ToolResult};

/// Appends an input or output and, within an input, the prompt.
///
/// Shape: `{"value":"…"}`, `{"messages":[…]}` or `{"documents":[…]}`. JSON that has the form of neither is
/// its compact text in `value`; a JSON string is that string. A prompt stands beside any of them: `"prompt":{…}`.
///
/// Source: dd-trace-py 4.15 `ddtrace/llmobs/_utils.py` and `utils.py`, August 2026.
pub(super) fn encode_content(body: Option<&Body<'_>>, prompt: Option<&Prompt>, json: &mut Writer<'_>) {
    match body {
        Some(Body::Text(text)) => json.raw(r#"{"value":"#).text(text),
        Some(Body::Message(text)) => json.raw(r#"{"messages":[{"role":"","content":"#).text(text).raw("}]"),
        Some(Body::Document(text)) => json.raw(r#"{"documents":[{"text":"#).text(text).raw("}]"),
        Some(Body::Content(Content::Text(text) | Content::Json(Value::String(text)))) => {
            json.raw(r#"{"value":"#).text(text)
        }
        Some(Body::Content(Content::Json(value))) => json.raw(r#"{"value":"#).json_text(value),
        Some(Body::Content(Content::Messages(messages))) => json.raw(r#"{"messages":"#).list(messages, encode_message),
        Some(Body::Content(Content::Documents(documents))) => {
            json.raw(r#"{"documents":"#).list(documents, encode_document)
        }
        Some(Body::Content(_)) | None => json.raw("{"),
    };
    if let Some(prompt) = prompt {
        json.comma(usize::from(body.is_some()));
        encode_prompt(prompt, json);
    }
    json.raw("}");
}

/// Converts content to one text, for kinds that take no structure: JSON and lists become compact JSON.
pub(crate) fn content_text(content: Content) -> String {
    let mut out = Vec::new();
    let mut json = Writer::new(&mut out);
    match &content {
        Content::Messages(messages) => json.list(messages, encode_message),
        Content::Documents(documents) => json.list(documents, encode_document),
        Content::Json(Value::String(text)) => return text.clone(),
        // Written as a JSON string, because that writer walks without recursion: JSON of any depth must not use up the stack.
        Content::Json(value) => {
            let mut value = value.clone();
            // Another crate may enable `preserve_order` of serde_json; the text must not depend on that.
            value.sort_all_objects();
            json.json_text(&value);
            return serde_json::from_slice(&out).unwrap_or_default();
        }
        Content::Text(_) | _ => return into_text(content),
    };
    String::from_utf8(out).unwrap_or_default()
}

fn into_text(content: Content) -> String {
    match content {
        Content::Text(text) => text,
        Content::Messages(_) | Content::Documents(_) | Content::Json(_) | _ => String::new(),
    }
}

/// `{"role":"user","content":"…"}` and what else there is; a `tool_id` only counts on the role `tool`.
fn encode_message(json: &mut Writer<'_>, message: &Message) {
    json.raw(r#"{"role":"#).text(message.role.as_str());
    json.raw(r#","content":"#).text(&message.content);
    if !message.tool_calls.is_empty() {
        json.raw(r#","tool_calls":"#).list(&message.tool_calls, encode_call);
    }
    if !message.tool_results.is_empty() {
        json.raw(r#","tool_results":"#).list(&message.tool_results, encode_result);
    }
    if !message.audio_parts.is_empty() {
        json.raw(r#","audio_parts":"#).list(&message.audio_parts, encode_media);
    }
    if !message.image_parts.is_empty() {
        json.raw(r#","image_parts":"#).list(&message.image_parts, encode_media);
    }
    json.optional(r#","tool_id":"#, message.tool_id.as_deref().filter(|_| message.role == Role::Tool));
    json.raw("}");
}

/// `{"name":"…","arguments":{…},"tool_id":"…","type":"…"}`
fn encode_call(json: &mut Writer<'_>, call: &ToolCall) {
    json.raw(r#"{"name":"#).text(&call.name);
    json.raw(r#","arguments":"#).object(&call.arguments, ARGUMENTS_DEPTH);
    json.optional(r#","tool_id":"#, call.tool_id.as_deref());
    json.optional(r#","type":"#, call.kind.as_deref()).raw("}");
}

/// `{"result":"…","name":"…","tool_id":"…","type":"…"}`
fn encode_result(json: &mut Writer<'_>, result: &ToolResult) {
    json.raw(r#"{"result":"#).text(&result.result);
    json.optional(r#","name":"#, result.name.as_deref());
    json.optional(r#","tool_id":"#, result.tool_id.as_deref());
    json.optional(r#","type":"#, result.kind.as_deref()).raw("}");
}

/// `{"mime_type":"…","content":"…"}` or `{"mime_type":"…","attachment_key":"…"}`
fn encode_media(json: &mut Writer<'_>, media: &Media) {
    json.raw(r#"{"mime_type":"#).text(&media.mime_type);
    match &media.source {
        MediaSource::Base64(content) => json.raw(r#","content":"#).text(content),
        MediaSource::Attachment(key) => json.raw(r#","attachment_key":"#).text(key),
        _ => json,
    };
    json.raw("}");
}

/// `{"text":"…","name":"…","id":"…","score":0.9,"metadata":{…}}`; a score of 0 is kept, one that is not finite left
/// out.
fn encode_document(json: &mut Writer<'_>, document: &Document) {
    json.raw(r#"{"text":"#).text(&document.text);
    json.optional(r#","name":"#, document.name.as_deref());
    json.optional(r#","id":"#, document.id.as_deref());
    if let Some(score) = document.score.and_then(Number::from_f64) {
        json.raw(r#","score":"#).number(&score);
    }
    if !document.metadata.is_empty() {
        json.raw(r#","metadata":"#).object(&document.metadata, DOCUMENT_DEPTH);
    }
    json.raw("}");
}

/// `meta` is 0, then `input`, `messages`, a message, `tool_calls`, a call, `arguments`.
const ARGUMENTS_DEPTH: usize = 6;
/// `meta` is 0, then `output`, `documents`, a document, `metadata`.
const DOCUMENT_DEPTH: usize = 4;
