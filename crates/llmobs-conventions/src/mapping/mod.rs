//! Attributes of a span whose kind is known → [`MappedSpan`]. One file for each part of the result.

pub(crate) mod content;
pub(crate) mod fallback;
pub(crate) mod message_sources;
pub(crate) mod metadata;
pub(crate) mod naming;
pub(crate) mod prompt;
pub(crate) mod remarks;
pub(crate) mod status;
pub(crate) mod tags;
pub(crate) mod tool_definitions;
pub(crate) mod usage;

use std::borrow::Cow;

use serde_json::Value;

use crate::attributes::ResolvedAttributes;
use crate::classification::{self, INPUT_CONTENT, OUTPUT_CONTENT};
use crate::convention::gen_ai;
use crate::convention::precedence::{
    FINISH_REASONS, INPUT_VALUE, OUTPUT_VALUE, RETRIEVAL_INPUT, RETRIEVAL_OUTPUT, SESSION, TOOL_ID, TOOL_INPUT,
    TOOL_OUTPUT, USER,
};
use crate::format::decode;
use crate::{Classification, RemarkSet, span_events};
use llmobs_model::{Annotation, AnnotationDetails, SpanKind};

/// A span in the terms of the model.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct MappedSpan {
    /// Input, output, model, metadata, metrics, tags, error, session, prompt and tools. A model or provider that no attribute
    /// names is missing here; its value on the wire is [`UNKNOWN_MODEL`].
    pub annotation: Annotation,
    /// The span's status is explicitly OK, so an error that was only logged inside it is no error of the span.
    pub is_ok: bool,
    /// The input was recorded, but was too large to keep.
    pub has_lost_input: bool,
    /// The output was recorded, but was too large to keep.
    pub has_lost_output: bool,
    /// What was odd about the messages; [`ForeignAttributes::remarks`](crate::ForeignAttributes::remarks) finds the rest.
    pub remarks: RemarkSet,
}

/// What an open span must know of itself: others ask for it before the span ends.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary {
    /// What the span is.
    pub classification: Classification,
    /// The session or conversation that the span names.
    pub session: Option<String>,
    /// The user that the span names.
    pub user: Option<String>,
    /// The agent's name, or else the name that the span has as an agent: the spans below an agent are attributed to it.
    pub agent: Option<String>,
    /// The id of the model's response, by which an evaluation can refer to the span.
    pub response_id: Option<String>,
}

/// The value of model and provider of a span that names none.
pub const UNKNOWN_MODEL: &str = "unknown";

/// The key of the tag with the user of the application.
pub const USER_TAG: &str = "user_id";

/// The key of the tag with the id of the model's response.
pub const RESPONSE_ID_TAG: &str = "response.id";

pub(crate) fn summarize(attributes: &ResolvedAttributes<'_>) -> Summary {
    Summary {
        classification: classification::classify(attributes),
        session: attributes.first_text(SESSION).map(Cow::into_owned),
        user: attributes.first_text(USER).map(Cow::into_owned),
        agent: naming::agent(attributes),
        response_id: attributes.text(gen_ai::RESPONSE_ID).map(Cow::into_owned),
    }
}

pub(crate) fn map(attributes: &ResolvedAttributes<'_>, kind: SpanKind, is_demoted: bool) -> MappedSpan {
    let (annotation, remarks) = annotation(attributes, kind, is_demoted);
    MappedSpan {
        annotation,
        remarks,
        is_ok: status::is_ok(attributes),
        has_lost_input: [INPUT_VALUE, TOOL_INPUT, RETRIEVAL_INPUT, INPUT_CONTENT]
            .map(|names| attributes.has_lost(names))
            .contains(&true),
        has_lost_output: [OUTPUT_VALUE, TOOL_OUTPUT, RETRIEVAL_OUTPUT, OUTPUT_CONTENT]
            .map(|names| attributes.has_lost(names))
            .contains(&true),
    }
}

pub(crate) fn remarks_about(
    attributes: &ResolvedAttributes<'_>,
    kind: SpanKind,
    is_demoted: bool,
    mapped: &MappedSpan,
) -> RemarkSet {
    let mut all = mapped.remarks;
    if !classification::is_evaluation(attributes) {
        all.absorb(remarks::remarks(attributes, kind, is_demoted, &mapped.annotation));
    }
    all
}

fn annotation(attributes: &ResolvedAttributes<'_>, kind: SpanKind, is_demoted: bool) -> (Annotation, RemarkSet) {
    // A demoted span is a model's span in all but its kind: it keeps its name and its order of message sources.
    let named_as = if is_demoted { SpanKind::Llm } else { kind };
    let mut content = content::content(attributes, kind, is_demoted);
    fallback::fill(attributes, kind, &mut content);
    let mut annotation = Annotation::new();
    annotation.name = naming::name(attributes, named_as);
    annotation.session_id = attributes.first_text(SESSION).map(Cow::into_owned);
    annotation.input = content.input;
    annotation.output = content.output;
    annotation.metadata = metadata::metadata(attributes);
    annotation.tags = tags::tags(attributes, kind);
    annotation.error = status::error(attributes);
    let model = naming::model(attributes, named_as);
    if kind.has_model() {
        annotation.model_name = model;
        annotation.model_provider = naming::provider(attributes);
    } else {
        metadata::put(&mut annotation.metadata, "model", model.map(Value::String));
    }
    if kind != SpanKind::Llm {
        metadata::put(&mut annotation.metadata, "tool_definitions", tool_definitions::recorded(attributes));
    }
    add_finish_reasons(&mut annotation, finish_reasons(attributes, content.finish_reasons));
    metadata::put(&mut annotation.metadata, "system_instructions", content.instructions.map(Value::String));
    usage::add(attributes, kind, &mut annotation);
    metadata::overwrite(attributes, &mut annotation.metadata);
    annotation.details = details(attributes, kind);
    (annotation, content.remarks)
}

/// Returns the finish reasons in the messages of the output.
pub(crate) fn finish_reasons_of_output(attributes: &ResolvedAttributes<'_>) -> Vec<String> {
    let (_, output) = message_sources::both(attributes);
    finish_reasons(attributes, output.map(|output| output.finish_reasons).unwrap_or_default())
}

/// Adds the finish reasons, unless there are some.
pub(crate) fn add_finish_reasons(annotation: &mut Annotation, reasons: Vec<String>) {
    if !reasons.is_empty() {
        annotation.metadata.entry("finish_reasons").or_insert_with(|| reasons.into());
    }
}

/// Returns the finish reasons of the first source that has any: attributes, the messages of the output, choices without
/// content.
fn finish_reasons(attributes: &ResolvedAttributes<'_>, of_output: Vec<String>) -> Vec<String> {
    let lists = FINISH_REASONS.iter().filter_map(|name| attributes.get(name)).map(decode::list);
    let recorded: Vec<String> = lists.into_iter().find(|reasons| !reasons.is_empty()).unwrap_or_default();
    let of_choices = || span_events::messages(attributes.events, true).finish_reasons;
    [recorded, of_output].into_iter().find(|reasons| !reasons.is_empty()).unwrap_or_else(of_choices)
}

/// Returns the parts that only spans of some kinds have.
fn details(attributes: &ResolvedAttributes<'_>, kind: SpanKind) -> Option<Box<AnnotationDetails>> {
    let text = |names: &[&str]| attributes.first_text(names).map(Cow::into_owned);
    let mut details = AnnotationDetails::default();
    match kind {
        SpanKind::Llm => {
            details.prompt = prompt::prompt(attributes);
            details.tool_definitions = tool_definitions::definitions(attributes);
        }
        SpanKind::Tool => details.tool_id = text(TOOL_ID),
        SpanKind::Agent => details.agent_version = text(&[gen_ai::AGENT_VERSION]),
        SpanKind::Workflow | SpanKind::Task | SpanKind::Embedding | SpanKind::Retrieval | _ => return None,
    }
    (details != AnnotationDetails::default()).then(|| Box::new(details))
}
