//! A span of ours while it is open: what it passes on, and what was said about it so far.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::known::shared;
use super::lineage::{Lineage, Trace};
use super::state::Capture;
use crate::model::{
    AgentAttribution, Annotation, ApmContext, FieldValue, Identity, Log, Meaning, Origin, Passed, Prompt, Recording,
    Said, SpanContext, SpanKind, ToolDefinition,
};
use crate::stats::{LossReason, Problem};
use crate::vocabulary::{SESSION_TAG, prompt_of, session_of_tags, tools_of};

mod policy;
mod room;
mod times;

use policy::restrict;
use room::shed_content;
use times::Times;

/// One open span of ours.
///
/// It ends when it is finished or closed, whichever comes first, and at the latest when the registry
/// drops it: a span never vanishes uncounted.
#[derive(Debug)]
pub(crate) struct SpanRecord {
    pub(super) capture: Arc<Capture>,
    /// `None` until a field or an annotation says it; the span is ours from then on.
    pub(super) kind: Option<SpanKind>,
    started: Instant,
    times: Times,
    /// `None` once it ended.
    pub(super) recording: Option<Box<Recording>>,
    pub(super) trace: Arc<Trace>,
    /// What it has said for those directly below it.
    passed: Option<Arc<Passed>>,
    /// The parent in another process, which a span that is not ours still passes on.
    pub(super) remote: Option<Box<SpanContext>>,
    /// Something has started below it.
    pub(super) has_children: AtomicBool,
    /// The span itself has named these, so that a parent's do not count.
    pub(super) own_session: bool,
    pub(super) own_ml_app: bool,
    /// The place in the APM trace is that of its own span.
    pub(super) is_correlated: bool,
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

impl SpanRecord {
    /// What an open span counts for before it says anything.
    const BASE_BYTES: u64 = 512;
    /// What one span may hold; see [`Visitor`](super::visitor::Visitor), which stops a value in time.
    pub(super) const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// A span that starts now, or `None` when the open spans hold as much as they may.
    pub(crate) fn begin(
        capture: &Arc<Capture>,
        name: &'static str,
        above: Option<Lineage>,
        apm: Option<Arc<ApmContext>>,
    ) -> Option<Self> {
        if !capture.queue.open.begin(Self::BASE_BYTES, capture.open_max_bytes) {
            capture.queue.refuse(LossReason::OpenSpans);
            return None;
        }
        let origin = capture.origin(name, above.as_ref(), apm);
        let recording = capture.queue.spares.recording(origin);
        Some(Self {
            capture: Arc::clone(capture),
            kind: None,
            started: capture.clock.instant(),
            times: Times::default(),
            recording: Some(recording),
            trace: above.map(|above| above.trace).unwrap_or_default(),
            passed: None,
            remote: None,
            has_children: AtomicBool::new(false),
            own_session: false,
            own_ml_app: false,
            is_correlated: false,
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
        restrict(self.policy(&recording.origin), recording.log_mut());
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
        if has_identity && said.has_identity() {
            self.identify_from(&mut recording.origin, said);
        }
        restrict(self.policy(&recording.origin), said);
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
        self.times.take(&annotation);
        recording.origin.policy = annotation.capture.unwrap_or(recording.origin.policy);
        let session_id = annotation.session_id.as_deref().or_else(|| annotation.tags.get(SESSION_TAG));
        self.identify(&mut recording.origin, session_id);
        self.name_ml_app(&mut recording.origin, annotation.ml_app.as_deref());
        self.restrict_annotation(&recording.origin, &mut annotation);
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
        let Some(mut recording) = self.recording.take_if(|_| is_meant) else { return };
        if annotation.refused > 0 {
            self.count(Problem::Annotation, &recording);
        }
        if self.has_room(&recording, annotation.text_bytes()) {
            recording.log_mut().annotate(annotation.clone());
        } else {
            self.count(Problem::Oversize, &recording);
        }
        self.recording = Some(recording);
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
        recording.policy = self.policy(&recording.origin);
        self.settle_times(&mut recording, now);
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

    /// Where the span stands; nothing is known of it once it has ended.
    pub(crate) fn context(&self) -> Option<SpanContext> {
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
        Some(SpanContext {
            ml_app: origin.ml_app.clone(),
            session_id: origin.session_id.clone(),
            sampling: origin.sampling,
            agent,
            apm: origin.apm.clone(),
            ..SpanContext::new(origin.trace_id.clone(), origin.span_id)
        })
    }

    pub(super) fn lineage(&self) -> Option<Lineage> {
        let context = match self.kind {
            Some(_) => self.context(),
            None => self.recording.as_ref().and(self.remote.as_deref()).cloned(),
        }?;
        self.has_children.store(true, Ordering::Relaxed);
        let passed = self.passed.as_ref().zip(self.kind).and_then(|(passed, kind)| passed.below(kind));
        let origin = &self.recording.as_ref()?.origin;
        let (policy, passed) = (origin.policy, self.let_through(origin, passed));
        Some(Lineage { context, is_remote: self.kind.is_none(), policy, passed, trace: Arc::clone(&self.trace) })
    }

    fn identify_from(&mut self, origin: &mut Origin, said: &Log) {
        let Identity { kind, session_id, ml_app, tags, prompt, tools, policy } = said.identity();
        if let Some(kind) = kind {
            match text_of(kind).and_then(|text| text.parse().ok()) {
                Some(kind) => self.kind = Some(kind),
                None => self.capture.queue.problems.count(Problem::UnknownKind, origin.name),
            }
        }
        let tagged = tags.and_then(text_of).and_then(session_of_tags);
        let session = session_id.and_then(name_of).or(tagged.map(Cow::Owned));
        self.identify(origin, session.as_deref());
        self.name_ml_app(origin, ml_app.and_then(name_of).as_deref());
        self.take_policy(origin, policy);
        if let Some(prompt) = prompt.and_then(text_of).and_then(prompt_of) {
            self.pass_on(Some(&prompt), None);
        }
        if let Some(tools) = tools.and_then(text_of).and_then(tools_of) {
            self.pass_on(None, Some(&tools));
        }
    }

    fn identify(&mut self, origin: &mut Origin, session_id: Option<&str>) {
        if let Some(session_id) = session_id.filter(|id| !id.is_empty()) {
            let session_id = shared(session_id);
            self.trace.name_session(&session_id);
            origin.session_id = Some(session_id);
            self.own_session = true;
        }
    }

    /// Keeps what counts for spans that start directly below from now on.
    fn pass_on(&mut self, prompt: Option<&Prompt>, tools: Option<&Vec<ToolDefinition>>) {
        if prompt.is_some() || tools.is_some() {
            Arc::make_mut(self.passed.get_or_insert_default()).take_over(prompt, tools);
        }
    }

    fn name_ml_app(&mut self, origin: &mut Origin, ml_app: Option<&str>) {
        if let Some(ml_app) = ml_app.filter(|name| !name.is_empty()) {
            origin.ml_app = Some(shared(ml_app));
            self.own_ml_app = true;
        }
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
