//! Declarations of agents.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::json_limits;
use super::json_size::retained_members_bytes;
use super::wire;

/// The declaration of an agent: its instructions, model, tools and so on, and nothing that differs from run to run.
///
/// On the wire it is the object `meta.metadata._dd.agent_manifest` of an `agent` span. `framework` defaults to `manual`, and
/// `name` to the name of the span. Repeated annotation merges member by member.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use llmobs_model::{AgentManifest, Annotation};
///
/// let manifest = AgentManifest::new()
///     .instructions("Answer questions about the weather.")
///     .model("gpt-4o-mini")
///     .model_setting("temperature", 0.2)
///     .tool("get_weather", "Weather of a city", json!({"city": {"type": "string", "required": true}}))
///     .handoff("travel_agent");
/// let annotation = Annotation::new().agent_version("2026-08-01").agent_manifest(manifest);
/// # let _ = annotation;
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AgentManifest {
    members: Map<String, Value>,
}

impl AgentManifest {
    /// Creates an empty manifest.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the framework that the agent is built with; default is `manual`.
    pub fn framework(self, framework: impl Into<String>) -> Self {
        self.with("framework", Value::String(framework.into()))
    }

    /// Sets the name of the agent; default is the name of the span.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with("name", Value::String(name.into()))
    }

    /// Sets the instructions of the agent.
    pub fn instructions(self, instructions: impl Into<String>) -> Self {
        self.with("instructions", Value::String(instructions.into()))
    }

    /// Adds a system prompt.
    pub fn system_prompt(self, prompt: impl Into<String>) -> Self {
        self.push("system_prompts", Value::String(prompt.into()))
    }

    /// Sets the model.
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with("model", Value::String(model.into()))
    }

    /// Sets one setting of the model, for example `temperature`.
    pub fn model_setting(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let settings = self.members.entry("model_settings").or_insert_with(|| json!({}));
        if let Value::Object(settings) = settings {
            settings.insert(name.into(), value.into());
        }
        self
    }

    /// Adds a tool: its name, its description, and its parameters by name. A tool without a name is ignored.
    pub fn tool(self, name: impl Into<String>, description: impl Into<String>, parameters: impl Into<Value>) -> Self {
        let (name, description, parameters) = (name.into(), description.into(), parameters.into());
        if name.is_empty() {
            return self;
        }
        self.push("tools", json!({"name": name, "description": description, "parameters": parameters}))
    }

    /// Adds an agent that this agent can hand over to.
    pub fn handoff(self, agent: impl Into<String>) -> Self {
        self.push("handoffs", Value::String(agent.into()))
    }

    /// Adds a guardrail.
    pub fn guardrail(self, guardrail: impl Into<Value>) -> Self {
        self.push("guardrails", guardrail.into())
    }

    /// Sets any member. The Python SDK also has `extra_instructions`, `agent_settings`, `capabilities`, `data_contracts`,
    /// `handoff_description`, `memory_policies` and `metadata`. A value that serde cannot write as JSON is ignored.
    pub fn member(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        if let Ok(value) = json_limits::to_value(&value) {
            self.members.insert(name.into(), value);
        }
        self
    }

    /// Returns the members as they are on the wire.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Returns the members, to change them.
    pub const fn members_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.members
    }

    /// Sets the members of `later` over the members of this manifest.
    pub fn merge(&mut self, later: Self) {
        self.members.extend(later.members);
    }

    /// Sets the defaults of members that are missing, and removes tools without a name. Returns whether there were none.
    pub fn complete(&mut self, name: &str) -> bool {
        self.members.entry("framework").or_insert_with(|| json!("manual"));
        self.members.entry("name").or_insert_with(|| json!(name));
        let Some(Value::Array(tools)) = self.members.get_mut("tools") else { return true };
        let before = tools.len();
        let is_named = |tool: &Value| tool.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        tools.retain(is_named);
        tools.len() == before
    }

    pub(crate) fn text_bytes(&self) -> usize {
        retained_members_bytes(&self.members)
    }

    fn with(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    fn push(mut self, name: &str, value: Value) -> Self {
        if let Value::Array(items) = self.members.entry(name).or_insert_with(|| json!([])) {
            items.push(value);
        }
        self
    }
}

impl From<Map<String, Value>> for AgentManifest {
    fn from(members: Map<String, Value>) -> Self {
        Self { members }
    }
}

impl Serialize for AgentManifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // `meta` is level 0, then `metadata`, `_dd`, `agent_manifest`.
        wire::object_at::<3, S>(&self.members, serializer)
    }
}

impl<'de> Deserialize<'de> for AgentManifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fill_gaps_and_tools_without_a_name_are_removed() {
        let declared = json!({"name": "planner", "tools": [{"name": "search"}, {"description": "unnamed"}, "x"]});
        let Value::Object(members) = declared else { panic!("not an object") };
        let mut manifest = AgentManifest::from(members);
        assert!(!manifest.complete("span"));
        let expected = json!({"framework": "manual", "name": "planner", "tools": [{"name": "search"}]});
        assert_eq!(Value::Object(manifest.members.clone()), expected);
        assert!(manifest.complete("span"));
    }
}
