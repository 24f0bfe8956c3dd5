//! Prompt, tool definitions and links.

use serde_json::{Map, Value};

use super::span::{object, strings, text, trace_id};
use llmobs_model::{LinkEnd, Prompt, Role, SpanContext, SpanLink, Template, TemplatePart, ToolDefinition};

/// The member `prompt` of an input. What has another form is left out.
///
/// Shape: `{"id":"…","version":"…","template":"…","chat_template":[…],"variables":{},"_dd_context_variable_keys":["…"]}`.
pub(super) fn prompt(json: &Value) -> Option<Prompt> {
    let members = object(Some(json))?;
    let list = |name: &str| strings(members.get(name)).map(str::to_owned).collect();
    let mut prompt = Prompt::unnamed();
    prompt.id = text(members.get("id"));
    prompt.ml_app = text(members.get("ml_app"));
    prompt.version = text(members.get("version"));
    prompt.label = text(members.get("label"));
    let chat = members.get("chat_template").and_then(Value::as_array);
    let chat = chat.map(|parts| Template::Chat(parts.iter().filter_map(template_part).collect()));
    prompt.template = text(members.get("template")).map(Template::Text).or(chat);
    prompt.variables = object(members.get("variables")).cloned().unwrap_or_default();
    let tags = object(members.get("tags")).into_iter().flatten();
    prompt.tags = tags.filter_map(|(key, value)| Some((key.clone(), text(Some(value))?))).collect();
    prompt.rag_context_variables = list("_dd_context_variable_keys");
    prompt.rag_query_variables = list("_dd_query_variable_keys");
    prompt.prompt_uuid = text(members.get("prompt_uuid"));
    prompt.prompt_version_uuid = text(members.get("prompt_version_uuid"));
    Some(prompt)
}

fn template_part(json: &Value) -> Option<TemplatePart> {
    let members = object(Some(json))?;
    if members.get("type").and_then(Value::as_str) == Some("placeholder") {
        return Some(TemplatePart::Placeholder(text(members.get("name")).unwrap_or_default()));
    }
    let role = Role::from(text(members.get("role")).unwrap_or_default().as_str());
    Some(TemplatePart::Message { role, content: text(members.get("content")).unwrap_or_default() })
}

/// The array of tools that a model may call.
pub(super) fn tool_definitions(json: Option<&Value>) -> Vec<ToolDefinition> {
    let items = json.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_object().map(tool_definition)).collect()
}

fn tool_definition(json: &Map<String, Value>) -> ToolDefinition {
    let mut definition = ToolDefinition::new(text(json.get("name")).unwrap_or_default());
    definition.description = text(json.get("description"));
    definition.schema = object(json.get("schema")).cloned();
    definition.version = text(json.get("version"));
    definition
}

/// `span_links`, with ids as Python writes them; a link whose ids are none is left out.
pub(super) fn links(json: Option<&Value>) -> Vec<SpanLink> {
    json.and_then(Value::as_array).into_iter().flatten().filter_map(link).collect()
}

fn link(json: &Value) -> Option<SpanLink> {
    let span_id = text(json.get("span_id"))?.parse().ok()?;
    let link = SpanLink::new(&SpanContext::new(trace_id(json.get("trace_id"))?, span_id));
    let end = |name: &str, default: LinkEnd| match json.get("attributes").and_then(|all| all.get(name)?.as_str()) {
        Some("input") => LinkEnd::Input,
        Some("output") => LinkEnd::Output,
        _ => default,
    };
    let (from, to) = (end("from", link.from), end("to", link.to));
    Some(link.ends(from, to))
}
