//! The annotation of a span, put together from the parts.

use std::borrow::Cow;

use serde_json::Value;

use crate::attributes::ResolvedAttributes;
use crate::convention::gen_ai;
use crate::convention::precedence::{
    FINISH_REASONS, INPUT_VALUE, OUTPUT_VALUE, RETRIEVAL_INPUT, RETRIEVAL_OUTPUT, SESSION, TOOL_ID, TOOL_INPUT,
    TOOL_OUTPUT, USER,
};
use crate::format::decode;
use crate::mapping::mapped_span::{MappedSpan, Summary};
use crate::mapping::{
    content, fallback, message_sources, metadata, naming, prompt, remarks, status, tags, tool_definitions, usage,
};
use crate::signs::{INPUT_CONTENT, OUTPUT_CONTENT};
use crate::{RemarkSet, classification, span_events};
use llmobs_model::{Annotation, AnnotationDetails, SpanKind};

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
