//! What an agent is declared to be.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::content::retained_json_bytes;
use super::depth;

/// What an agent is declared to be: its instructions, model, tools and so on. Declared things only, nothing
/// that differs from run to run.
///
/// On the wire it is the object `meta.metadata._dd.agent_manifest` of an `agent` span. `framework` is `manual` and
/// `name` the span's name, unless said otherwise. Repeated annotation merges member by member.
///
/// # Example
///
/// ```
/// use serde_json::json;
/// use tracing_llmobs::{AgentManifest, Annotation};
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
    /// Nothing is declared yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what the agent is built with; default is `manual`.
    pub fn framework(self, framework: impl Into<String>) -> Self {
        self.with("framework", Value::String(framework.into()))
    }

    /// Sets what the agent is called; default is the span's name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.with("name", Value::String(name.into()))
    }

    /// Sets what the agent is told to do.
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

    /// Adds a tool: its name, what it does, and its parameters by name. One without a name is refused.
    pub fn tool(self, name: impl Into<String>, description: impl Into<String>, parameters: impl Into<Value>) -> Self {
        let (name, description, parameters) = (name.into(), description.into(), parameters.into());
        if name.is_empty() {
            return self;
        }
        self.push("tools", json!({"name": name, "description": description, "parameters": parameters}))
    }

    /// Adds an agent that this one can hand over to.
    pub fn handoff(self, agent: impl Into<String>) -> Self {
        self.push("handoffs", Value::String(agent.into()))
    }

    /// Adds a guardrail.
    pub fn guardrail(self, guardrail: impl Into<Value>) -> Self {
        self.push("guardrails", guardrail.into())
    }

    /// Sets any member: those of the Python SDK are also `extra_instructions`, `agent_settings`, `capabilities`,
    /// `data_contracts`, `handoff_description`, `memory_policies` and `metadata`. What serde cannot write is refused.
    pub fn member(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        if let Ok(value) = depth::to_value(&value) {
            self.members.insert(name.into(), value);
        }
        self
    }

    /// Its members as they are on the wire.
    pub const fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// Its members, to be changed.
    pub const fn members_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.members
    }

    pub fn merge(&mut self, later: Self) {
        self.members.extend(later.members);
    }

    /// Fills in what nobody said, and says whether all tools have a name; those without are taken out.
    pub fn complete(&mut self, name: &str) -> bool {
        self.members.entry("framework").or_insert_with(|| json!("manual"));
        self.members.entry("name").or_insert_with(|| json!(name));
        let Some(Value::Array(tools)) = self.members.get_mut("tools") else { return true };
        let before = tools.len();
        let is_named = |tool: &Value| tool.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        tools.retain(is_named);
        tools.len() == before
    }

    pub fn text_bytes(&self) -> usize {
        self.members
            .iter()
            .fold(0, |sum, (key, value)| sum.saturating_add(key.len()).saturating_add(retained_json_bytes(value)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fill_gaps_and_tools_without_a_name_go() {
        let given = json!({"name": "planner", "tools": [{"name": "search"}, {"description": "unnamed"}, "x"]});
        let Value::Object(members) = given else { panic!("it is an object") };
        let mut manifest = AgentManifest::from(members);
        assert!(!manifest.complete("span"));
        let expected = json!({"framework": "manual", "name": "planner", "tools": [{"name": "search"}]});
        assert_eq!(Value::Object(manifest.members.clone()), expected);
        assert!(manifest.complete("span"));
    }
}
