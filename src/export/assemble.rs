//! Recording → [`Outline`]: here the log is read in order, later wins, and the kind decides the forms.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::details::{self, Settled};
use super::encode::{Members, Outline, tag_text};
use super::inner::{Below, Found};
use super::later::read;
use super::links::ToolLinks;
use super::merge;
use super::shape::Given;
use super::value::{argument, datum, number, object, text, unquoted};
use crate::config::broken_rule;
use crate::queue::Queue;
use crate::recording::KindPolicies;
use crate::recording::{DrainedEntry, FieldKey, FieldLog, FieldValue, Head, KindSource, Origin, Recording};
use crate::stats::Problem;
use llmobs_conventions::RemarkSet;
use llmobs_model::{
    Annotation, AnnotationDetails, Metrics, RESERVED_METADATA_KEY, SharedTags, SpanError, SpanKind, TagList, Tags,
};

mod captured;
mod fill;

use fill::{fill_content, fill_error, fill_last_tags, fill_model};

/// Makes events of recordings, with what the whole process has in common.
#[derive(Debug)]
pub(crate) struct Assembler {
    base_tags: Arc<SharedTags>,
    ml_app: String,
    queue: Arc<Queue>,
    /// What may leave of spans that are found here.
    policies: KindPolicies,
    /// Plain strings are read as JSON messages.
    json_in_strings: bool,
    found: Found,
    tool_links: RefCell<ToolLinks>,
    /// Room for what the next span says.
    spare: RefCell<Spare>,
}

#[derive(Debug, Default)]
struct Spare {
    tags: TagList<'static>,
    metadata: Members<'static>,
    metrics: Metrics,
}

impl Assembler {
    /// `base_tags` are those that every span has; `ml_app` is for spans that name none.
    pub(crate) fn new(base_tags: Tags, ml_app: String, queue: Arc<Queue>) -> Self {
        let mut tags = base_tags;
        tags.insert("ml_app", ml_app.clone());
        tags.insert("agent_service", ml_app.clone());
        tags.insert("error", "0");
        tags.remove("error_type");
        let base_tags = tags.into_shared(tag_text);
        Self {
            base_tags,
            ml_app,
            queue,
            policies: KindPolicies::default(),
            json_in_strings: false,
            found: Found::default(),
            tool_links: RefCell::default(),
            spare: RefCell::default(),
        }
    }

    /// Sets what may leave of spans that come to light in the reading of others, and whether plain strings are JSON messages.
    pub(crate) fn reading(self, policies: KindPolicies, json_in_strings: bool) -> Self {
        Self { policies, json_in_strings, ..self }
    }

    /// The application of whatever names none.
    pub(crate) fn ml_app(&self) -> &str {
        &self.ml_app
    }

    /// What a recording comes to. It is emptied, but for the texts, which stay where they are.
    pub(crate) fn assemble<'a>(&self, head: &'a mut Head, log: &'a mut FieldLog) -> Outline<'a> {
        let reading = merge::read(head, log);
        let remarks = reading.as_ref().map(|reading| reading.remarks).unwrap_or_default();
        let target = head.plan.as_ref().map_or("", |plan| plan.target());
        let origin = &mut head.origin;
        let Spare { tags, metadata, metrics } = self.spare.take();
        let mut draft = Draft {
            source: head.source,
            json_in_strings: self.json_in_strings,
            metadata,
            metrics,
            tags,
            ..Draft::default()
        };
        log.drain(|taken| {
            let taken = read(taken, &mut draft.problems);
            draft.apply(taken);
        });
        merge::fill_gaps(&mut draft, reading, head.source);
        self.remark(merge::still_odd(remarks, &draft, head.source), (target, origin.name));
        let mut outline = self.begin(origin, head.kind, &mut draft);
        outline.duration_ns = head.duration_ns;
        fill_model(&mut outline, &mut draft);
        fill_content(&mut outline, &mut draft);
        fill_error(&mut outline, &mut draft, head.panicked);
        outline.metadata = draft.metadata;
        outline.metrics = draft.metrics;
        if head.is_reported_elsewhere {
            outline.metrics.remove_usage();
        }
        let end_ns = origin.start_ns.saturating_add(head.duration_ns);
        let (name, policies) = (&*outline.name, self.policies);
        let below = Below { origin, kind: head.kind, name, end_ns, policy: head.policy, policies };
        draft.problems.extend(self.found.take_over(&mut draft.settled, below, &self.queue).err());
        let passed = origin.parent_defaults.as_deref();
        let tool_id = details::fill(&mut outline, &mut draft.settled, passed, &mut draft.problems);
        if let Ok(mut links) = self.tool_links.try_borrow_mut() {
            links.follow(&mut outline, tool_id.as_deref());
        }
        fill_last_tags(&mut outline);
        for problem in draft.problems {
            self.queue.problems.count(problem, origin.name);
        }
        outline
    }

    /// The next recording of those that came to light while others were read.
    pub(super) fn found(&self) -> Option<Recording> {
        self.found.next()
    }

    /// Notes what is odd about what other crates said.
    fn remark(&self, remarks: RemarkSet, place: (&'static str, &'static str)) {
        for remark in remarks.iter() {
            self.queue.problems.remarks.note((remark.as_str(), remark.explained()), place);
        }
    }

    /// Takes the room back that an outline has, once it is written.
    pub(super) fn take_back(&self, outline: Outline<'_>) {
        let Outline { tags, metadata, metrics, .. } = outline;
        self.spare.replace(Spare { tags: tags.emptied(), metadata: metadata.emptied(), metrics: metrics.emptied() });
    }

    fn begin<'a>(&self, origin: &'a Origin, kind: SpanKind, draft: &mut Draft<'a>) -> Outline<'a> {
        let name = draft.name.take().filter(|name| !name.is_empty());
        let name = name.unwrap_or(Cow::Borrowed(origin.name));
        let mut outline = Outline::new(origin.span_id, origin.trace_id.clone(), kind, name);
        outline.parent_id = origin.parent_id;
        outline.start_ns = origin.start_ns;
        outline.sampling = origin.sampling;
        outline.session_id = origin.session_id.as_deref().map(Cow::Borrowed);
        outline.agent_attribution.clone_from(&origin.agent);
        outline.apm_trace_id = origin.apm.as_ref().map(|apm| apm.trace_id.clone());
        outline.tags = std::mem::take(&mut draft.tags);
        outline.tags.set_shared(&self.base_tags);
        if let Some(ml_app) = origin.ml_app.as_deref().filter(|name| *name != self.ml_app) {
            outline.tags.fill("ml_app", ml_app);
            outline.tags.fill("agent_service", ml_app);
        }
        outline
    }
}

/// What the log says, slot by slot.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    source: KindSource,
    json_in_strings: bool,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) model_name: Option<Cow<'a, str>>,
    pub(super) model_provider: Option<Cow<'a, str>>,
    pub(super) input: Option<Given<'a>>,
    pub(super) output: Option<Given<'a>>,
    pub(super) metadata: Members<'a>,
    pub(super) metrics: Metrics,
    pub(super) tags: TagList<'a>,
    pub(super) error: Option<SpanError>,
    /// What contexts say for it, and clients that saw the call: for the gaps.
    pub(super) assumed: Option<Box<Annotation>>,
    pub(super) fallback: Option<Box<Annotation>>,
    /// What the error value comes from, where no stack is said.
    sources: String,
    /// What an `error` event said; anything explicit wins.
    pub(super) failed: Option<SpanError>,
    /// What else was logged, which is no error of the span.
    pub(super) logged: Option<SpanError>,
    arguments: Map<String, Value>,
    returned: Option<String>,
    pub(super) settled: Settled,
    problems: Vec<Problem>,
}

impl<'a> Draft<'a> {
    fn apply(&mut self, taken: DrainedEntry<'a>) {
        match taken {
            DrainedEntry::Field(meaning, value) => self.field(meaning, value),
            DrainedEntry::Annotation(annotation) if annotation.is_fallback() => {
                lay_over(&mut self.fallback, annotation.annotation);
            }
            DrainedEntry::Annotation(annotation) if annotation.is_context() => {
                lay_over(&mut self.assumed, annotation.annotation);
            }
            DrainedEntry::Annotation(annotation) => self.annotation(annotation.annotation),
        }
    }

    fn field(&mut self, meaning: FieldKey, value: FieldValue<'a>) {
        match meaning {
            // Capture has settled these, and the last three were read before.
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
            FieldKey::Input => self.input = Some(Given::from(value)),
            FieldKey::Output => self.output = Some(Given::from(value)),
            FieldKey::Metadata => self.metadata_object(value),
            FieldKey::MetadataValue(name) => {
                if name != RESERVED_METADATA_KEY {
                    self.metadata.put(name.into(), datum(value));
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

    /// Where the error of a log line goes.
    const fn logged(&mut self) -> &mut Option<SpanError> {
        match self.source {
            KindSource::Explicit => &mut self.failed,
            KindSource::Attributes | KindSource::Demoted => &mut self.logged,
        }
    }

    fn annotation(&mut self, said: Annotation) {
        if let Some(ml_app) = &said.ml_app {
            self.check_ml_app(ml_app);
        }
        self.settled.merge(said.details);
        replace(&mut self.name, said.name.map(Cow::Owned));
        replace(&mut self.model_name, said.model_name.map(Cow::Owned));
        replace(&mut self.model_provider, said.model_provider.map(Cow::Owned));
        replace(&mut self.input, said.input.map(Given::Content));
        replace(&mut self.output, said.output.map(Given::Content));
        if said.error.is_some() {
            self.error = said.error;
            self.sources.clear();
        }
        self.metadata.extend(said.metadata);
        self.metrics.extend(said.metrics);
        self.tags.absorb(said.tags.into_list());
    }

    fn detail(&mut self, read: impl FnOnce(&mut AnnotationDetails) -> Result<(), Problem>) {
        let read = read(self.settled.own_mut());
        self.problems.extend(read.err());
    }

    fn detail_text(&mut self, value: FieldValue<'_>, slot: impl FnOnce(&mut AnnotationDetails) -> &mut Option<String>) {
        *slot(self.settled.own_mut()) = Some(text(value).into_owned());
    }

    /// Capture has taken the application over; a name that breaks a rule is only told of.
    fn check_ml_app(&mut self, name: &str) {
        if !name.is_empty() && broken_rule(name).is_some() {
            self.problems.push(Problem::MlApp);
        }
    }

    /// An error, or whether there is one. Its sources follow it; those of an earlier one end here.
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
            // As one text the intake would take a list apart at its commas.
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
}

fn lay_over(slot: &mut Option<Box<Annotation>>, later: Annotation) {
    match slot {
        Some(said) => said.merge(later),
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

#[cfg(test)]
mod tests;
