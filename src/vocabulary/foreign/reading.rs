//! Questions about a span in other words, and their answers.
//!
//! Capture asks about a callsite once ([`declared`], [`is_known_field`]) and about a span when it starts, is told something
//! that decides ([`decides`]) and ends ([`glance`], [`has_usage`], [`evaluations_in`]); the worker reads it ([`read`], and
//! [`remarks_about`] if anybody listens).

use std::borrow::Cow;

use serde_json::Value;

use super::content::content;
use super::precedence::{
    AGENT, FINISH_REASONS, INPUT_VALUE, OUTPUT_VALUE, RETRIEVAL_INPUT, RETRIEVAL_OUTPUT, SESSION, TOOL_ID, TOOL_INPUT,
    TOOL_OUTPUT, USER,
};
use super::words::Words;
use super::{
    Vocabularies, decode, evaluations, events, gen_ai, heard, kinds, labels, metadata, naming, otel, prompts, remarks,
    tools, usage,
};
use crate::recording::{FieldValue, RemarkSet};
use llmobs_model::{Annotation, AnnotationDetails, Evaluation, SpanKind};

/// What the declared names of a callsite promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    /// No word of any vocabulary.
    Nothing,
    /// It says whose the calls below it are, or can ask that its trace be left alone; no span of ours by that.
    Context,
    /// Words of a call, or a profile knows the span: it may become one of ours.
    Candidate,
}

/// What the fields and events of a span said: the last value of each name, events in order.
#[derive(Debug, Clone)]
pub(crate) struct Sayings<'a> {
    pub(crate) target: &'static str,
    pub(crate) span_name: &'static str,
    pub(crate) fields: Vec<(&'static str, FieldValue<'a>)>,
    pub(crate) events: Vec<EventSayings<'a>>,
    /// The names that the callsite declares, recorded or not.
    pub(crate) declared_names: &'a [&'static str],
}

/// One event inside the span.
#[derive(Debug, Clone)]
pub(crate) struct EventSayings<'a> {
    /// The name in the metadata.
    pub(crate) name: &'a str,
    /// Whether it is at ERROR.
    pub(crate) is_error: bool,
    pub(crate) fields: Vec<(&'static str, FieldValue<'a>)>,
}

/// What a span turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    Span(SpanKind),
    /// It holds an evaluation of the span around it.
    Evaluation,
    /// It asks that its trace be left alone.
    Off,
    /// Nothing says it; with children of ours it is a workflow, without it is none of ours.
    Undecided,
}

/// Everything that a span said, in our terms.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Input, output, model, metadata, metrics, tags, error, session, prompt, tools; our own words go over it. A model
    /// or provider that nobody named is left out here; see [`UNKNOWN_MODEL`].
    pub(crate) annotation: Annotation,
    /// The span says that it went well: an error that was merely logged inside does not make it fail.
    pub(crate) went_well: bool,
    /// Something that carries the input was too large to keep.
    pub(crate) has_lost_input: bool,
    /// The same of the output.
    pub(crate) has_lost_output: bool,
    /// What was met on the way that is odd; [`remarks_about`] finds the rest.
    pub(crate) remarks: RemarkSet,
}

/// An evaluation that is not joined with a span yet.
#[derive(Debug, Clone)]
pub(crate) struct EvaluationDraft {
    /// Without a span, a time and an application; its scope is the trace where the span's trace is meant.
    pub(crate) evaluation: Evaluation,
    /// The response it is about, which may be of another span.
    pub(crate) response_id: Option<String>,
}

/// What model and provider of a span are called that only other vocabularies know and that names none.
pub(crate) const UNKNOWN_MODEL: &str = "unknown";

/// What a callsite's declared names say, once per callsite.
pub(crate) fn declared(
    vocabularies: Vocabularies,
    target: &str,
    span_name: &str,
    fields: impl Iterator<Item = &'static str>,
) -> Declared {
    kinds::declared(vocabularies, (target, span_name), fields)
}

/// Whether the value of a span's field is to be kept.
pub(crate) fn is_known_field(vocabularies: Vocabularies, target: &str, name: &str) -> bool {
    heard::is_heard(vocabularies, target, name)
}

/// Whether the fields of an event inside a span are to be kept: all of them, then.
pub(crate) fn is_known_event(
    vocabularies: Vocabularies,
    metadata_name: &str,
    is_error: bool,
    fields: impl Iterator<Item = &'static str>,
) -> bool {
    if vocabularies.is_empty() {
        return false;
    }
    if events::is_known(metadata_name) {
        return true;
    }
    let (mut has_text, mut has_part) = (false, false);
    for name in fields {
        // What merely fails somewhere is only of interest where it fails the span.
        let is_of_error = otel::is_of_error(name) && (is_error || name.starts_with(otel::EXCEPTION));
        if is_of_error || (!otel::is_of_error(name) && events::is_telling(vocabularies, name)) {
            return true;
        }
        has_text |= name == otel::MESSAGE;
        has_part |= events::is_part(name);
    }
    // Its text may be the name of a message.
    has_text && has_part
}

/// What the span is. Cheap: it looks at names and a few short values.
pub(crate) fn nature(sayings: &Sayings<'_>, vocabularies: Vocabularies) -> Nature {
    kinds::nature(&Words::new(sayings, vocabularies), vocabularies)
}

/// What an open span is asked for.
#[derive(Debug)]
pub(crate) struct Glance {
    pub(crate) nature: Nature,
    /// The conversation that the span names.
    pub(crate) session: Option<String>,
    /// Who uses the application.
    pub(crate) user: Option<String>,
    /// The agent that the span names: for spans below an agent, whose work they are.
    pub(crate) agent: Option<String>,
    /// The answer of a model that it tells of, by which an evaluation can name the span.
    pub(crate) response_id: Option<String>,
}

/// What the span is and names, as far as it has said it.
pub(crate) fn glance(sayings: &Sayings<'_>, vocabularies: Vocabularies) -> Glance {
    let words = Words::new(sayings, vocabularies);
    Glance {
        nature: kinds::nature(&words, vocabularies),
        session: words.first_text(SESSION).map(Cow::into_owned),
        user: words.first_text(USER).map(Cow::into_owned),
        agent: words.first_text(AGENT).map(Cow::into_owned),
        response_id: words.text(gen_ai::RESPONSE_ID).map(Cow::into_owned),
    }
}

/// Whether there is nothing in a value: an empty text, and what shows itself as nothing.
pub(crate) fn is_absent(value: FieldValue<'_>) -> bool {
    decode::is_absent(value)
}

/// Whether a field can change what a [`glance`] says of a span whose kind is known: a word for the kind, or for whom the
/// call belongs to. A count that grows with every piece of an answer cannot.
pub(crate) fn decides(name: &str) -> bool {
    kinds::is_named_kind(name) || kinds::is_context(name) || name == gen_ai::RESPONSE_ID
}

/// Whether the span counts tokens.
pub(crate) fn has_usage(sayings: &Sayings<'_>, vocabularies: Vocabularies) -> bool {
    usage::has_tokens(&Words::new(sayings, vocabularies))
}

/// Everything that a span of this kind said. `is_demoted` is for a model's span around another span of the same call:
/// the kind is `workflow` then, and the model and its usage become metadata.
pub(crate) fn read(sayings: &Sayings<'_>, kind: SpanKind, is_demoted: bool, vocabularies: Vocabularies) -> Reading {
    let words = Words::new(sayings, vocabularies);
    let (annotation, remarks) = annotation(&words, kind, is_demoted);
    Reading {
        annotation,
        remarks,
        went_well: otel::went_well(&words),
        has_lost_input: [INPUT_VALUE, TOOL_INPUT, RETRIEVAL_INPUT, kinds::INPUT_CONTENT]
            .map(|names| words.has_lost(names))
            .contains(&true),
        has_lost_output: [OUTPUT_VALUE, TOOL_OUTPUT, RETRIEVAL_OUTPUT, kinds::OUTPUT_CONTENT]
            .map(|names| words.has_lost(names))
            .contains(&true),
    }
}

/// What is odd about a span that was read so. To find it, much is read once more.
pub(crate) fn remarks_about(
    sayings: &Sayings<'_>,
    kind: SpanKind,
    is_demoted: bool,
    vocabularies: Vocabularies,
    read: &Reading,
) -> RemarkSet {
    let words = Words::new(sayings, vocabularies);
    let mut remarks = read.remarks;
    if !kinds::is_evaluation(&words) {
        remarks.absorb(remarks::remarks(&words, kind, is_demoted, &read.annotation));
    }
    remarks
}

/// The evaluations that a span and its events say, and nothing else of them.
pub(crate) fn evaluations_in(sayings: &Sayings<'_>, vocabularies: Vocabularies) -> Vec<EvaluationDraft> {
    evaluations::evaluations(&Words::new(sayings, vocabularies))
}

fn annotation(words: &Words<'_>, kind: SpanKind, is_demoted: bool) -> (Annotation, RemarkSet) {
    let named_as = if is_demoted { SpanKind::Llm } else { kind };
    let said = content(words, kind, is_demoted);
    let mut annotation = Annotation::new();
    annotation.name = naming::name(words, named_as);
    annotation.session_id = words.first_text(SESSION).map(Cow::into_owned);
    annotation.input = said.input;
    annotation.output = said.output;
    annotation.metadata = metadata::metadata(words);
    annotation.tags = labels::tags(words, kind);
    annotation.error = otel::error(words);
    let model = naming::model(words, named_as);
    if kind.has_model() {
        annotation.model_name = model;
        annotation.model_provider = naming::provider(words);
    } else {
        metadata::put(&mut annotation.metadata, "model", model.map(Value::String));
    }
    let lists = FINISH_REASONS.iter().filter_map(|name| words.get(name)).map(decode::list);
    let told: Vec<String> = lists.into_iter().find(|reasons| !reasons.is_empty()).unwrap_or_default();
    // A choice may come without its content.
    let kept_back = || events::messages(words.events, true).finish_reasons;
    let reasons = [told, said.finish_reasons].into_iter().find(|reasons| !reasons.is_empty()).unwrap_or_else(kept_back);
    if !reasons.is_empty() {
        annotation.metadata.insert("finish_reasons".to_owned(), reasons.into());
    }
    metadata::put(&mut annotation.metadata, "system_instructions", said.instructions.map(Value::String));
    usage::say(words, kind, &mut annotation);
    metadata::say_last(words, &mut annotation.metadata);
    annotation.details = details(words, kind);
    (annotation, said.remarks)
}

/// What only some kinds say.
fn details(words: &Words<'_>, kind: SpanKind) -> Option<Box<AnnotationDetails>> {
    let text = |names: &[&str]| words.first_text(names).map(Cow::into_owned);
    let mut details = AnnotationDetails::default();
    match kind {
        SpanKind::Llm => {
            details.prompt = prompts::prompt(words);
            details.tool_definitions = tools::definitions(words);
        }
        SpanKind::Tool => details.tool_id = text(TOOL_ID),
        SpanKind::Agent => details.agent_version = text(&[gen_ai::AGENT_VERSION]),
        SpanKind::Workflow | SpanKind::Task | SpanKind::Embedding | SpanKind::Retrieval | _ => return None,
    }
    (details != AnnotationDetails::default()).then(|| Box::new(details))
}
