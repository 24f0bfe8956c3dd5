//! Recording → [`SpanEvent`]: here the log is read in order, later wins, and the kind decides the forms.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::details::{self, Settled};
use super::encode::tag_text;
use super::later::read;
use super::links::ToolLinks;
use super::merge;
use super::shape::{Given, Side, shape};
use super::value::{argument, number, object, structured, text, unquoted};
use crate::config::broken_rule;
use crate::model::{
    Annotation, Details, FieldValue, KindSource, Meaning, Metrics, RESERVED, Recording, SharedTags, SpanError,
    SpanEvent, Status, Tags, Taken,
};
use crate::queue::Queue;
use crate::stats::Problem;
use crate::vocabulary::{SESSION_TAG, UNKNOWN_MODEL, Vocabularies};

mod captured;

/// Makes events of recordings, with what the whole process has in common.
#[derive(Debug)]
pub(crate) struct Assembler {
    base_tags: Arc<SharedTags>,
    ml_app: String,
    vocabularies: Vocabularies,
    queue: Arc<Queue>,
    tool_links: RefCell<ToolLinks>,
}

impl Assembler {
    /// `base_tags` are those that every span has; `ml_app` is for spans that name none.
    pub(crate) fn new(base_tags: Tags, ml_app: String, vocabularies: Vocabularies, queue: Arc<Queue>) -> Self {
        let mut tags = base_tags;
        tags.insert("ml_app", ml_app.clone());
        tags.insert("agent_service", ml_app.clone());
        tags.insert("error", "0");
        tags.remove("error_type");
        Self { base_tags: tags.into_base(tag_text), ml_app, vocabularies, queue, tool_links: RefCell::default() }
    }

    /// The application of whatever names none.
    pub(crate) fn ml_app(&self) -> &str {
        &self.ml_app
    }

    /// The event of a recording, which is emptied.
    pub(crate) fn assemble(&self, recording: &mut Recording) -> SpanEvent {
        let mut draft = Draft { source: recording.source, ..Draft::default() };
        let reading = merge::read(recording, self.vocabularies);
        recording.log_mut().drain(|taken| {
            let taken = read(taken, &mut draft.problems);
            draft.apply(taken);
        });
        merge::fill_gaps(&mut draft, reading, recording.source);
        let place = recording.origin.name;
        let mut event = self.begin(recording, &mut draft);
        fill_model(&mut event, &mut draft);
        fill_content(&mut event, &mut draft);
        fill_error(&mut event, &mut draft, recording.panicked);
        event.metadata = draft.metadata;
        event.metrics = draft.metrics;
        if recording.is_reported_elsewhere {
            event.metrics.remove_usage();
        }
        event.tags.absorb(draft.tags);
        self.fill_details(&mut event, &mut draft.settled, recording, &mut draft.problems);
        fill_last_tags(&mut event);
        for problem in draft.problems {
            self.queue.problems.count(problem, place);
        }
        event
    }

    fn begin(&self, recording: &Recording, draft: &mut Draft) -> SpanEvent {
        let origin = &recording.origin;
        let name = draft.name.take().filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| origin.name.to_owned());
        let mut event = SpanEvent::new(origin.span_id, origin.trace_id.clone(), recording.kind, name);
        event.parent_id = origin.parent_id;
        event.start_ns = origin.start_ns;
        event.duration_ns = recording.duration_ns;
        event.sampling = origin.sampling;
        event.session_id = origin.session_id.as_deref().map(str::to_owned);
        event.agent_attribution.clone_from(&origin.agent);
        event.apm_trace_id = origin.apm.as_ref().map(|apm| apm.trace_id.clone());
        event.tags = Tags::above(Arc::clone(&self.base_tags));
        if let Some(ml_app) = origin.ml_app.as_deref().filter(|name| *name != self.ml_app) {
            event.tags.put("ml_app", ml_app.to_owned());
            event.tags.put("agent_service", ml_app.to_owned());
        }
        event
    }

    fn fill_details(
        &self,
        event: &mut SpanEvent,
        settled: &mut Settled,
        recording: &Recording,
        problems: &mut Vec<Problem>,
    ) {
        let tool_id = details::fill(event, settled, recording.origin.passed.as_deref(), problems);
        if let Ok(mut links) = self.tool_links.try_borrow_mut() {
            links.follow(event, tool_id.as_deref());
        }
    }
}

fn fill_model(event: &mut SpanEvent, draft: &mut Draft) {
    if !event.kind.has_model() {
        return;
    }
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let provider = given(draft.model_provider.take()).map(|provider| provider.to_lowercase());
    let default = match draft.source {
        KindSource::Said => CUSTOM,
        KindSource::Found | KindSource::Demoted => UNKNOWN_MODEL,
    };
    event.model_provider = Some(provider.unwrap_or_else(|| default.to_owned()));
    event.model_name = Some(given(draft.model_name.take()).unwrap_or_else(|| default.to_owned()));
}

fn fill_content(event: &mut SpanEvent, draft: &mut Draft) {
    let input = draft.input.take().or_else(|| draft.captured_input(event.kind));
    let output = draft.output.take().or_else(|| draft.captured_output(event.kind));
    for (side, given) in [(Side::Input, input), (Side::Output, output)] {
        let Some(given) = given else { continue };
        if matches!(given, Given::Oversize) && event.collection_errors.is_empty() {
            event.collection_errors.push(super::encode::DROPPED_IO.to_owned());
        }
        match (shape(event.kind, side, given), side) {
            (Some(content), Side::Input) => event.input = Some(content),
            (Some(content), Side::Output) => event.output = Some(content),
            (None, _) => draft.problems.push(Problem::Shape),
        }
    }
}

fn fill_error(event: &mut SpanEvent, draft: &mut Draft, panicked: bool) {
    let mut error = match (draft.error.take(), draft.failed.take()) {
        (Some(explicit), _) if explicit.stack.is_empty() => explicit.stack(std::mem::take(&mut draft.sources)),
        (Some(explicit), _) => explicit,
        (None, Some(failed)) => failed,
        (None, None) if panicked => SpanError::new("the thread panicked").error_type("panic"),
        (None, None) => return,
    };
    if error.error_type.is_empty() {
        "Error".clone_into(&mut error.error_type);
    }
    event.status = Status::Error;
    event.error = Some(error);
}

/// The tags that must agree with what they repeat: the session, which capture has settled, and the status, which
/// nobody can set.
fn fill_last_tags(event: &mut SpanEvent) {
    if let Some(session_id) = &event.session_id {
        event.tags.put(SESSION_TAG, session_id.clone());
    }
    if let Some(error) = &event.error {
        event.tags.put("error", "1");
        event.tags.put("error_type", error.error_type.clone());
        return;
    }
    // The base has `error:0`.
    event.tags.remove_own("error");
    event.tags.remove_own("error_type");
}

/// What the log says, slot by slot.
#[derive(Debug, Default)]
pub(super) struct Draft {
    source: KindSource,
    pub(super) name: Option<String>,
    pub(super) model_name: Option<String>,
    pub(super) model_provider: Option<String>,
    pub(super) input: Option<Given>,
    pub(super) output: Option<Given>,
    pub(super) metadata: Map<String, Value>,
    pub(super) metrics: Metrics,
    pub(super) tags: Tags,
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

impl Draft {
    fn apply(&mut self, taken: Taken<'_>) {
        match taken {
            Taken::Field(meaning, value) => self.field(meaning, value),
            Taken::LargeInput(text) => self.input = Some(Given::Field(text)),
            Taken::LargeOutput(text) => self.output = Some(Given::Field(text)),
            Taken::Annotation(annotation) if annotation.is_fallback => lay_over(&mut self.fallback, annotation),
            Taken::Annotation(annotation) if annotation.is_context => lay_over(&mut self.assumed, annotation),
            Taken::Annotation(annotation) => self.annotation(*annotation),
        }
    }

    fn field(&mut self, meaning: Meaning, value: FieldValue<'_>) {
        match meaning {
            // Capture has settled these, and the last three were read before.
            Meaning::Kind
            | Meaning::SessionId
            | Meaning::Evaluation(_)
            | Meaning::Capture
            | Meaning::Foreign(_)
            | Meaning::EventStart(_)
            | Meaning::EventField(_) => {}
            Meaning::MlApp => self.check_ml_app(&text(value)),
            Meaning::Name => self.name = Some(text(value).into_owned()),
            Meaning::ModelName => self.model_name = Some(text(value).into_owned()),
            Meaning::ModelProvider => self.model_provider = Some(text(value).into_owned()),
            Meaning::Input => self.input = Some(Given::from(value)),
            Meaning::Output => self.output = Some(Given::from(value)),
            Meaning::Metadata => self.metadata_object(value),
            Meaning::MetadataValue(name) => {
                if name != RESERVED {
                    self.metadata.insert(name.to_owned(), structured(value));
                }
            }
            Meaning::Metrics => self.metrics_object(value),
            Meaning::Metric(name) => self.metric(name.into(), number(value)),
            Meaning::Tags => self.tags_object(value),
            Meaning::Tag(key) => self.tag(key.into(), text(value).into_owned()),
            Meaning::Error => self.error(value),
            Meaning::ErrorType => self.error.get_or_insert_default().error_type = text(value).into_owned(),
            Meaning::ErrorMessage => self.error.get_or_insert_default().message = text(value).into_owned(),
            Meaning::ErrorStack => self.error.get_or_insert_default().stack = text(value).into_owned(),
            Meaning::ErrorSources => self.sources = text(value).into_owned(),
            Meaning::Prompt => self.detail(|own| details::read_prompt(own, value)),
            Meaning::ToolDefinitions => self.detail(|own| details::read_tools(own, value)),
            Meaning::CostTags => self.detail(|own| details::read_cost_tags(own, value)),
            Meaning::AgentManifest => self.detail(|own| details::read_manifest(own, value)),
            Meaning::ToolId => self.detail_text(value, |own| &mut own.tool_id),
            Meaning::ToolVersion => self.detail_text(value, |own| &mut own.tool_version),
            Meaning::Intent => self.detail_text(value, |own| &mut own.intent),
            Meaning::AgentVersion => self.detail_text(value, |own| &mut own.agent_version),
            Meaning::Argument(name) => drop(self.arguments.insert(name.to_owned(), argument(value))),
            Meaning::Returned => self.returned = Some(unquoted(value)),
            Meaning::Failed => self.failed = Some(SpanError::new(text(value))),
            Meaning::Logged => *self.logged() = Some(SpanError::new(text(value))),
            Meaning::LoggedSources => self.logged().get_or_insert_default().stack = text(value).into_owned(),
            Meaning::FailedSources => self.failed.get_or_insert_default().stack = text(value).into_owned(),
        }
    }

    /// Where the error of a log line goes.
    const fn logged(&mut self) -> &mut Option<SpanError> {
        match self.source {
            KindSource::Said => &mut self.failed,
            KindSource::Found | KindSource::Demoted => &mut self.logged,
        }
    }

    fn annotation(&mut self, said: Annotation) {
        if let Some(ml_app) = &said.ml_app {
            self.check_ml_app(ml_app);
        }
        self.settled.merge(said.details);
        replace(&mut self.name, said.name);
        replace(&mut self.model_name, said.model_name);
        replace(&mut self.model_provider, said.model_provider);
        replace(&mut self.input, said.input.map(Given::Content));
        replace(&mut self.output, said.output.map(Given::Content));
        if said.error.is_some() {
            self.error = said.error;
            self.sources.clear();
        }
        self.metadata.extend(said.metadata);
        self.metrics.extend(said.metrics);
        self.tags.extend(&said.tags);
    }

    fn detail(&mut self, read: impl FnOnce(&mut Details) -> Result<(), Problem>) {
        let read = read(self.settled.own_mut());
        self.problems.extend(read.err());
    }

    fn detail_text(&mut self, value: FieldValue<'_>, slot: impl FnOnce(&mut Details) -> &mut Option<String>) {
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
            Some(members) => self.metadata.extend(members.into_iter().filter(|(name, _)| name != RESERVED)),
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
                Value::Array(items) => self.tags.insert_all(key, items.into_iter().map(tag_value)),
                one @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
                    self.tags.insert(key, tag_value(one))
                }
            };
            self.check_tag(is_good);
        }
    }

    fn tag(&mut self, key: Cow<'static, str>, value: String) {
        let is_good = self.tags.put(key, value);
        self.check_tag(is_good);
    }

    fn check_tag(&mut self, is_good: bool) {
        if !is_good {
            self.problems.push(Problem::Tag);
        }
    }
}

/// What the model or its provider is called when nobody says; the value of the public documents and of the
/// Node, Go and Java SDKs.
const CUSTOM: &str = "custom";

fn lay_over(slot: &mut Option<Box<Annotation>>, later: Box<Annotation>) {
    match slot {
        Some(said) => said.merge(*later),
        None => *slot = Some(later),
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
