//! Values of an annotation that few spans have: prompt, tools, agent, cost tags, links, synthesized spans.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::agent_manifest::AgentManifest;
use super::annotation::{Annotation, replace};
use super::json_limits;
use super::json_size::{cow_bytes, sum_bytes, texts_bytes};
use super::prompt::Prompt;
use super::span_link::SpanLink;
use super::tool::ToolDefinition;

/// The values of an [`Annotation`] that few spans have; its setters are methods of [`Annotation`].
///
/// # Example
///
/// ```
/// use llmobs_model::{Annotation, Prompt};
///
/// let annotation = Annotation::new().prompt(Prompt::new("rag-answer").version("3"));
/// let details = annotation.details.unwrap_or_default();
/// assert_eq!(details.prompt.and_then(|prompt| prompt.version).as_deref(), Some("3"));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct AnnotationDetails {
    /// The prompt that the model was called with.
    pub prompt: Option<Prompt>,
    /// The tools that the model may call.
    pub tool_definitions: Option<Vec<ToolDefinition>>,
    /// The id of the call that a `tool` span answers.
    pub tool_id: Option<String>,
    /// The version of the tool.
    pub tool_version: Option<String>,
    /// The purpose of the span.
    pub intent: Option<String>,
    /// The keys of the tags by which costs are shown, in the order in which they were first set.
    pub cost_tags: Vec<Cow<'static, str>>,
    /// The version of the agent.
    pub agent_version: Option<String>,
    /// The declaration of the agent.
    pub agent_manifest: Option<AgentManifest>,
    /// Spans whose data went into this one.
    pub links: Vec<SpanLink>,
    /// Child spans synthesized from a response, such as tools that the provider ran.
    pub synthesized: Vec<Annotation>,
}

impl AnnotationDetails {
    /// The number of links that a span may have.
    pub const MAX_LINKS: usize = 128;

    /// Merges a later prompt.
    #[doc(hidden)]
    pub fn merge_prompt(&mut self, later: Prompt) {
        match &mut self.prompt {
            Some(prompt) => prompt.merge(later),
            none @ None => *none = Some(later),
        }
    }

    /// Merges a later manifest.
    #[doc(hidden)]
    pub fn merge_manifest(&mut self, later: AgentManifest) {
        match &mut self.agent_manifest {
            Some(manifest) => manifest.merge(later),
            none @ None => *none = Some(later),
        }
    }

    /// Adds the key of a tag by which costs are shown.
    #[doc(hidden)]
    pub fn add_cost_tag(&mut self, key: Cow<'static, str>) {
        if !self.cost_tags.contains(&key) {
            self.cost_tags.push(key);
        }
    }

    /// Adds a link, and returns whether there was room for it.
    #[doc(hidden)]
    pub fn add_link(&mut self, link: SpanLink) -> bool {
        if self.links.contains(&link) {
            return true;
        }
        let has_room = self.links.len() < Self::MAX_LINKS;
        if has_room {
            self.links.push(link);
        }
        has_room
    }

    /// Merges `later` over these values.
    pub fn merge(&mut self, later: Self) {
        if let Some(prompt) = later.prompt {
            self.merge_prompt(prompt);
        }
        if let Some(manifest) = later.agent_manifest {
            self.merge_manifest(manifest);
        }
        replace(&mut self.tool_definitions, later.tool_definitions);
        replace(&mut self.tool_id, later.tool_id);
        replace(&mut self.tool_version, later.tool_version);
        replace(&mut self.intent, later.intent);
        replace(&mut self.agent_version, later.agent_version);
        for key in later.cost_tags {
            self.add_cost_tag(key);
        }
        for link in later.links {
            self.add_link(link);
        }
        self.synthesized.extend(later.synthesized);
    }

    pub(crate) fn text_bytes(&self) -> usize {
        let texts = [&self.tool_id, &self.tool_version, &self.intent, &self.agent_version];
        let texts = texts_bytes(texts);
        let tools = self.tool_definitions.as_ref().map_or(0, |tools| sum_bytes(tools, ToolDefinition::text_bytes));
        let prompt = self.prompt.as_ref().map_or(0, Prompt::text_bytes);
        let manifest = self.agent_manifest.as_ref().map_or(0, AgentManifest::text_bytes);
        let costs = sum_bytes(&self.cost_tags, cow_bytes);
        let links = sum_bytes(&self.links, |_| 0);
        let children = sum_bytes(&self.synthesized, Annotation::text_bytes);
        [texts, tools, prompt, manifest, costs, links, children].into_iter().fold(0, usize::saturating_add)
    }
}

impl Annotation {
    /// Sets the prompt that the model was called with; a later one merges. For `llm` spans; on other kinds it only counts for
    /// direct children.
    pub fn prompt(mut self, mut prompt: Prompt) -> Self {
        self.refuse_deep(&mut prompt.variables);
        self.details_mut().merge_prompt(prompt);
        self
    }

    /// Sets the tools that the model may call, on `llm` spans.
    pub fn tool_definitions(mut self, definitions: impl IntoIterator<Item = ToolDefinition>) -> Self {
        let mut definitions: Vec<ToolDefinition> = definitions.into_iter().collect();
        for schema in definitions.iter_mut().filter_map(|definition| definition.schema.as_mut()) {
            self.refuse_deep(schema);
        }
        self.details_mut().tool_definitions = Some(definitions);
        self
    }

    /// Adds a child span that was synthesized from a response, such as a tool that the provider ran.
    pub fn synthesized_span(mut self, child: Self) -> Self {
        self.details_mut().synthesized.push(child);
        self
    }

    /// Sets the id of the model's tool call that a `tool` span answers.
    ///
    /// The span is linked with the `llm` span that asked for the call, and with the `llm` span that reads the result.
    /// Without an id, the name and the arguments of the call decide.
    pub fn tool_id(mut self, id: impl Into<String>) -> Self {
        self.details_mut().tool_id = Some(id.into());
        self
    }

    /// Sets the version of the tool, on `tool` spans; default is the version in the tool definition of the model.
    pub fn tool_version(mut self, version: impl Into<String>) -> Self {
        self.details_mut().tool_version = Some(version.into());
        self
    }

    /// Sets the purpose of the span, for example why a model called a tool. On the wire `meta.intent`.
    pub fn intent(mut self, intent: impl Into<String>) -> Self {
        self.details_mut().intent = Some(intent.into());
        self
    }

    /// Adds keys of tags by whose values costs and tokens are shown. A key without a tag on the span is left out and
    /// counted.
    pub fn cost_tags<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        let details = self.details_mut();
        for key in keys {
            details.add_cost_tag(Cow::Owned(key.into()));
        }
        self
    }

    /// Sets the version of the agent, on `agent` spans. On the wire the tag `agent_version`.
    pub fn agent_version(mut self, version: impl Into<String>) -> Self {
        self.details_mut().agent_version = Some(version.into());
        self
    }

    /// Sets the declaration of the agent, on `agent` spans; a later one merges.
    pub fn agent_manifest(mut self, mut manifest: AgentManifest) -> Self {
        self.refuse_deep(manifest.members_mut());
        self.details_mut().merge_manifest(manifest);
        self
    }

    /// Adds a link to another span; a span has at most 128.
    pub fn link(mut self, link: SpanLink) -> Self {
        if !self.details_mut().add_link(link) {
            self.refused = self.refused.saturating_add(1);
        }
        self
    }

    /// Removes values that are nested too deep, and counts them.
    fn refuse_deep(&mut self, members: &mut Map<String, Value>) {
        let mut good = Map::new();
        for (name, value) in std::mem::take(members) {
            match json_limits::unless_deep(value) {
                Some(value) => drop(good.insert(name, value)),
                None => self.refused = self.refused.saturating_add(1),
            }
        }
        *members = good;
    }

    fn details_mut(&mut self) -> &mut AnnotationDetails {
        self.details.get_or_insert_default()
    }
}
