//! The tools of a request, and the calls that a model asks for.

use serde_json::{Value, json};

use crate::json;
use llmobs_model::{ToolCall, ToolDefinition};

/// The tools of a request of whatever API: nested below `function` or `custom`, or flat; then the deprecated `functions`.
/// Tools that the provider brings have no name, and are not defined here.
pub(super) fn definitions(request: &Value) -> Vec<ToolDefinition> {
    let tools = json::items(request, "tools").iter().chain(json::items(request, "functions"));
    tools.filter_map(definition).collect()
}

/// Reads the definition of a tool.
pub(super) fn definition(tool: &Value) -> Option<ToolDefinition> {
    let own = json::first_present(tool, &["function", "custom"]).filter(|own| own.is_object()).unwrap_or(tool);
    let name = Some(json::text(own, "name")).filter(|name| !name.is_empty())?;
    let is_deferred = |tool: &Value| tool.get("defer_loading").and_then(Value::as_bool).unwrap_or(false);
    if is_deferred(tool) || is_deferred(own) {
        return Some(ToolDefinition::new(name).description("").schema(json!({})));
    }
    let schema =
        json::first_present(own, &["parameters", "format", "input_schema"]).filter(|schema| schema.is_object());
    let schema = schema.cloned().unwrap_or_else(|| json!({}));
    Some(ToolDefinition::new(name).description(json::text(own, "description")).schema(schema))
}

/// `{"id", "type", "function": {"name", "arguments"}}`, or `custom` with an `input` of free text.
pub(super) fn call(value: &Value) -> ToolCall {
    let own = json::first_present(value, &["function", "custom"]).unwrap_or(&Value::Null);
    let kind = Some(json::text(value, "type")).filter(|kind| !kind.is_empty()).unwrap_or("function");
    named(own).id(json::text(value, "id")).kind(kind)
}

/// `{"name", "arguments"}` alone, as the deprecated `function_call`.
pub(super) fn named(own: &Value) -> ToolCall {
    let arguments = json::first_present(own, &["arguments", "input"]).cloned().unwrap_or_default();
    ToolCall::new(json::text(own, "name"), arguments)
}
