//! The values of one recording while they are collected, field by field.
//!
//! In: the entries of a log, in the order in which they were recorded; later ones win. Out: the slots that
//! `assemble` and `merge` read. Never: decisions that depend on the kind, but for what `#[instrument]` captured.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::details::{self, Details};
use super::encode::Members;
use super::shape::RawContent;
use super::spare::Spare;
use super::value::{argument, metadata_value, number, object, text, unquoted};
use crate::config::broken_rule;
use crate::recording::{DrainedEntry, FieldKey, FieldValue, KindSource, RecordedAnnotation, Unreadable};
use crate::stats::Problem;
use llmobs_model::{
    Annotation, AnnotationDetails, Content, Metrics, RESERVED_METADATA_KEY, SpanError, SpanKind, TagList,
};

/// The contents of a log, slot by slot.
#[derive(Debug, Default)]
pub(super) struct EventBuilder<'a> {
    pub(super) source: KindSource,
    /// Plain strings are parsed as JSON messages.
    pub(super) json_in_strings: bool,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) model_name: Option<Cow<'a, str>>,
    pub(super) model_provider: Option<Cow<'a, str>>,
    pub(super) input: Option<RawContent<'a>>,
    pub(super) output: Option<RawContent<'a>>,
    pub(super) metadata: Members<'a>,
    pub(super) metrics: Metrics,
    pub(super) tags: TagList<'a>,
    pub(super) error: Option<SpanError>,
    /// Annotations of contexts, and of clients that observed the call. Both only fill gaps.
    pub(super) assumed: Option<Box<Annotation>>,
    pub(super) fallback: Option<Box<Annotation>>,
    /// The chain of sources of the error, which is its stack where no stack was recorded.
    pub(super) sources: String,
    /// The error of an `error` event; an explicit error wins.
    pub(super) failed: Option<SpanError>,
    /// The error of a log line inside a third-party span. Alone it does not make the span fail.
    pub(super) logged: Option<SpanError>,
    arguments: Map<String, Value>,
    returned: Option<String>,
    pub(super) details: Details,
    pub(super) problems: Vec<Problem>,
}

impl<'a> EventBuilder<'a> {
    /// Creates a builder without values, in the collections of an event before.
    pub(super) fn new(source: KindSource, spare: Spare) -> Self {
        let Spare { tags, metadata, metrics } = spare;
        Self { source, metadata, metrics, tags, ..Self::default() }
    }

    /// Adds an entry of the log. Deferred annotations are read here, on the exporter's thread.
    pub(super) fn apply(&mut self, entry: DrainedEntry<'a>) {
        match read_deferred(entry, &mut self.problems) {
            DrainedEntry::Field(key, value) => self.field(key, value),
            DrainedEntry::Annotation(annotation) if annotation.is_fallback() => {
                merge_over(&mut self.fallback, annotation.annotation);
            }
            DrainedEntry::Annotation(annotation) if annotation.is_context() => {
                merge_over(&mut self.assumed, annotation.annotation);
            }
            DrainedEntry::Annotation(annotation) => self.annotation(annotation.annotation),
        }
    }

    fn field(&mut self, key: FieldKey, value: FieldValue<'a>) {
        match key {
            // Capture has decided the first four; `merge` has read the attributes of other conventions, and capture their
            // events.
            FieldKey::Kind
            | FieldKey::SessionId
            | FieldKey::Evaluation(_)
            | FieldKey::Capture
            | FieldKey::Foreign(_)
            | FieldKey::EventStart(_)
            | FieldKey::EventField(_) => {}
            FieldKey::MlApp => self.check_ml_app(&text(value)),
            FieldKey::Name => self.name = Some(text(value)),
            FieldKey::ModelName => self.model_name = Some(text(value)),
            FieldKey::ModelProvider => self.model_provider = Some(text(value)),
            FieldKey::Input => self.input = Some(RawContent::from(value)),
            FieldKey::Output => self.output = Some(RawContent::from(value)),
            FieldKey::Metadata => self.metadata_object(value),
            FieldKey::MetadataValue(name) => {
                if name != RESERVED_METADATA_KEY {
                    self.metadata.put(name.into(), metadata_value(value));
                }
            }
            FieldKey::Metrics => self.metrics_object(value),
            FieldKey::Metric(name) => self.metric(name.into(), number(value)),
            FieldKey::Tags => self.tags_object(value),
            FieldKey::Tag(key) => self.tag(key.into(), text(value)),
            FieldKey::Error => self.error(value),
            FieldKey::ErrorType => self.error.get_or_insert_default().error_type = text(value).into_owned(),
            FieldKey::ErrorMessage => self.error.get_or_insert_default().message = text(value).into_owned(),
            FieldKey::ErrorStack => self.error.get_or_insert_default().stack = text(value).into_owned(),
            FieldKey::ErrorSources => self.sources = text(value).into_owned(),
            FieldKey::Prompt => self.detail(|own| details::read_prompt(own, value)),
            FieldKey::ToolDefinitions => self.detail(|own| details::read_tools(own, value)),
            FieldKey::CostTags => self.detail(|own| details::read_cost_tags(own, value)),
            FieldKey::AgentManifest => self.detail(|own| details::read_manifest(own, value)),
            FieldKey::ToolId => self.detail_text(value, |own| &mut own.tool_id),
            FieldKey::ToolVersion => self.detail_text(value, |own| &mut own.tool_version),
            FieldKey::Intent => self.detail_text(value, |own| &mut own.intent),
            FieldKey::AgentVersion => self.detail_text(value, |own| &mut own.agent_version),
            FieldKey::Argument(name) => drop(self.arguments.insert(name.to_owned(), argument(value))),
            FieldKey::Returned => self.returned = Some(unquoted(value)),
            FieldKey::Failed => self.failed = Some(SpanError::new(text(value))),
            FieldKey::Logged => *self.logged() = Some(SpanError::new(text(value))),
            FieldKey::LoggedSources => self.logged().get_or_insert_default().stack = text(value).into_owned(),
            FieldKey::FailedSources => self.failed.get_or_insert_default().stack = text(value).into_owned(),
        }
    }

    /// Returns the slot for the error of a log line.
    const fn logged(&mut self) -> &mut Option<SpanError> {
        match self.source {
            KindSource::Explicit => &mut self.failed,
            KindSource::Attributes | KindSource::Demoted => &mut self.logged,
        }
    }

    fn annotation(&mut self, annotation: Annotation) {
        if let Some(ml_app) = &annotation.ml_app {
            self.check_ml_app(ml_app);
        }
        self.details.merge(annotation.details);
        replace(&mut self.name, annotation.name.map(Cow::Owned));
        replace(&mut self.model_name, annotation.model_name.map(Cow::Owned));
        replace(&mut self.model_provider, annotation.model_provider.map(Cow::Owned));
        replace(&mut self.input, annotation.input.map(RawContent::Content));
        replace(&mut self.output, annotation.output.map(RawContent::Content));
        if annotation.error.is_some() {
            self.error = annotation.error;
            self.sources.clear();
        }
        self.metadata.extend(annotation.metadata);
        self.metrics.extend(annotation.metrics);
        self.tags.absorb(annotation.tags.into_list());
    }

    fn detail(&mut self, read: impl FnOnce(&mut AnnotationDetails) -> Result<(), Problem>) {
        let read = read(self.details.own_mut());
        self.problems.extend(read.err());
    }

    fn detail_text(&mut self, value: FieldValue<'_>, slot: impl FnOnce(&mut AnnotationDetails) -> &mut Option<String>) {
        *slot(self.details.own_mut()) = Some(text(value).into_owned());
    }

    /// Counts an application name that breaks a rule. Capture has taken the name over already.
    fn check_ml_app(&mut self, name: &str) {
        if !name.is_empty() && broken_rule(name).is_some() {
            self.problems.push(Problem::MlApp);
        }
    }

    /// Sets the error, or clears it with `false`. The sources of an earlier error do not belong to this one; its own
    /// follow.
    fn error(&mut self, value: FieldValue<'_>) {
        self.sources.clear();
        match value {
            FieldValue::Bool(false) => self.error = None,
            FieldValue::Bool(true) => {
                self.error.get_or_insert_default();
            }
            FieldValue::Text(_)
            | FieldValue::Formatted(_)
            | FieldValue::Signed(_)
            | FieldValue::Unsigned(_)
            | FieldValue::Float(_)
            | FieldValue::Oversize => self.error.get_or_insert_default().message = text(value).into_owned(),
        }
    }

    fn metadata_object(&mut self, value: FieldValue<'_>) {
        match object(value) {
            Some(mut members) => {
                members.remove(RESERVED_METADATA_KEY);
                self.metadata.extend(members);
            }
            None => self.problems.push(Problem::Metadata),
        }
    }

    fn metrics_object(&mut self, value: FieldValue<'_>) {
        let Some(members) = object(value) else { return self.problems.push(Problem::Metric) };
        for (name, value) in members {
            self.metric(name.into(), Some(value).filter(Value::is_number));
        }
    }

    fn metric(&mut self, name: Cow<'static, str>, value: Option<Value>) {
        let good = match value {
            Some(Value::Number(number)) => self.metrics.put(name, number),
            _ => false,
        };
        if !good {
            self.problems.push(Problem::Metric);
        }
    }

    fn tags_object(&mut self, value: FieldValue<'_>) {
        let Some(members) = object(value) else { return self.problems.push(Problem::Tag) };
        for (key, value) in members {
            // A list becomes one tag per item: the intake would split its text at the commas.
            let is_good = match value {
                Value::Array(items) => self.tags.put_all(&key, items.into_iter().map(tag_value)),
                one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                    self.tags.put(key, tag_value(one))
                }
            };
            self.check_tag(is_good);
        }
    }

    fn tag(&mut self, key: Cow<'a, str>, value: Cow<'a, str>) {
        let is_good = self.tags.put(key, value);
        self.check_tag(is_good);
    }

    fn check_tag(&mut self, is_good: bool) {
        if !is_good {
            self.problems.push(Problem::Tag);
        }
    }

    /// Returns the arguments of an instrumented function, for kinds whose input is text.
    pub(super) fn captured_input(&mut self, kind: SpanKind) -> Option<RawContent<'a>> {
        let is_input = !kind.has_model() && !self.arguments.is_empty();
        is_input.then(|| RawContent::Content(Content::Json(Value::Object(std::mem::take(&mut self.arguments)))))
    }

    /// Returns the return value of an instrumented function, for kinds whose output is no list of documents or vectors.
    pub(super) fn captured_output(&mut self, kind: SpanKind) -> Option<RawContent<'a>> {
        // The return value of a third-party function is not what the model call put out.
        let returned = self.returned.take().filter(|text| text != "()" && self.source == KindSource::Explicit)?;
        match kind {
            SpanKind::Embedding | SpanKind::Retrieval => None,
            SpanKind::Llm | SpanKind::Workflow | SpanKind::Agent | SpanKind::Tool | SpanKind::Task | _ => {
                Some(RawContent::Content(Content::Text(returned)))
            }
        }
    }
}

fn merge_over(slot: &mut Option<Box<Annotation>>, later: Annotation) {
    match slot {
        Some(earlier) => earlier.merge(later),
        None => *slot = Some(Box::new(later)),
    }
}

fn replace<T>(slot: &mut Option<T>, later: Option<T>) {
    if later.is_some() {
        *slot = later;
    }
}

fn tag_value(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

/// Reads an annotation whose content was deferred; any other entry stays as it is.
#[inline]
fn read_deferred<'a>(entry: DrainedEntry<'a>, problems: &mut Vec<Problem>) -> DrainedEntry<'a> {
    match entry {
        DrainedEntry::Annotation(recorded) if recorded.deferred.is_some() => {
            let precedence = recorded.precedence;
            let (annotation, read) = recorded.map(reset_refused).read();
            problems.extend(read.err().map(|Unreadable| Problem::Unreadable));
            problems.extend((annotation.refused > 0).then_some(Problem::Annotation));
            // A codec marks it in the metadata, where users of `llmobs-providers` alone find it, too.
            problems.extend(annotation.metadata.contains_key(UNREADABLE).then_some(Problem::Unreadable));
            DrainedEntry::Annotation(Box::new(RecordedAnnotation::from(annotation).with_precedence(precedence)))
        }
        other @ (DrainedEntry::Field(..) | DrainedEntry::Annotation(_)) => other,
    }
}

/// The metadata member of a provider's response that could not be read, as `llmobs-providers` names it.
const UNREADABLE: &str = "unreadable_response";

/// Resets the count of refused values, which capture has counted before the content was read.
fn reset_refused(mut annotation: Annotation) -> Annotation {
    annotation.refused = 0;
    annotation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Precedence;

    #[test]
    fn a_deferred_annotation_keeps_its_precedence_when_it_is_read() {
        let deferred = RecordedAnnotation::deferred(1, Annotation::new).with_precedence(Precedence::Fallback);
        let read = read_deferred(DrainedEntry::Annotation(Box::new(deferred)), &mut Vec::new());
        assert!(matches!(read, DrainedEntry::Annotation(annotation) if annotation.is_fallback()));
    }

    #[test]
    fn a_response_that_could_not_be_read_is_counted() {
        for (name, expected) in [(UNREADABLE, vec![Problem::Unreadable]), ("other", vec![])] {
            let deferred = RecordedAnnotation::deferred(1, move || Annotation::new().metadata(name, "not JSON"));
            let mut problems = Vec::new();
            read_deferred(DrainedEntry::Annotation(Box::new(deferred)), &mut problems);
            assert_eq!(problems, expected);
        }
    }
}
