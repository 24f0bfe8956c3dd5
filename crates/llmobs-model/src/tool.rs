//! Tools: definitions for a model, the calls it asks for, and their results.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json_limits;
use super::json_size::{retained_members_bytes, text_bytes, texts_bytes};
use super::wire;

/// A tool call that a model asks for.
///
/// On the wire `{"name":"…","arguments":{…},"tool_id":"…","type":"function"}`.
///
/// # Example
///
/// ```
/// use llmobs_model::ToolCall;
/// use serde_json::json;
///
/// let call = ToolCall::new("get_weather", json!({"city": "Paris"})).id("call_1");
/// // Providers send the arguments as text; that works too.
/// assert_eq!(call, ToolCall::new("get_weather", r#"{"city":"Paris"}"#).id("call_1"));
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ToolCall {
    /// The name of the tool.
    #[serde(deserialize_with = "wire::text")]
    pub name: String,
    /// The arguments by name.
    #[serde(deserialize_with = "wire::object", serialize_with = "wire::object_at::<ARGUMENTS_DEPTH, _>")]
    pub arguments: Map<String, Value>,
    /// The id that the result refers to.
    #[serde(deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub tool_id: Option<String>,
    /// The kind of call, for example `function`; on the wire `type`.
    #[serde(rename = "type", deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl ToolCall {
    /// Creates a call of the tool `name`.
    ///
    /// The intake takes an object of arguments: a text that holds a JSON object is read as that object, null becomes no
    /// arguments, and anything else becomes `{"value": …}`.
    pub fn new(name: impl Into<String>, arguments: impl Into<Value>) -> Self {
        Self { name: name.into(), arguments: as_object(arguments.into()), tool_id: None, kind: None }
    }

    /// Sets the id that the result refers to.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.tool_id = Some(id.into());
        self
    }

    /// Sets the kind of call, for example `function`; on the wire `type`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Removes arguments that are nested too deep, and returns whether there were none.
    pub(crate) fn has_no_deep_arguments(&mut self) -> bool {
        let arguments = json_limits::unless_deep(Value::Object(std::mem::take(&mut self.arguments)));
        let Some(Value::Object(arguments)) = arguments else { return false };
        self.arguments = arguments;
        true
    }

    pub(crate) fn text_bytes(&self) -> usize {
        let texts = texts_bytes([&self.tool_id, &self.kind]);
        text_bytes(&self.name).saturating_add(texts).saturating_add(retained_members_bytes(&self.arguments))
    }
}

/// The result of a tool call.
///
/// On the wire `{"result":"…","name":"…","tool_id":"…","type":"…"}`.
///
/// # Example
///
/// ```
/// use llmobs_model::{Message, ToolResult};
///
/// let answer = Message::tool(ToolResult::new(r#"{"temp_c":27}"#).name("get_weather").id("call_1"));
/// assert_eq!(answer.tool_id.as_deref(), Some("call_1"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ToolResult {
    /// The result as text.
    #[serde(deserialize_with = "wire::text")]
    pub result: String,
    /// The name of the tool.
    #[serde(deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The id of the call that this answers.
    #[serde(deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub tool_id: Option<String>,
    /// The kind of result, for example `tool_result`; on the wire `type`.
    #[serde(rename = "type", deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl ToolResult {
    /// Creates a result; JSON is given as its text.
    pub fn new(result: impl Into<String>) -> Self {
        Self { result: result.into(), ..Self::default() }
    }

    /// Sets the name of the tool.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the id of the call that this answers.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.tool_id = Some(id.into());
        self
    }

    /// Sets the kind of result, for example `tool_result`; on the wire `type`.
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    pub(crate) fn text_bytes(&self) -> usize {
        text_bytes(&self.result).saturating_add(texts_bytes([&self.name, &self.tool_id, &self.kind]))
    }
}

/// A tool that a model may call.
///
/// On the wire `{"name":"…","description":"…","schema":{…},"version":"…"}` in `meta.tool_definitions` of an `llm` span.
///
/// # Example
///
/// ```
/// use llmobs_model::{Annotation, ToolDefinition};
/// use serde_json::json;
///
/// let tool = ToolDefinition::new("get_weather")
///     .description("Weather of a city")
///     .schema(json!({"type": "object", "properties": {"city": {"type": "string"}}}))
///     .version("2");
/// let annotation = Annotation::new().tool_definitions([tool]);
/// # let _ = annotation;
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ToolDefinition {
    /// The name of the tool; a definition without a name is left out and counted.
    #[serde(deserialize_with = "wire::text")]
    pub name: String,
    /// The description for the model.
    #[serde(deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON schema of the arguments.
    #[serde(
        deserialize_with = "wire::optional_object",
        serialize_with = "wire::optional_object_at::<SCHEMA_DEPTH, _>",
        skip_serializing_if = "Option::is_none"
    )]
    pub schema: Option<Map<String, Value>>,
    /// The version of the tool; a `tool` span of this name that answers the model's call gets it.
    #[serde(deserialize_with = "wire::optional_text", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl ToolDefinition {
    /// Creates a definition of the tool `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the description for the model.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the JSON schema of the arguments; a value that is not an object removes it.
    pub fn schema(mut self, schema: impl Into<Value>) -> Self {
        self.schema = match schema.into() {
            Value::Object(schema) => Some(schema),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        };
        self
    }

    /// Sets the version of the tool.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Returns the bytes that the definition retains, near enough to bound memory with.
    #[doc(hidden)]
    pub fn text_bytes(&self) -> usize {
        let schema = self.schema.as_ref().map_or(0, retained_members_bytes);
        let texts = texts_bytes([&self.description, &self.version]);
        text_bytes(&self.name).saturating_add(schema).saturating_add(texts)
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

/// `meta` is level 0, then `input`, `messages`, a message, `tool_calls`, a call, `arguments`.
const ARGUMENTS_DEPTH: usize = 6;
/// `meta` is level 0, then `tool_definitions`, a definition, `schema`.
const SCHEMA_DEPTH: usize = 3;

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
