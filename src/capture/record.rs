//! A span of ours while it is open: what it passes on, and what was said about it so far.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::state::Capture;
use crate::clock::nanos_between;
use crate::model::{
    AgentAttribution, Annotation, FieldValue, Identity, Log, Meaning, Origin, Passed, Prompt, Recording, Said,
    Sampling, SpanContext, SpanId, SpanKind, ToolDefinition, TraceId,
};
use crate::queue::Item;
use crate::stats::{LossReason, Problem};
use crate::vocabulary::{SESSION_TAG, prompt_of, session_of_tags, tools_of};

/// One open span of ours.
///
/// It ends when it is finished or closed, whichever comes first, and at the latest when the registry
/// drops it: a span never vanishes uncounted.
#[derive(Debug)]
pub(crate) struct SpanRecord {
    pub(super) capture: Arc<Capture>,
    /// `None` until a field or an annotation says it; the span is ours from then on.
    kind: Option<SpanKind>,
    started: Instant,
    /// `None` once it ended.
    recording: Option<Box<Recording>>,
    pub(super) trace: Arc<Trace>,
    /// What it has said for those directly below it.
    passed: Option<Arc<Passed>>,
    /// Bytes counted for it among the open spans.
    counted_bytes: u64,
    /// What can be evaluated after the span was finished.
    finished: Option<Box<Evaluable>>,
}

/// What an evaluation of a span must know about it.
#[derive(Debug, Clone)]
pub(crate) struct Evaluable {
    pub(crate) context: SpanContext,
    pub(crate) ml_app: Option<Arc<str>>,
}

/// What all spans of a trace share.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The first session that any span named; spans that start afterwards without a nearer one get it.
    session_id: OnceLock<Arc<str>>,
}

/// What a span passes on to those that start below it.
#[derive(Debug, Clone)]
pub(crate) struct Lineage {
    trace_id: TraceId,
    span_id: SpanId,
    sampling: Option<Sampling>,
    session_id: Option<Arc<str>>,
    ml_app: Option<Arc<str>>,
    agent: Option<AgentAttribution>,
    passed: Option<Arc<Passed>>,
    trace: Arc<Trace>,
}

impl SpanRecord {
    /// What an open span counts for before it says anything.
    const BASE_BYTES: u64 = 512;
    /// What one span may hold; see [`Visitor`](super::visitor::Visitor), which stops a value in time.
    pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// A span that starts now, or `None` when the open spans hold as much as they may.
    pub(crate) fn begin(capture: &Arc<Capture>, name: &'static str, above: Option<Lineage>) -> Option<Self> {
        if !capture.queue.open.begin(Self::BASE_BYTES, capture.open_max_bytes) {
            capture.queue.refuse(LossReason::OpenSpans);
            return None;
        }
        let (origin, trace) = capture.origin(name, above);
        let recording = capture.queue.spares.recording(origin);
        Some(Self {
            capture: Arc::clone(capture),
            kind: None,
            started: capture.clock.instant(),
            recording: Some(recording),
            trace,
            passed: None,
            counted_bytes: Self::BASE_BYTES,
            finished: None,
        })
    }

    /// The log to visit the first values into, while nobody else can see the record.
    pub(crate) fn log_mut(&mut self) -> Option<&mut Log> {
        self.recording.as_mut().map(|recording| recording.log_mut())
    }

    /// Takes over what the span says about itself at its start.
    pub(crate) fn settle(&mut self) {
        let Some(mut recording) = self.recording.take() else { return };
        let (origin, said) = recording.said_about();
        self.identify_from(origin, said);
        if !self.has_room(&recording, 0) {
            let mut said = std::mem::take(recording.log_mut());
            self.append_what_fits(&mut recording, &said);
            self.capture.queue.spares.empty(&mut said);
        }
        self.recording = Some(recording);
    }

    /// Takes over what was said later.
    pub(crate) fn apply(&mut self, said: &mut Log, has_identity: bool) {
        let Some(mut recording) = self.recording.take() else { return };
        if has_identity {
            self.identify_from(&mut recording.origin, said);
        }
        if !self.has_room(&recording, said.bytes()) {
            self.append_what_fits(&mut recording, said);
        } else if !recording.log_mut().append(said) {
            self.count(Problem::TooManyValues, &recording);
        }
        self.recording = Some(recording);
    }

    /// Takes over an annotation; `false` when the span has ended.
    pub(crate) fn annotate(&mut self, mut annotation: Annotation) -> bool {
        let Some(mut recording) = self.recording.take() else { return false };
        if annotation.refused > 0 {
            self.count(Problem::Annotation, &recording);
        }
        self.kind = annotation.kind.or(self.kind);
        let session_id = annotation.session_id.as_deref().or_else(|| annotation.tags.get(SESSION_TAG));
        self.identify(&mut recording.origin, session_id);
        if let Some(ml_app) = annotation.ml_app.as_deref().filter(|name| !name.is_empty()) {
            recording.origin.ml_app = Some(ml_app.into());
        }
        if self.has_room(&recording, annotation.text_bytes()) {
            if let Some(details) = &annotation.details {
                self.pass_on(details.prompt.as_ref(), details.tool_definitions.as_ref());
            }
            recording.log_mut().annotate(annotation);
        } else {
            let [input, output] = shed_content(&mut annotation);
            recording.log_mut().annotate(annotation);
            for meaning in input.into_iter().chain(output) {
                recording.log_mut().push(meaning, FieldValue::Oversize);
            }
            self.count(Problem::Oversize, &recording);
        }
        self.recording = Some(recording);
        true
    }

    /// Takes over what an annotation context says, before the span says anything; one for other traces is not heard.
    pub(crate) fn assume(&mut self, annotation: &Annotation, traces: &[Arc<Trace>]) {
        let is_meant = traces.is_empty() || traces.iter().any(|trace| Arc::ptr_eq(trace, &self.trace));
        let Some(recording) = self.recording.as_mut().filter(|_| is_meant) else { return };
        if annotation.refused > 0 {
            self.capture.queue.problems.count(Problem::Annotation, recording.origin.name);
        }
        recording.log_mut().annotate(annotation.clone());
    }

    /// Ends the span now; what is said later is not heard. The recording is for the queue, once no span is
    /// locked any more.
    #[must_use]
    pub(crate) fn end(&mut self, now: Instant) -> Option<Box<Recording>> {
        let mut recording = self.recording.take()?;
        self.capture.queue.open.end(self.counted_bytes);
        let Some(kind) = self.kind else {
            self.capture.queue.spares.give_back([recording]);
            return None;
        };
        recording.kind = kind;
        recording.duration_ns = nanos_between(self.started, now);
        recording.panicked = std::thread::panicking();
        Some(recording)
    }

    /// The layer that the recording goes through: a span can have records of several layers.
    pub(crate) fn sender(&self) -> Arc<Capture> {
        Arc::clone(&self.capture)
    }

    /// Whether an annotation is for it, one that makes a span ours or one that does not.
    pub(crate) const fn hears(&self, makes_ours: bool) -> bool {
        self.recording.is_some() && (makes_ours || self.kind.is_some())
    }

    /// Where the span stands; nothing is known of it once it has ended.
    pub(crate) fn context(&self) -> Option<SpanContext> {
        let recording = self.recording.as_ref().filter(|_| self.kind.is_some())?;
        Some(SpanContext::new(recording.origin.trace_id.clone(), recording.origin.span_id))
    }

    /// The span as it can be evaluated, if it is ours.
    pub(crate) fn evaluable(&self) -> Option<Evaluable> {
        let Some(context) = self.context() else { return self.finished.as_deref().cloned() };
        let ml_app = self.recording.as_ref().and_then(|recording| recording.origin.ml_app.clone());
        Some(Evaluable { context, ml_app })
    }

    /// Remembers that beyond the end, which comes now. A span that closes needs no memory: nobody holds it any more.
    pub(crate) fn stay_evaluable(&mut self) {
        self.finished = self.evaluable().map(Box::new);
    }

    /// What it passes on.
    pub(super) fn lineage(&self) -> Option<Lineage> {
        let kind = self.kind?;
        let recording = self.recording.as_ref()?;
        let origin = &recording.origin;
        let agent = match kind {
            SpanKind::Agent => Some(AgentAttribution::new(Some(&given_name(recording)), origin.span_id)),
            SpanKind::Llm
            | SpanKind::Workflow
            | SpanKind::Tool
            | SpanKind::Task
            | SpanKind::Embedding
            | SpanKind::Retrieval => origin.agent.clone(),
        };
        Some(Lineage {
            trace_id: origin.trace_id.clone(),
            span_id: origin.span_id,
            sampling: origin.sampling,
            session_id: origin.session_id.clone(),
            ml_app: origin.ml_app.clone(),
            agent,
            passed: self.passed.as_ref().and_then(|passed| passed.below(kind)),
            trace: Arc::clone(&self.trace),
        })
    }

    fn identify_from(&mut self, origin: &mut Origin, said: &Log) {
        let Identity { kind, session_id, ml_app, tags, prompt, tools } = said.identity();
        if let Some(kind) = kind {
            match text_of(kind).and_then(|text| text.parse().ok()) {
                Some(kind) => self.kind = Some(kind),
                None => self.capture.queue.problems.count(Problem::UnknownKind, origin.name),
            }
        }
        let tagged = tags.and_then(text_of).and_then(session_of_tags);
        let session = session_id.and_then(name_of).or(tagged.map(Cow::Owned));
        self.identify(origin, session.as_deref());
        if let Some(ml_app) = ml_app.and_then(name_of).filter(|name| !name.is_empty()) {
            origin.ml_app = Some(ml_app.as_ref().into());
        }
        if let Some(prompt) = prompt.and_then(text_of).and_then(prompt_of) {
            self.pass_on(Some(&prompt), None);
        }
        if let Some(tools) = tools.and_then(text_of).and_then(tools_of) {
            self.pass_on(None, Some(&tools));
        }
    }

    /// Keeps what counts for spans that start directly below from now on.
    fn pass_on(&mut self, prompt: Option<&Prompt>, tools: Option<&Vec<ToolDefinition>>) {
        if prompt.is_some() || tools.is_some() {
            Arc::make_mut(self.passed.get_or_insert_default()).take_over(prompt, tools);
        }
    }

    fn identify(&self, origin: &mut Origin, session_id: Option<&str>) {
        if let Some(session_id) = session_id.filter(|id| !id.is_empty()) {
            let session_id: Arc<str> = session_id.into();
            self.trace.session_id.get_or_init(|| Arc::clone(&session_id));
            origin.session_id = Some(session_id);
        }
    }

    /// Appends what was said value by value, with a marker in place of each that there is no room for.
    fn append_what_fits(&mut self, recording: &mut Recording, said: &Log) {
        for said in said.iter() {
            let Said::Field(meaning, value) = said else { continue };
            let bytes = text_of(value).map_or(0, str::len);
            // The earlier value goes first: its room may be enough.
            let mut kept = recording.log_mut().push(meaning, FieldValue::Oversize);
            if self.has_room(recording, bytes) {
                kept &= recording.log_mut().push(meaning, value);
            } else {
                self.count(Problem::Oversize, recording);
            }
            if !kept {
                self.count(Problem::TooManyValues, recording);
            }
        }
    }

    /// Whether the span may hold so many bytes more, by itself and with all others that are open. What it then
    /// holds is counted in coarse steps.
    fn has_room(&mut self, recording: &Recording, more: usize) -> bool {
        const STEP: u64 = 4 * 1024;
        let held = recording.bytes().saturating_add(more);
        if held > Self::MAX_BYTES {
            return false;
        }
        let held = u64::try_from(held).unwrap_or(u64::MAX);
        let uncounted = held.saturating_sub(self.counted_bytes);
        if uncounted < STEP {
            return true;
        }
        let has_room = self.capture.queue.open.grow(uncounted, self.capture.open_max_bytes);
        if has_room {
            self.counted_bytes = held;
        }
        has_room
    }

    fn count(&self, problem: Problem, recording: &Recording) {
        self.capture.queue.problems.count(problem, recording.origin.name);
    }
}

impl Drop for SpanRecord {
    fn drop(&mut self) {
        if let Some(recording) = self.end(self.capture.clock.instant()) {
            self.capture.send(recording);
        }
    }
}

impl Capture {
    /// Hands a finished recording over; a refusal is counted where it happens.
    pub(crate) fn send(&self, recording: Box<Recording>) {
        let _ = self.queue.push(Item::Span(recording));
    }

    /// Where a new span stands, and the trace it belongs to.
    fn origin(&self, name: &'static str, above: Option<Lineage>) -> (Origin, Arc<Trace>) {
        let start_ns = self.clock.wall_ns();
        let span_id = self.ids.span_id();
        let Some(above) = above else {
            let trace_id = self.ids.trace_id(start_ns);
            let sampling = Some(Sampling::decide(self.sample_rate, &trace_id));
            let (parent_id, session_id, ml_app, agent, passed) = (None, None, None, None, None);
            let origin =
                Origin { name, span_id, trace_id, parent_id, start_ns, sampling, session_id, ml_app, agent, passed };
            return (origin, Arc::default());
        };
        let session_id = above.session_id.or_else(|| above.trace.session_id.get().cloned());
        let origin = Origin {
            name,
            span_id,
            trace_id: above.trace_id,
            parent_id: Some(above.span_id),
            start_ns,
            sampling: above.sampling,
            session_id,
            ml_app: above.ml_app,
            agent: above.agent,
            passed: above.passed,
        };
        (origin, above.trace)
    }
}

/// What the span is called so far.
fn given_name(recording: &Recording) -> String {
    let mut name = recording.origin.name;
    for said in recording.log().iter() {
        match said {
            Said::Field(Meaning::Name, value) => name = text_of(value).unwrap_or(name),
            Said::Annotation(annotation) => name = annotation.name.as_deref().unwrap_or(name),
            Said::Field(..) => {}
        }
    }
    name.to_owned()
}

/// Takes out what can be large, and says of which content a marker is to stand in the place.
fn shed_content(annotation: &mut Annotation) -> [Option<Meaning>; 2] {
    annotation.metadata.clear();
    annotation.details = None;
    let input = annotation.input.take().map(|_| Meaning::Input);
    let output = annotation.output.take().map(|_| Meaning::Output);
    [input, output]
}

fn text_of(value: FieldValue<'_>) -> Option<&str> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => Some(text),
        FieldValue::Signed(_)
        | FieldValue::Unsigned(_)
        | FieldValue::Float(_)
        | FieldValue::Bool(_)
        | FieldValue::Oversize => None,
    }
}

/// A name or an id, which may have come as a number.
fn name_of(value: FieldValue<'_>) -> Option<Cow<'_, str>> {
    match value {
        FieldValue::Text(text) | FieldValue::Formatted(text) => Some(Cow::Borrowed(text)),
        FieldValue::Signed(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Unsigned(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Float(number) => Some(Cow::Owned(number.to_string())),
        FieldValue::Bool(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
        FieldValue::Oversize => None,
    }
}
