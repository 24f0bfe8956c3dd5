//! The inner door: spans in the words of other crates.
//!
//! Capture asks about a callsite once ([`declared`], [`is_known_field`]) and about a span when it ends ([`nature`],
//! [`session`], [`agent_name`], [`has_usage`]); the worker reads it ([`read`]).

use crate::model::{Annotation, Evaluation, FieldValue, SpanKind};

pub(crate) use super::selection::Vocabularies;

/// What the declared names of a callsite promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Declared {
    /// No word of any vocabulary.
    Nothing,
    /// Words about whom a call belongs to; never a span by themselves.
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
    pub(crate) evaluations: Vec<EvaluationDraft>,
    /// The span says that it went well: an error that was merely logged inside does not make it fail.
    pub(crate) went_well: bool,
}

/// An evaluation that is not joined with a span yet.
#[derive(Debug, Clone)]
pub(crate) struct EvaluationDraft {
    /// Without a span, a time and an application; its scope is the trace where the span's trace is meant.
    pub(crate) evaluation: Evaluation,
    /// Which of the events said it; `None` when the span's own fields did.
    pub(crate) event: Option<usize>,
    /// The response it is about, which may be of another span.
    pub(crate) response_id: Option<String>,
}

/// What model and provider of a span are called that only other vocabularies know and that names none.
pub(crate) const UNKNOWN_MODEL: &str = "unknown";

/// What a callsite's declared names say, once per callsite.
pub(crate) fn declared(
    _vocabularies: Vocabularies,
    _target: &str,
    _span_name: &str,
    _fields: impl Iterator<Item = &'static str>,
) -> Declared {
    Declared::Nothing
}

/// Whether the value of a span's field is to be kept.
pub(crate) fn is_known_field(_vocabularies: Vocabularies, _target: &str, _name: &str) -> bool {
    false
}

/// Whether the fields of an event inside a span are to be kept: all of them, then.
pub(crate) fn is_known_event(
    _vocabularies: Vocabularies,
    _metadata_name: &str,
    _is_error: bool,
    _fields: impl Iterator<Item = &'static str>,
) -> bool {
    false
}

/// What the span is. Cheap: it looks at names and a few short values.
pub(crate) fn nature(_sayings: &Sayings<'_>, _vocabularies: Vocabularies) -> Nature {
    Nature::Undecided
}

/// The conversation that the span names.
pub(crate) fn session(_sayings: &Sayings<'_>, _vocabularies: Vocabularies) -> Option<String> {
    None
}

/// The agent that the span names: for spans below an agent, whose work they are.
pub(crate) fn agent_name(_sayings: &Sayings<'_>, _vocabularies: Vocabularies) -> Option<String> {
    None
}

/// Whether the span counts tokens.
pub(crate) fn has_usage(_sayings: &Sayings<'_>, _vocabularies: Vocabularies) -> bool {
    false
}

/// Everything that a span of this kind said. `is_demoted` is for a model's span around another span of the same call:
/// the kind is `workflow` then, and the model and its usage become metadata.
pub(crate) fn read(_sayings: &Sayings<'_>, _kind: SpanKind, _is_demoted: bool, _vocabularies: Vocabularies) -> Reading {
    Reading::default()
}
