//! What few spans say → the event: prompt, tools, agent, costs. Each only on the kinds that have it.

use serde_json::Value;

use super::encode::Outline;
use super::value::{object, parsed, text};
use crate::recording::ChildDefaults;
use crate::recording::FieldValue;
use crate::stats::Problem;
use llmobs_conventions::llmobs_json;
use llmobs_model::{AgentManifest, Annotation, AnnotationDetails, Prompt, SpanKind, ToolDefinition};

/// What a span said itself, and what an annotation context said for it.
#[derive(Debug, Default)]
pub(super) struct Settled {
    own: Option<Box<AnnotationDetails>>,
    assumed: Option<Box<AnnotationDetails>>,
}

impl Settled {
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

    /// Lays this under what was said: by the span, or else for it.
    pub(super) fn fill(&mut self, gaps: Option<Box<AnnotationDetails>>, is_assumed: bool) {
        let Some(mut gaps) = gaps else { return };
        let slot = if is_assumed { &mut self.assumed } else { &mut self.own };
        if let Some(said) = slot.take() {
            gaps.merge(*said);
        }
        *slot = Some(gaps);
    }

    /// The spans that came to pass inside it.
    pub(super) fn take_inner(&mut self) -> Vec<Annotation> {
        let both = [&mut self.assumed, &mut self.own].into_iter().flatten();
        both.flat_map(|details| std::mem::take(&mut details.synthesized)).collect()
    }

    /// Both as one; what the span says itself comes later.
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

pub(super) fn read_prompt(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let members = object(value).ok_or(Problem::Prompt)?;
    let (prompt, is_clean) = llmobs_json::prompt(&members);
    if let Some(prompt) = prompt {
        details.merge_prompt(prompt);
    }
    is_clean.then_some(()).ok_or(Problem::Prompt)
}

pub(super) fn read_tools(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let json = parsed(&text(value)).ok_or(Problem::ToolDefinition)?;
    let (definitions, is_clean) = llmobs_json::tool_definitions(&json);
    if definitions.is_some() {
        details.tool_definitions = definitions;
    }
    is_clean.then_some(()).ok_or(Problem::ToolDefinition)
}

pub(super) fn read_cost_tags(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let keys = llmobs_json::keys(&text(value)).ok_or(Problem::CostTag)?;
    for key in keys {
        details.add_cost_tag(key.into());
    }
    Ok(())
}

pub(super) fn read_manifest(details: &mut AnnotationDetails, value: FieldValue<'_>) -> Result<(), Problem> {
    let members = object(value).ok_or(Problem::AgentManifest)?;
    details.merge_manifest(AgentManifest::from(members));
    Ok(())
}

/// Fills in what the span said and what was passed on to it. Gives back which call a tool span answers.
///
/// The event has its tags, but not yet those that repeat something else.
pub(super) fn fill(
    event: &mut Outline<'_>,
    settled: &mut Settled,
    passed: Option<&ChildDefaults>,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    if let Some(own) = &settled.own
        && is_misplaced(own, event.kind)
    {
        problems.push(Problem::Misplaced);
    }
    let details = settled.take();
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
    let said = event.cost_tags.len();
    let tags = &event.tags;
    event.cost_tags.retain(|key| tags.get(key).is_some());
    problems.extend((event.cost_tags.len() < said).then_some(Problem::CostTag));
    details.tool_id.filter(|id| event.kind == SpanKind::Tool && !id.is_empty())
}

/// The version that one of these tools has.
pub(super) fn version_of(definitions: &[ToolDefinition], name: &str) -> Option<String> {
    definitions.iter().find(|definition| definition.name == name)?.version.clone()
}

/// Whether something was said that the kind does not have.
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

/// The span's own prompt, or the one of the span above; only the own one is said to be annotated.
fn fill_prompt(event: &mut Outline<'_>, own: Option<Prompt>, passed: Option<&ChildDefaults>) {
    if own.is_some() && event.tags.get(PROMPT_TAG).is_none() {
        event.tags.put(PROMPT_TAG, "annotated");
    }
    let Some(mut prompt) = own.or_else(|| passed?.prompt.clone()) else { return };
    prompt.complete(event.tags.get("ml_app").unwrap_or_default());
    event.prompt = Some(Box::new(prompt));
}

fn fill_tools(event: &mut Outline<'_>, mut definitions: Vec<ToolDefinition>, problems: &mut Vec<Problem>) {
    let said = definitions.len();
    definitions.retain(|definition| !definition.name.is_empty());
    problems.extend((definitions.len() < said).then_some(Problem::ToolDefinition));
    event.tool_definitions = definitions;
}

fn fill_agent(
    event: &mut Outline<'_>,
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

/// What is empty is left out, as in the Python SDK.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The tag that says where the prompt is from.
const PROMPT_TAG: &str = "prompt_tracking_instrumentation_method";
