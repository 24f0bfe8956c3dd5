//! Values of a span that count for its direct children.

use std::sync::Arc;

use llmobs_model::{Prompt, SpanKind, ToolDefinition};

/// Prompt and tool definitions of a span, as defaults for its direct children.
#[derive(Debug, Clone, Default)]
pub(crate) struct ChildDefaults {
    /// For an `llm` child without a prompt.
    pub(crate) prompt: Option<Prompt>,
    /// For a `tool` child of an `llm` span: the version of its tool.
    pub(crate) tool_definitions: Option<Vec<ToolDefinition>>,
}

impl ChildDefaults {
    /// Records what the span is annotated with; a later prompt merges.
    pub(crate) fn record(&mut self, prompt: Option<&Prompt>, tools: Option<&Vec<ToolDefinition>>) {
        match (&mut self.prompt, prompt) {
            (Some(own), Some(later)) => own.merge(later.clone()),
            (none @ None, later) => *none = later.cloned(),
            (Some(_), None) => {}
        }
        if tools.is_some() {
            self.tool_definitions = tools.cloned();
        }
    }

    /// Returns the bytes that the defaults retain.
    pub(crate) fn retained_bytes(&self) -> usize {
        let own = size_of::<Self>().saturating_add(self.prompt.as_ref().map_or(0, Prompt::text_bytes));
        let of_tool = |tool: &ToolDefinition| tool.text_bytes().saturating_add(size_of::<ToolDefinition>());
        self.tool_definitions.iter().flatten().fold(own, |sum, tool| sum.saturating_add(of_tool(tool)))
    }

    /// Returns the defaults for children of a span of `kind`: tool definitions come from `llm` spans only.
    pub(crate) fn below(self: &Arc<Self>, kind: SpanKind) -> Option<Arc<Self>> {
        if kind == SpanKind::Llm || self.tool_definitions.is_none() {
            // Shared wherever nothing is left out: a parent of many spans would else copy its prompt for each of them.
            return Some(Arc::clone(self));
        }
        let prompt = self.prompt.clone();
        prompt.is_some().then(|| Arc::new(Self { prompt, tool_definitions: None }))
    }
}
