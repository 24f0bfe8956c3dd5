//! Every text of a span in one walk, for processors that must not miss any.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::content::Content;
use super::document::Document;
use super::message::{Media, MediaSource, Message, Role};
use super::prompt::{Prompt, Template, TemplatePart};
use super::span_context::AgentAttribution;
use super::span_error::SpanError;
use super::span_event::SpanEvent;
use super::tool::{ToolCall, ToolDefinition, ToolResult};

/// A function that may change a text.
type Rewrite<'a> = &'a mut dyn FnMut(&mut String);

impl SpanEvent {
    /// Calls `rewrite` with every text that leaves the process, including keys of metadata, metrics and tags.
    ///
    /// The order is not fixed. Where two keys become the same, one of the values is lost. A number inside JSON is passed as
    /// text, and becomes text if `rewrite` changes it. Ids, kind, status, times, the values of metrics and the scores of
    /// documents are not passed.
    ///
    /// # Example
    ///
    /// ```
    /// use llmobs_model::{Content, SpanEvent, SpanId, SpanKind, TraceId};
    ///
    /// let mut event = SpanEvent::new(SpanId::MIN, TraceId::new(9), SpanKind::Task, "ask anna");
    /// event.input = Some(Content::from("I am anna."));
    /// event.rewrite_texts(|text| *text = text.replace("anna", "[name]"));
    /// assert_eq!((event.name.as_str(), event.input), ("ask [name]", Some(Content::from("I am [name]."))));
    /// ```
    #[expect(clippy::too_many_lines, reason = "half of the lines destructure the span")]
    pub fn rewrite_texts(&mut self, mut rewrite: impl FnMut(&mut String)) {
        let rewrite: Rewrite<'_> = &mut rewrite;
        // Destructured in full, so that a new field does not compile until it is handled here.
        let Self {
            span_id: _,
            trace_id: _,
            parent_id: _,
            name,
            kind: _,
            start_ns: _,
            duration_ns: _,
            status: _,
            error,
            model_name,
            model_provider,
            input,
            output,
            prompt,
            tool_definitions,
            tool_version,
            intent,
            cost_tags,
            agent_manifest,
            links: _,
            metadata,
            metrics,
            tags,
            session_id,
            agent_attribution,
            apm_trace_id: _,
            sampling: _,
            collection_errors,
        } = self;
        rewrite(name);
        if let Some(SpanError { error_type, message, stack }) = error {
            [error_type, message, stack].into_iter().for_each(&mut *rewrite);
        }
        let texts = [model_name, model_provider, tool_version, intent, session_id];
        texts.into_iter().flatten().for_each(&mut *rewrite);
        [input, output].into_iter().flatten().for_each(|content| in_content(content, rewrite));
        if let Some(prompt) = prompt {
            in_prompt(prompt, rewrite);
        }
        for tool in tool_definitions {
            in_tool(tool, rewrite);
        }
        for key in cost_tags {
            in_cow(key, rewrite);
        }
        if let Some(manifest) = agent_manifest {
            in_members(manifest.members_mut(), rewrite);
        }
        in_members(metadata, rewrite);
        metrics.rewrite_names(rewrite);
        tags.rewrite(rewrite);
        if let Some(AgentAttribution { name: Some(name), span_id: _ }) = agent_attribution {
            in_shared(name, rewrite);
        }
        collection_errors.iter_mut().for_each(rewrite);
    }
}

/// Rewrites a copy of a text; `None` when it stays as it is.
pub(crate) fn changed(text: &str, rewrite: Rewrite<'_>) -> Option<String> {
    let mut own = text.to_owned();
    rewrite(&mut own);
    (own != text).then_some(own)
}

/// Rewrites a text that may be borrowed.
pub(crate) fn in_cow(text: &mut Cow<'static, str>, rewrite: Rewrite<'_>) {
    if let Some(own) = changed(text, rewrite) {
        *text = Cow::Owned(own);
    }
}

fn in_shared(text: &mut Arc<str>, rewrite: Rewrite<'_>) {
    if let Some(own) = changed(text, rewrite) {
        *text = own.into();
    }
}

fn in_content(content: &mut Content, rewrite: Rewrite<'_>) {
    match content {
        Content::Text(text) => rewrite(text),
        Content::Messages(messages) => messages.iter_mut().for_each(|message| in_message(message, rewrite)),
        Content::Documents(documents) => {
            for Document { text, name, id, score: _, metadata } in documents {
                rewrite(text);
                [name, id].into_iter().flatten().for_each(&mut *rewrite);
                in_members(metadata, rewrite);
            }
        }
        Content::Json(value) => in_json(value, rewrite),
    }
}

fn in_message(message: &mut Message, rewrite: Rewrite<'_>) {
    let Message { role, content, tool_calls, tool_results, audio_parts, image_parts, tool_id } = message;
    in_role(role, rewrite);
    rewrite(content);
    for ToolCall { name, arguments, tool_id, kind } in tool_calls {
        rewrite(name);
        in_members(arguments, rewrite);
        [tool_id, kind].into_iter().flatten().for_each(&mut *rewrite);
    }
    for ToolResult { result, name, tool_id, kind } in tool_results {
        rewrite(result);
        [name, tool_id, kind].into_iter().flatten().for_each(&mut *rewrite);
    }
    for Media { mime_type, source } in audio_parts.iter_mut().chain(image_parts) {
        rewrite(mime_type);
        let (MediaSource::Base64(text) | MediaSource::Attachment(text)) = source;
        rewrite(text);
    }
    tool_id.iter_mut().for_each(rewrite);
}

fn in_prompt(prompt: &mut Prompt, rewrite: Rewrite<'_>) {
    let Prompt {
        id,
        ml_app,
        version,
        label,
        template,
        variables,
        tags,
        rag_context_variables,
        rag_query_variables,
        prompt_uuid,
        prompt_version_uuid,
        without_defaults: _,
    } = prompt;
    let texts = [id, ml_app, version, label, prompt_uuid, prompt_version_uuid];
    texts.into_iter().flatten().for_each(&mut *rewrite);
    match template {
        Some(Template::Text(text)) => rewrite(text),
        Some(Template::Chat(parts)) => {
            for part in parts {
                in_part(part, rewrite);
            }
        }
        None => {}
    }
    in_members(variables, rewrite);
    tags.rewrite(rewrite);
    rag_context_variables.iter_mut().chain(rag_query_variables).for_each(rewrite);
}

fn in_tool(tool: &mut ToolDefinition, rewrite: Rewrite<'_>) {
    let ToolDefinition { name, description, schema, version } = tool;
    rewrite(name);
    [description, version].into_iter().flatten().for_each(&mut *rewrite);
    if let Some(schema) = schema {
        in_members(schema, rewrite);
    }
}

fn in_part(part: &mut TemplatePart, rewrite: Rewrite<'_>) {
    match part {
        TemplatePart::Message { role, content } => {
            in_role(role, rewrite);
            rewrite(content);
        }
        TemplatePart::Placeholder(name) => rewrite(name),
    }
}

fn in_role(role: &mut Role, rewrite: Rewrite<'_>) {
    if let Some(other) = changed(role.as_str(), rewrite) {
        *role = Role::from(other.as_str());
    }
}

pub(crate) fn in_members(members: &mut Map<String, Value>, rewrite: Rewrite<'_>) {
    rename(members, rewrite);
    members.values_mut().for_each(|value| in_json(value, rewrite));
}

/// Rewrites the texts of a value without recursion: it may be deep.
fn in_json(value: &mut Value, rewrite: Rewrite<'_>) {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                if let Some(text) = changed(&number.to_string(), rewrite) {
                    *value = Value::String(text);
                }
            }
            Value::String(text) => rewrite(text),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                rename(members, rewrite);
                open.extend(members.values_mut());
            }
        }
    }
}

/// Rewrites the keys of a map, which is built anew for that.
fn rename(members: &mut Map<String, Value>, rewrite: Rewrite<'_>) {
    *members = std::mem::take(members)
        .into_iter()
        .map(|(mut key, value)| {
            rewrite(&mut key);
            (key, value)
        })
        .collect();
}
