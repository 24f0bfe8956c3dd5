//! Definitions of the tools that a model may call.

use crate::attributes::ResolvedAttributes;
use crate::convention::vercel;
use crate::format::decode;
use crate::format::json::Json;
use llmobs_model::ToolDefinition;
use serde_json::Value;

/// Returns the definitions of the first attribute that has any.
pub(crate) fn definitions(attributes: &ResolvedAttributes<'_>) -> Option<Vec<ToolDefinition>> {
    let lists = [DEFINITIONS, vercel::TOOLS, TOOLS, FUNCTIONS].into_iter().filter_map(|name| attributes.json(name));
    let flattened = [TOOLS, FUNCTIONS].into_iter().filter_map(|name| attributes.flattened_list(name));
    lists.chain(flattened).map(|json| read(&json)).find(|tools| !tools.is_empty())
}

/// Returns the definitions as they were recorded, for spans that call no model: agents declare their tools too.
pub(crate) fn recorded(attributes: &ResolvedAttributes<'_>) -> Option<Value> {
    [DEFINITIONS, vercel::TOOLS, TOOLS, FUNCTIONS].into_iter().find_map(|name| decode::member(attributes.get(name)?))
}

/// Returns whether an attribute holds no list of definitions, or a definition without a name.
pub(crate) fn has_bad_ones(attributes: &ResolvedAttributes<'_>) -> bool {
    let is_bad = |json: Json<'_>| json.as_list().is_none_or(|items| items.iter().any(|item| one(item).is_none()));
    [DEFINITIONS, vercel::TOOLS].into_iter().filter_map(|name| attributes.json(name)).any(is_bad)
}

fn read(json: &Json<'_>) -> Vec<ToolDefinition> {
    match json.as_list() {
        Some(items) => items.iter().filter_map(one).collect(),
        None => one(json).into_iter().collect(),
    }
}

/// Reads one definition, which may be serialized, or nested in a member.
fn one(json: &Json<'_>) -> Option<ToolDefinition> {
    if let Some(text) = json.as_text() {
        return one(&Json::container(text)?);
    }
    if let Some(schema) = json.get("tool.json_schema").or_else(|| json.get("tool")?.get("json_schema")) {
        return one(schema);
    }
    let inner = json.get("function").filter(|inner| inner.is_object()).unwrap_or(json);
    let kind = json.first_text(&["type"]).filter(|kind| *kind != "function");
    let mut definition = ToolDefinition::new(inner.first_text(&["name"]).or(kind)?);
    definition.description = inner.first_text(&["description"]).map(str::to_owned);
    let schema = inner.first(&["parameters", "input_schema", "inputSchema", "schema", "json_schema"]);
    let parsed = schema.and_then(Json::as_text).and_then(Json::container);
    let schema = parsed.as_ref().or(schema).filter(|schema| schema.is_object());
    definition.schema = schema.map(Json::to_map);
    Some(definition)
}

const DEFINITIONS: &str = "gen_ai.tool.definitions";
const TOOLS: &str = "llm.tools";
const FUNCTIONS: &str = "llm.request.functions";
