//! Prompt, tools, links, and the intake's part of the metadata.

use super::json::Writer;
use crate::model::{Prompt, RESERVED, SpanEvent, SpanLink, Template, TemplatePart, ToolDefinition};

/// Appends the member of an input.
///
/// Shape: `"prompt":{"id":"…","ml_app":"…","version":"…","label":"…","template":"…","variables":{},"tags":{},
/// "_dd_context_variable_keys":["…"],"_dd_query_variable_keys":["…"],"prompt_uuid":"…","prompt_version_uuid":"…"}`, or
/// `chat_template`, an array, instead of `template`.
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_utils.py` (`_validate_prompt`), August 2026.
pub(super) fn encode_prompt(prompt: &Prompt, json: &mut Writer<'_>) {
    json.raw(r#""prompt":{"id":"#).text(prompt.id.as_deref().unwrap_or_default());
    json.optional(r#","ml_app":"#, prompt.ml_app.as_deref());
    json.optional(r#","version":"#, prompt.version.as_deref());
    json.optional(r#","label":"#, prompt.label.as_deref());
    match &prompt.template {
        Some(Template::Text(text)) => json.raw(r#","template":"#).text(text),
        Some(Template::Chat(parts)) => json.raw(r#","chat_template":"#).list(parts, encode_part),
        None => json,
    };
    if !prompt.variables.is_empty() {
        json.raw(r#","variables":"#).object(&prompt.variables, VARIABLES_DEPTH);
    }
    if !prompt.tags.is_empty() {
        json.raw(r#","tags":{"#);
        for (index, (key, value)) in prompt.tags.iter().enumerate() {
            json.comma(index).text(key).raw(":").text(value);
        }
        json.raw("}");
    }
    for (name, keys) in [
        (r#","_dd_context_variable_keys":"#, &prompt.rag_context_variables),
        (r#","_dd_query_variable_keys":"#, &prompt.rag_query_variables),
    ] {
        if !keys.is_empty() {
            json.raw(name).list(keys, |json, key| {
                json.text(key);
            });
        }
    }
    json.optional(r#","prompt_uuid":"#, prompt.prompt_uuid.as_deref());
    json.optional(r#","prompt_version_uuid":"#, prompt.prompt_version_uuid.as_deref()).raw("}");
}

/// `{"role":"…","content":"…"}` or `{"type":"placeholder","name":"…"}`
fn encode_part(json: &mut Writer<'_>, part: &TemplatePart) {
    match part {
        TemplatePart::Message { role, content } => {
            json.raw(r#"{"role":"#).text(role.as_str()).raw(r#","content":"#).text(content)
        }
        TemplatePart::Placeholder(name) => json.raw(r#"{"type":"placeholder","name":"#).text(name),
    };
    json.raw("}");
}

/// Appends what the user said, without what he wrote into the intake's part, and then that part.
///
/// Shape: `,"metadata":{"temperature":0.2,"_dd":{"cost_tags":["team"],"agent_manifest":{…}}}`.
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_llmobs.py`, August 2026.
pub(super) fn encode_metadata(event: &SpanEvent, json: &mut Writer<'_>) {
    json.raw(r#","metadata":{"#);
    let mut written = 0_usize;
    for (name, value) in event.metadata.iter().filter(|(name, _)| *name != RESERVED) {
        json.comma(written).text(name).raw(":").value(value, METADATA_DEPTH.saturating_add(1));
        written = written.saturating_add(1);
    }
    let manifest = event.agent_manifest.as_ref().filter(|manifest| !manifest.members().is_empty());
    if !event.cost_tags.is_empty() || manifest.is_some() {
        json.comma(written).raw(r#""_dd":{"#);
        if !event.cost_tags.is_empty() {
            json.raw(r#""cost_tags":"#).list(&event.cost_tags, |json, key| {
                json.text(key);
            });
        }
        if let Some(manifest) = manifest {
            json.comma(event.cost_tags.len()).raw(r#""agent_manifest":"#);
            json.object(manifest.members(), METADATA_DEPTH.saturating_add(2));
        }
        json.raw("}");
    }
    json.raw("}");
}

/// Appends `,"tool_definitions":[…]` and `,"tool":{"version":"…"}`, whichever there is.
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_llmobs.py` and `utils.py` (`extract_tool_definitions`), August 2026.
pub(super) fn encode_tools(event: &SpanEvent, json: &mut Writer<'_>) {
    if !event.tool_definitions.is_empty() {
        json.raw(r#","tool_definitions":"#).list(&event.tool_definitions, encode_definition);
    }
    if let Some(version) = &event.tool_version {
        json.raw(r#","tool":{"version":"#).text(version).raw("}");
    }
}

/// `{"name":"…","description":"…","schema":{…},"version":"…"}`
fn encode_definition(json: &mut Writer<'_>, definition: &ToolDefinition) {
    json.raw(r#"{"name":"#).text(&definition.name);
    json.optional(r#","description":"#, definition.description.as_deref());
    if let Some(schema) = &definition.schema {
        json.raw(r#","schema":"#).object(schema, SCHEMA_DEPTH);
    }
    json.optional(r#","version":"#, definition.version.as_deref()).raw("}");
}

/// `{"span_id":"7","trace_id":"6a87…","attributes":{"from":"output","to":"input"}}`
///
/// Source: dd-trace-py 4.16 `ddtrace/llmobs/_utils.py` (`add_span_link`), August 2026; go writes other ids.
pub(super) fn encode_link(json: &mut Writer<'_>, link: &SpanLink) {
    json.raw(r#"{"span_id":""#).integer(link.span_id.as_u64());
    json.raw(r#"","trace_id":"#).trace_id(&link.trace_id);
    json.raw(r#","attributes":{"from":""#).raw(link.from.as_str());
    json.raw(r#"","to":""#).raw(link.to.as_str()).raw(r#""}}"#);
}

/// `meta` is 0.
const METADATA_DEPTH: usize = 1;
/// `meta` is 0, then `input`, `prompt`, `variables`.
const VARIABLES_DEPTH: usize = 3;
/// `meta` is 0, then `tool_definitions`, a definition, `schema`.
const SCHEMA_DEPTH: usize = 3;
