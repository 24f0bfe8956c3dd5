//! Details that few spans have: prompt, tool definitions, agent manifest, cost tags, links. Each is set only on the kinds
//! that have it.

use serde_json::Value;

use super::encode::SpanEventRef;
use super::value::{object, parsed, text};
use crate::recording::ChildDefaults;
use crate::recording::FieldValue;
use crate::stats::Problem;
use llmobs_conventions::llmobs_json;
use llmobs_model::{AgentManifest, Annotation, AnnotationDetails, Prompt, SpanKind, ToolDefinition};

/// The details that a span recorded itself, and those that an annotation context or a client recorded for it.
#[derive(Debug, Default)]
pub(super) struct Details {
    own: Option<Box<AnnotationDetails>>,
    assumed: Option<Box<AnnotationDetails>>,
}

impl Details {
    pub(super) fn own_mut(&mut self) -> &mut AnnotationDetails {
        self.own.get_or_insert_default()
    }

    pub(super) fn merge(&mut self, later: Option<Box<AnnotationDetails>>) {
        let Some(later) = later else { return };
        match &mut self.own {
            Some(details) => details.merge(*later),
            none @ None => *none = Some(later),
        }
    }

    /// Fills gaps, of the span's own details or of those assumed for it.
    pub(super) fn fill(&mut self, gaps: Option<Box<AnnotationDetails>>, is_assumed: bool) {
        let Some(mut gaps) = gaps else { return };
        let slot = if is_assumed { &mut self.assumed } else { &mut self.own };
        // Merging lets the later one win, so the present details go on top of the gaps.
        if let Some(present) = slot.take() {
            gaps.merge(*present);
        }
        *slot = Some(gaps);
    }

    /// Takes the spans that were synthesized from its response.
    pub(super) fn take_synthesized(&mut self) -> Vec<Annotation> {
        let both = [&mut self.assumed, &mut self.own].into_iter().flatten();
        both.flat_map(|details| std::mem::take(&mut details.synthesized)).collect()
    }

    /// Merges both into one; the span's own details win.
    fn take(&mut self) -> Option<AnnotationDetails> {
        match (self.assumed.take(), self.own.take()) {
            (Some(mut assumed), Some(own)) => {
                assumed.merge(*own);
                Some(*assumed)
            }
            (assumed, own) => assumed.or(own).map(|details| *details),
        }
    }
}

/// Parses a prompt and merges it into the details.
pub(super) fn read_prompt(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let members = object(value).ok_or(Problem::Prompt)?;
    let (prompt, is_clean) = llmobs_json::prompt(&members);
    if let Some(prompt) = prompt {
        details.merge_prompt(prompt);
    }
    is_clean.then_some(()).ok_or(Problem::Prompt)
}

/// Parses a JSON array of tool definitions.
pub(super) fn read_tools(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let json = parsed(&text(value)).ok_or(Problem::ToolDefinition)?;
    let (definitions, is_clean) = llmobs_json::tool_definitions(&json);
    if definitions.is_some() {
        details.tool_definitions = definitions;
    }
    is_clean.then_some(()).ok_or(Problem::ToolDefinition)
}

/// Parses a list of tag names.
pub(super) fn read_cost_tags(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let keys = llmobs_json::keys(&text(value)).ok_or(Problem::CostTag)?;
    for key in keys {
        details.add_cost_tag(key.into());
    }
    Ok(())
}

/// Parses an agent manifest and merges it into the details.
pub(super) fn read_manifest(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let members = object(value).ok_or(Problem::AgentManifest)?;
    details.merge_manifest(AgentManifest::from(members));
    Ok(())
}

/// Sets the details of an event: its own, and defaults that its parent passed on. Returns the id of the call that a tool
/// span answers.
///
/// To be called when the event has its tags, but before those are added that repeat other members.
pub(super) fn fill(
    event: &mut SpanEventRef<'_>,
    details: &mut Details,
    passed: Option<&ChildDefaults>,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    if let Some(own) = &details.own
        && is_misplaced(own, event.kind)
    {
        problems.push(Problem::Misplaced);
    }
    let details = details.take();
    if details.is_none() && passed.is_none() {
        return None;
    }
    let details = details.unwrap_or_default();
    event.intent = details.intent.filter(|intent| !intent.is_empty());
    event.links = details.links;
    event.cost_tags = details.cost_tags;
    match event.kind {
        SpanKind::Llm => {
            fill_prompt(event, details.prompt, passed);
            fill_tools(event, details.tool_definitions.unwrap_or_default(), problems);
        }
        SpanKind::Tool => {
            let inherited = || passed.and_then(|passed| version_of(passed.tool_definitions.as_ref()?, &event.name));
            event.tool_version = details.tool_version.or_else(inherited).filter(|version| !version.is_empty());
        }
        SpanKind::Agent => fill_agent(event, details.agent_version, details.agent_manifest, problems),
        SpanKind::Workflow | SpanKind::Task | SpanKind::Embedding | SpanKind::Retrieval | _ => {}
    }
    let recorded = event.cost_tags.len();
    let tags = &event.tags;
    // A cost tag names a tag; without that tag the intake has nothing to group by.
    event.cost_tags.retain(|key| tags.get(key).is_some());
    problems.extend((event.cost_tags.len() < recorded).then_some(Problem::CostTag));
    details.tool_id.filter(|id| event.kind == SpanKind::Tool && !id.is_empty())
}

/// Returns the version of the tool with this name.
pub(super) fn version_of(definitions: &[ToolDefinition], name: &str) -> Option<String> {
    definitions.iter().find(|definition| definition.name == name)?.version.clone()
}

/// Returns true when details were recorded that the kind does not have.
const fn is_misplaced(own: &AnnotationDetails, kind: SpanKind) -> bool {
    let of_llm = own.prompt.is_some() || own.tool_definitions.is_some();
    let of_tool = own.tool_id.is_some() || own.tool_version.is_some();
    let of_agent = own.agent_version.is_some() || own.agent_manifest.is_some();
    match kind {
        SpanKind::Llm => of_tool || of_agent,
        SpanKind::Tool => of_llm || of_agent,
        SpanKind::Agent => of_llm || of_tool,
        SpanKind::Workflow | SpanKind::Task | SpanKind::Embedding | SpanKind::Retrieval | _ => {
            of_llm || of_tool || of_agent
        }
    }
}

/// Sets the span's own prompt, or that of its parent. Only an own prompt gets the tag that marks it as annotated.
fn fill_prompt(event: &mut SpanEventRef<'_>, own: Option<Prompt>, passed: Option<&ChildDefaults>) {
    if own.is_some() && event.tags.get(PROMPT_TAG).is_none() {
        event.tags.put(PROMPT_TAG, "annotated");
    }
    let Some(mut prompt) = own.or_else(|| passed?.prompt.clone()) else { return };
    prompt.complete(event.tags.get("ml_app").unwrap_or_default());
    event.prompt = Some(Box::new(prompt));
}

fn fill_tools(event: &mut SpanEventRef<'_>, mut definitions: Vec<ToolDefinition>, problems: &mut Vec<Problem>) {
    let recorded = definitions.len();
    definitions.retain(|definition| !definition.name.is_empty());
    problems.extend((definitions.len() < recorded).then_some(Problem::ToolDefinition));
    event.tool_definitions = definitions;
}

fn fill_agent(
    event: &mut SpanEventRef<'_>,
    version: Option<String>,
    manifest: Option<AgentManifest>,
    problems: &mut Vec<Problem>,
) {
    if let Some(version) = version.filter(|version| !version.is_empty()) {
        event.tags.put("agent_version", version);
    }
    if let Some(mut manifest) = manifest {
        let is_clean = manifest.complete(&event.name);
        problems.extend((!is_clean).then_some(Problem::AgentManifest));
        manifest.members_mut().retain(|_, value| !is_empty(value));
        event.agent_manifest = Some(manifest);
    }
}

/// Returns true for values that are left out of a manifest, as in the Python SDK.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The tag for the origin of the prompt.
const PROMPT_TAG: &str = "prompt_tracking_instrumentation_method";
