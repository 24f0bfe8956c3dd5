//! Recording → [`Outline`]: here the log is read in order, later wins, and the kind decides the forms.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::details::{self, Settled};
use super::encode::{Members, Outline, tag_text};
use super::links::ToolLinks;
use super::shape::{Given, Side, shape};
use super::value::{argument, datum, number, object, text, unquoted};
use crate::config::broken_rule;
use crate::model::{
    Annotation, Content, Details, FieldValue, Meaning, Metrics, Origin, RESERVED, Recording, SharedTags, SpanError,
    SpanKind, Status, TagList, Tags, Taken,
};
use crate::queue::Queue;
use crate::stats::Problem;
use crate::vocabulary::SESSION_TAG;

/// Makes events of recordings, with what the whole process has in common.
#[derive(Debug)]
pub(crate) struct Assembler {
    base_tags: Arc<SharedTags>,
    ml_app: String,
    queue: Arc<Queue>,
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
        Self {
            base_tags: tags.into_base(tag_text),
            ml_app,
            queue,
            tool_links: RefCell::default(),
            spare: RefCell::default(),
        }
    }

    /// The application of whatever names none.
    pub(crate) fn ml_app(&self) -> &str {
        &self.ml_app
    }

    /// What a recording comes to. It is emptied, but for the texts, which stay where they are.
    pub(crate) fn assemble<'a>(&self, recording: &'a mut Recording) -> Outline<'a> {
        let Recording { origin, kind, duration_ns, panicked, is_reported_elsewhere, log, .. } = recording;
        let Spare { tags, metadata, metrics } = self.spare.take();
        let mut draft = Draft { metadata, metrics, tags, ..Draft::default() };
        log.drain(|taken| draft.apply(taken));
        let mut outline = self.begin(origin, *kind, &mut draft);
        outline.duration_ns = *duration_ns;
        fill_model(&mut outline, &mut draft);
        fill_content(&mut outline, &mut draft);
        fill_error(&mut outline, &mut draft, *panicked);
        outline.metadata = draft.metadata;
        outline.metrics = draft.metrics;
        if *is_reported_elsewhere {
            outline.metrics.remove_usage();
        }
        let passed = origin.passed.as_deref();
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
        outline.tags.stand_above(&self.base_tags);
        if let Some(ml_app) = origin.ml_app.as_deref().filter(|name| *name != self.ml_app) {
            outline.tags.fill("ml_app", ml_app);
            outline.tags.fill("agent_service", ml_app);
        }
        outline
    }
}

fn fill_model<'a>(outline: &mut Outline<'a>, draft: &mut Draft<'a>) {
    if !outline.kind.has_model() {
        return;
    }
    let provider = draft.model_provider.take().filter(|text| !text.is_empty()).map(lowercase);
    outline.model_provider = Some(provider.unwrap_or(Cow::Borrowed(CUSTOM)));
    let name = draft.model_name.take().filter(|text| !text.is_empty());
    outline.model_name = Some(name.unwrap_or(Cow::Borrowed(CUSTOM)));
}

fn lowercase(text: Cow<'_, str>) -> Cow<'_, str> {
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { text } else { Cow::Owned(text.to_lowercase()) }
}

fn fill_content<'a>(outline: &mut Outline<'a>, draft: &mut Draft<'a>) {
    let input = draft.input.take().or_else(|| draft.captured_input(outline.kind));
    let output = draft.output.take().or_else(|| draft.captured_output(outline.kind));
    for (side, given) in [(Side::Input, input), (Side::Output, output)] {
        let Some(given) = given else { continue };
        if matches!(given, Given::Oversize) && outline.collection_errors.is_empty() {
            outline.collection_errors.push(super::encode::DROPPED_IO.to_owned());
        }
        match (shape(outline.kind, side, given), side) {
            (Some(content), Side::Input) => outline.input = Some(content),
            (Some(content), Side::Output) => outline.output = Some(content),
            (None, _) => draft.problems.push(Problem::Shape),
        }
    }
}

fn fill_error(outline: &mut Outline<'_>, draft: &mut Draft<'_>, panicked: bool) {
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
    outline.status = Status::Error;
    outline.error = Some(error);
}

/// The tags that must agree with what they repeat: the session, which capture has settled, and the status, which
/// nobody can set.
fn fill_last_tags(outline: &mut Outline<'_>) {
    if let Some(session_id) = &outline.session_id {
        outline.tags.put(SESSION_TAG, session_id.clone());
    }
    if let Some(error) = &outline.error {
        outline.tags.put("error", "1");
        outline.tags.put("error_type", error.error_type.clone());
        return;
    }
    // The base has `error:0`.
    outline.tags.remove_own("error");
    outline.tags.remove_own("error_type");
}

/// What the log says, slot by slot.
#[derive(Debug, Default)]
struct Draft<'a> {
    name: Option<Cow<'a, str>>,
    model_name: Option<Cow<'a, str>>,
    model_provider: Option<Cow<'a, str>>,
    input: Option<Given<'a>>,
    output: Option<Given<'a>>,
    metadata: Members<'a>,
    metrics: Metrics,
    tags: TagList<'a>,
    error: Option<SpanError>,
    /// What the error value comes from, where no stack is said.
    sources: String,
    /// What an `error` event said; anything explicit wins.
    failed: Option<SpanError>,
    arguments: Map<String, Value>,
    returned: Option<String>,
    settled: Settled,
    problems: Vec<Problem>,
}

impl<'a> Draft<'a> {
    fn apply(&mut self, taken: Taken<'a>) {
        match taken {
            Taken::Field(meaning, value) => self.field(meaning, value),
            Taken::Annotation(annotation) => self.annotation(*annotation),
        }
    }

    fn field(&mut self, meaning: Meaning, value: FieldValue<'a>) {
        match meaning {
            // Capture has settled these.
            Meaning::Kind | Meaning::SessionId | Meaning::Evaluation(_) | Meaning::Capture => {}
            Meaning::MlApp => self.check_ml_app(&text(value)),
            Meaning::Name => self.name = Some(text(value)),
            Meaning::ModelName => self.model_name = Some(text(value)),
            Meaning::ModelProvider => self.model_provider = Some(text(value)),
            Meaning::Input => self.input = Some(Given::from(value)),
            Meaning::Output => self.output = Some(Given::from(value)),
            Meaning::Metadata => self.metadata_object(value),
            Meaning::MetadataValue(name) => {
                if name != RESERVED {
                    self.metadata.put(name.into(), datum(value));
                }
            }
            Meaning::Metrics => self.metrics_object(value),
            Meaning::Metric(name) => self.metric(name.into(), number(value)),
            Meaning::Tags => self.tags_object(value),
            Meaning::Tag(key) => self.tag(key.into(), text(value)),
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
            Meaning::FailedSources => self.failed.get_or_insert_default().stack = text(value).into_owned(),
        }
    }

    fn annotation(&mut self, said: Annotation) {
        if let Some(ml_app) = &said.ml_app {
            self.check_ml_app(ml_app);
        }
        self.settled.merge(said.details, said.is_context);
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
            Some(mut members) => {
                members.remove(RESERVED);
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

    /// The arguments of an instrumented function, for kinds whose input is text.
    fn captured_input(&mut self, kind: SpanKind) -> Option<Given<'a>> {
        let wanted = !kind.has_model() && !self.arguments.is_empty();
        wanted.then(|| Given::Content(Content::Json(Value::Object(std::mem::take(&mut self.arguments)))))
    }

    /// What an instrumented function returned, for kinds whose output is no list of documents or vectors.
    fn captured_output(&mut self, kind: SpanKind) -> Option<Given<'a>> {
        let returned = self.returned.take().filter(|text| text != "()")?;
        match kind {
            SpanKind::Embedding | SpanKind::Retrieval => None,
            SpanKind::Llm | SpanKind::Workflow | SpanKind::Agent | SpanKind::Tool | SpanKind::Task => {
                Some(Given::Content(Content::Text(returned)))
            }
        }
    }
}

/// What the model or its provider is called when nobody says; the value of the public documents and of the
/// Node, Go and Java SDKs.
const CUSTOM: &str = "custom";

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
