//! What few spans say, kept apart so that the others do not carry it: prompt, tools, agent, costs, links.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::agent::AgentManifest;
use super::annotation::{Annotation, replace};
use super::depth;
use super::link::SpanLink;
use super::prompt::Prompt;
use super::tool::ToolDefinition;

/// See the file's card.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct AnnotationDetails {
    pub prompt: Option<Prompt>,
    pub tool_definitions: Option<Vec<ToolDefinition>>,
    pub tool_id: Option<String>,
    pub tool_version: Option<String>,
    pub intent: Option<String>,
    /// In the order in which they were first said.
    pub cost_tags: Vec<Cow<'static, str>>,
    pub agent_version: Option<String>,
    pub agent_manifest: Option<AgentManifest>,
    pub links: Vec<SpanLink>,
    /// Spans that came to pass inside this one, and that nobody opened.
    pub synthesized: Vec<Annotation>,
}

impl AnnotationDetails {
    /// Links beyond this are not kept.
    pub const MOST_LINKS: usize = 128;

    pub fn merge_prompt(&mut self, later: Prompt) {
        match &mut self.prompt {
            Some(prompt) => prompt.merge(later),
            none @ None => *none = Some(later),
        }
    }

    pub fn merge_manifest(&mut self, later: AgentManifest) {
        match &mut self.agent_manifest {
            Some(manifest) => manifest.merge(later),
            none @ None => *none = Some(later),
        }
    }

    pub fn add_cost_tag(&mut self, key: Cow<'static, str>) {
        if !self.cost_tags.contains(&key) {
            self.cost_tags.push(key);
        }
    }

    /// Adds a link, and says whether there was room for it.
    pub fn add_link(&mut self, link: SpanLink) -> bool {
        if self.links.contains(&link) {
            return true;
        }
        let has_room = self.links.len() < Self::MOST_LINKS;
        if has_room {
            self.links.push(link);
        }
        has_room
    }

    /// Lays `later` over this.
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

    pub fn text_bytes(&self) -> usize {
        const LINK: usize = 64;
        let texts = [&self.tool_id, &self.tool_version, &self.intent, &self.agent_version];
        let texts = texts.into_iter().flatten().fold(0_usize, |sum, text| sum.saturating_add(text.len()));
        let tools = self.tool_definitions.iter().flatten();
        let tools = tools.fold(0_usize, |sum, tool| sum.saturating_add(tool.text_bytes()));
        let prompt = self.prompt.as_ref().map_or(0, Prompt::text_bytes);
        let manifest = self.agent_manifest.as_ref().map_or(0, AgentManifest::text_bytes);
        let costs = self.cost_tags.iter().fold(0_usize, |sum, key| sum.saturating_add(key.len()));
        let links = self.links.len().saturating_mul(LINK);
        let inner = self.synthesized.iter().fold(0_usize, |sum, said| sum.saturating_add(said.text_bytes()));
        [texts, tools, prompt, manifest, costs, links, inner].into_iter().fold(0, usize::saturating_add)
    }
}

impl Annotation {
    /// Sets the prompt that the model was called with; a later one merges. For `llm` spans; on other kinds it only
    /// counts for the spans directly below.
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

    /// Says that another span came to pass inside this one, which nobody could open: a tool that the provider ran.

    pub fn synthesized_span(mut self, child: Self) -> Self {
        self.details_mut().synthesized.push(child);
        self
    }

    /// Sets which call of the model a `tool` span answers: the `tool_id` of that call. The span is then linked with
    /// the `llm` span that called, and with the one that reads the result. Without it the name and the arguments of
    /// the call decide.
    pub fn tool_id(mut self, id: impl Into<String>) -> Self {
        self.details_mut().tool_id = Some(id.into());
        self
    }

    /// Sets the version of the tool, on `tool` spans; default is that of the model's tool definition.
    pub fn tool_version(mut self, version: impl Into<String>) -> Self {
        self.details_mut().tool_version = Some(version.into());
        self
    }

    /// Sets what the span is for, for example why a model called a tool. On the wire `meta.intent`.
    pub fn intent(mut self, intent: impl Into<String>) -> Self {
        self.details_mut().intent = Some(intent.into());
        self
    }

    /// Adds keys of tags by whose values costs and tokens are to be shown. A key that is no tag of the span is left
    /// out and counted.
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

    /// Sets what the agent is declared to be, on `agent` spans; a later one merges.
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

    /// Takes out values that are nested too deep, and counts them.
    fn refuse_deep(&mut self, members: &mut Map<String, Value>) {
        let mut good = Map::new();
        for (name, value) in std::mem::take(members) {
            match depth::unless_deep(value) {
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
