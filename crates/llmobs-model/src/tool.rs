//! What a model asks tools to do and what they answer.

use serde_json::{Map, Value};

use super::content::retained_json_bytes;
use super::depth;

/// A call of a tool that a model asks for.
///
/// On the wire `{"name":"…","arguments":{…},"tool_id":"…","type":"function"}`.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use tracing_llmobs::ToolCall;
///
/// let call = ToolCall::new("get_weather", json!({"city": "Paris"})).id("call_1");
/// // Providers send the arguments as text; that works too.
/// assert_eq!(call, ToolCall::new("get_weather", r#"{"city":"Paris"}"#).id("call_1"));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// The arguments by name.
    pub arguments: Map<String, Value>,
    /// The id that the result refers to.
    pub tool_id: Option<String>,
    /// For example `function`; on the wire `type`.
    pub kind: Option<String>,
}

impl ToolCall {
    /// A call of the tool `name`.
    ///
    /// The intake wants an object of arguments: a text that holds a JSON object is read as that object,
    /// null is no arguments, and anything else becomes `{"value": …}`.
    pub fn new(name: impl Into<String>, arguments: impl Into<Value>) -> Self {
        Self { name: name.into(), arguments: as_object(arguments.into()), tool_id: None, kind: None }
    }

    /// Sets the id that the result refers to.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.tool_id = Some(id.into());
        self
    }

    /// Sets the kind, for example `function`; on the wire `type`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Whether the arguments are not nested too deep; those that are, are taken out.
    pub(super) fn has_no_deep_arguments(&mut self) -> bool {
        let arguments = depth::unless_deep(Value::Object(std::mem::take(&mut self.arguments)));
        let Some(Value::Object(arguments)) = arguments else { return false };
        self.arguments = arguments;
        true
    }

    pub(super) fn text_bytes(&self) -> usize {
        let arguments = self.arguments.iter().fold(0_usize, |sum, (key, value)| {
            sum.saturating_add(key.len()).saturating_add(retained_json_bytes(value))
        });
        self.name.len().saturating_add(arguments).saturating_add(optional(self.tool_id.as_ref()))
    }
}

/// What a tool answered.
///
/// On the wire `{"result":"…","name":"…","tool_id":"…","type":"…"}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ToolResult {
    /// The answer as text.
    pub result: String,
    /// The tool's name.
    pub name: Option<String>,
    /// The id of the call it answers.
    pub tool_id: Option<String>,
    /// On the wire `type`.
    pub kind: Option<String>,
}

impl ToolResult {
    /// A result; JSON is passed as its text.
    pub fn new(result: impl Into<String>) -> Self {
        Self { result: result.into(), ..Self::default() }
    }

    /// Sets the tool's name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the id of the call it answers.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.tool_id = Some(id.into());
        self
    }

    /// Sets the kind, for example `tool_result`; on the wire `type`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    pub(super) fn text_bytes(&self) -> usize {
        self.result.len().saturating_add(optional(self.name.as_ref())).saturating_add(optional(self.tool_id.as_ref()))
    }
}

/// A tool that a model may call.
///
/// On the wire `{"name":"…","description":"…","schema":{…},"version":"…"}` in `meta.tool_definitions` of an `llm` span.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use tracing_llmobs::{Annotation, ToolDefinition};
///
/// let tool = ToolDefinition::new("get_weather")
///     .description("Weather of a city")
///     .schema(json!({"type": "object", "properties": {"city": {"type": "string"}}}))
///     .version("2");
/// let annotation = Annotation::new().tool_definitions([tool]);
/// # let _ = annotation;
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ToolDefinition {
    /// The tool's name; a definition without one is left out and counted.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// The JSON schema of its arguments.
    pub schema: Option<Map<String, Value>>,
    /// Its version; a `tool` span of that name that the model's call leads to gets it.
    pub version: Option<String>,
}

impl ToolDefinition {
    /// The tool of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets what it does.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the JSON schema of its arguments; what is no object is left out.
    pub fn schema(mut self, schema: impl Into<Value>) -> Self {
        self.schema = match schema.into() {
            Value::Object(schema) => Some(schema),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
        self
    }

    /// Sets its version.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    pub(super) fn text_bytes(&self) -> usize {
        let members = self.schema.iter().flatten();
        let schema = members.fold(0_usize, |sum, (key, value)| {
            sum.saturating_add(key.len()).saturating_add(retained_json_bytes(value))
        });
        let texts = optional(self.description.as_ref()).saturating_add(optional(self.version.as_ref()));
        self.name.len().saturating_add(schema).saturating_add(texts)
    }
}

fn as_object(arguments: Value) -> Map<String, Value> {
    match arguments {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(members)) => members,
            _ if text.trim().is_empty() => Map::new(),
            _ => Map::from_iter([("value".to_owned(), Value::String(text))]),
        },
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_)) => Map::from_iter([("value".to_owned(), other)]),
    }
}

fn optional(text: Option<&String>) -> usize {
    text.map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_are_always_an_object() {
        for (given, kept) in [
            (json!({"a": 1}), json!({"a": 1})),
            (json!(r#"{"a": 1}"#), json!({"a": 1})),
            (json!(null), json!({})),
            (json!(""), json!({})),
            (json!("not json"), json!({"value": "not json"})),
            (json!([1, 2]), json!({"value": [1, 2]})),
        ] {
            assert_eq!(Value::Object(ToolCall::new("t", given.clone()).arguments), kept, "{given}");
        }
    }
}
