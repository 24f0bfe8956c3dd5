//! Content of spans: conversations, documents, texts.

use std::collections::HashMap;

use llmobs_model::{Content, Document, Media, MediaSource, Message, ToolCall, ToolResult};
use maud::{Markup, html};
use serde_json::Value;

use super::figures;
use super::json_view::json;
use super::markdown::markdown;
use super::text::{STEP, head, plain, visible};
use crate::number::{count, float, whole};

/// Writes input or output; `is_output` marks the answer.
pub(crate) fn content(content: &Content, is_output: bool) -> Markup {
    match content {
        Content::Text(own) => text(own),
        Content::Json(value) => json(value),
        Content::Messages(messages) => conversation(messages, is_output),
        Content::Documents(own) => documents(own),
        // Contents of later versions are in “Raw”.
        _ => html! {},
    }
}

/// Returns how much there is, such as `3 messages`.
pub(crate) fn amount(content: &Content) -> String {
    let (number, word) = match content {
        Content::Messages(messages) if messages.len() != 1 => (messages.len(), "messages"),
        Content::Documents(documents) if documents.len() != 1 => (documents.len(), "documents"),
        Content::Text(_) | Content::Messages(_) | Content::Documents(_) | Content::Json(_) | _ => return String::new(),
    };
    format!("{} {word}", figures::exact(count(number)))
}

/// Writes a text: JSON as JSON, all else as Markdown.
fn text(own: &str) -> Markup {
    let start = own.trim_start();
    if start.starts_with(['{', '['])
        && own.len() <= STEP
        && let Ok(value) = serde_json::from_str::<Value>(own)
        && (value.is_object() || value.is_array())
    {
        return json(&value);
    }
    markdown(own)
}

fn conversation(messages: &[Message], is_output: bool) -> Markup {
    let mut results: HashMap<&str, &ToolResult> = HashMap::new();
    for result in messages.iter().flat_map(|message| &message.tool_results) {
        if let Some(id) = result.tool_id.as_deref() {
            results.insert(id, result);
        }
    }
    let called = |id: &str| {
        messages.iter().flat_map(|message| &message.tool_calls).any(|call| call.tool_id.as_deref() == Some(id))
    };
    // A result stands in the call that it answers.
    let stands_elsewhere = |message: &Message| {
        let answers = |result: &ToolResult| result.tool_id.as_deref().is_some_and(called);
        let is_repeated =
            message.content.is_empty() || message.tool_results.iter().any(|result| result.result == message.content);
        !message.tool_results.is_empty() && message.tool_results.iter().all(answers) && is_repeated
    };
    html! {
        @for message in messages.iter().filter(|message| !stands_elsewhere(message)).take(MAX_MESSAGES) {
            (self::message(message, &results, is_output))
        }
        @if messages.len() > MAX_MESSAGES { p class="faint" { "The first " (MAX_MESSAGES) " messages; all are in “Raw”." } }
    }
}

fn message(message: &Message, results: &HashMap<&str, &ToolResult>, is_output: bool) -> Markup {
    let role = if message.role.as_str().is_empty() { "–" } else { message.role.as_str() };
    let is_folded = ["system", "developer", "reasoning", "thought"].contains(&role) && message.content.len() > FOLD;
    html! {
        div class={ "msg" @if is_output { " out llm" } } {
            div class="role cut" title=(plain(role)) { (visible(role)) }
            div class="body" dir="auto" {
                @if is_folded {
                    details { summary { (figures::exact(count(message.content.chars().count()))) " characters" } (markdown(&message.content)) }
                } @else if !message.content.is_empty() { (text(&message.content)) }
                @for part in message.image_parts.iter().chain(&message.audio_parts) { (media(part)) }
                @for call in &message.tool_calls { (tool_call(call, call.tool_id.as_deref().and_then(|id| results.get(id).copied()))) }
                @for result in &message.tool_results { (tool_result(result)) }
            }
        }
    }
}

fn tool_call(call: &ToolCall, result: Option<&ToolResult>) -> Markup {
    let arguments: Vec<String> = call.arguments.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let arguments = arguments.join(", ");
    let is_long = arguments.len() > 200;
    html! {
        div class="call tool" {
            div class="h" {
                span class={ "mono" @if !is_long { " cut" } } dir="ltr" {
                    b class="kind" { (visible(&call.name)) } "(" @if is_long { "…" } @else { (visible(&arguments)) } ")"
                }
                @if let Some(id) = &call.tool_id { span class="end mono cut" title=(plain(id)) { (visible(head(id, 24))) } }
            }
            @if is_long { div class="r" { (json(&Value::Object(call.arguments.clone()))) } }
            @if let Some(result) = result { div class="r mono" { (text(&result.result)) } }
        }
    }
}

fn tool_result(result: &ToolResult) -> Markup {
    let name = result.name.as_deref().filter(|name| !name.is_empty()).unwrap_or("result");
    html! {
        div class="call tool" {
            div class="h" { span class="mono cut" { "result of " b class="kind" { (visible(name)) } } }
            div class="r mono" { (text(&result.result)) }
        }
    }
}

/// Writes what a part is; it is never loaded or decoded.
fn media(part: &Media) -> Markup {
    let what = match &part.source {
        MediaSource::Attachment(key) => format!("attachment {key}"),
        MediaSource::Base64(text) => figures::bytes(count(text.len().saturating_mul(3) / 4)),
        _ => "unknown source".to_owned(),
    };
    let kind = if part.mime_type.is_empty() { "media" } else { part.mime_type.as_str() };
    html! { span class="media" { span { (visible(kind)) " · " (visible(&what)) " · not shown" } } }
}

fn documents(documents: &[Document]) -> Markup {
    html! {
        @for document in documents.iter().take(MAX_MESSAGES) {
            div class="doc" {
                div class="score" {
                    @if let Some(score) = document.score {
                        (format!("{score:.2}"))
                        svg class="docbar" aria-hidden="true" { rect class="k" width={ (whole(score.clamp(0.0, 1.0) * float(100))) "%" } height="3" {} }
                    }
                }
                div dir="auto" {
                    @if let Some(name) = &document.name { b { bdi { (visible(name)) } } " " }
                    @if let Some(id) = &document.id { span class="faint" { bdi { (visible(id)) } } }
                    @if document.text.len() > FOLD {
                        details { summary { (visible(head(&document.text, 160))) "…" } (markdown(&document.text)) }
                    } @else { p class="soft pre" { (visible(&document.text)) } }
                    @if !document.metadata.is_empty() { (json(&Value::Object(document.metadata.clone()))) }
                }
            }
        }
    }
}

/// Characters from which an instruction is folded.
const FOLD: usize = 400;
const MAX_MESSAGES: usize = 500;
