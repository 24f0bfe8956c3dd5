//! A span of ours while it is open: what it passes on, and what was said about it so far.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::ended::Ended;
use super::kinship::Kinship;
use super::known::shared;
use super::lineage::{Inherited, Lineage, Position, Trace};
use super::state::Capture;
use crate::fields::{SESSION_TAG, prompt_of, session_of_tags, tools_of};
use crate::queue::{keep_recording, spare_recording};
use crate::recording::ChildDefaults;
use crate::recording::{FieldLog, FieldValue, Head, Identity, Origin, Precedence, RecordedAnnotation, Recording};
use crate::stats::Problem;
use llmobs_model::{
    AgentAttribution, Annotation, ApmContext, CapturePolicy, Prompt, SpanContext, SpanKind, ToolDefinition,
};

mod claim;
mod policy;
mod room;
mod said;
mod times;

pub(super) use claim::join_draft;
use claim::{Claim, counts_tokens};
use policy::restrict;
use room::shed_content;
use said::{assume_user, given_name, name_of, text_of};
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
    passed: Option<Arc<ChildDefaults>>,
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
    /// What is known from the words of other crates, if there are such.
    claim: Option<Box<Claim>>,
    kinship: Kinship,
}

/// What an evaluation of a span must know about it.
#[derive(Debug, Clone)]
pub(crate) struct Evaluable {
    pub(crate) context: SpanContext,
    pub(crate) ml_app: Option<Arc<str>>,
    /// What holds for what libraries say of it.
    pub(crate) policy: CapturePolicy,
    /// Nothing of its trace leaves.
    pub(crate) is_off: bool,
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
            return None;
        }
        let (span_id, start_ns) = (capture.ids.span_id(), capture.clock.wall_ns());
        let (mut inherited, trace, slate) = match above {
            Some(above) => above.split(span_id),
            None => (Inherited::NOTHING, Arc::new(Trace::of(span_id)), None),
        };
        inherited.apm = apm;
        let origin = capture.place((name, span_id, start_ns), inherited);
        let mut recording = spare_recording();
        recording.head = Head::new(origin);
        if let Some(slate) = &slate {
            assume_user(&mut recording, slate);
        }
        Some(Self {
            capture: Arc::clone(capture),
            kind: None,
            started: capture.clock.instant(),
            times: Times::default(),
            recording: Some(recording),
            trace,
            passed: None,
            remote: None,
            has_children: AtomicBool::new(false),
            own_session: false,
            own_ml_app: false,
            is_correlated: false,
            counted_bytes: Self::BASE_BYTES,
            finished: None,
            claim: None,
            kinship: Kinship::below(slate),
        })
    }

    /// The log to visit the first values into, while nobody else can see the record.
    pub(crate) fn log_mut(&mut self) -> Option<&mut FieldLog> {
        self.recording.as_mut().map(|recording| recording.log_mut())
    }

    /// Takes over what the span says about itself at its start.
    pub(crate) fn settle(&mut self) {
        let Some(mut recording) = self.recording.take() else { return };
        let (origin, said) = recording.said_about();
        self.identify_from(origin, said);
        if self.claim.is_some() {
            self.recognise(&mut recording);
        }
        restrict(self.policy(&recording.head.origin), recording.log_mut());
        if !self.has_room(&recording, 0) {
            let mut said = std::mem::take(recording.log_mut());
            self.append_what_fits(&mut recording, &said);
            self.capture.queue.spare_texts.empty(&mut said);
        }
        self.recording = Some(recording);
    }

    /// Takes over what was said later.
    pub(crate) fn apply(&mut self, said: &mut FieldLog, has_identity: bool) {
        let Some(mut recording) = self.recording.take() else { return };
        if has_identity && said.has_identity() {
            self.identify_from(&mut recording.head.origin, said);
        }
        restrict(self.policy(&recording.head.origin), said);
        let is_told_more = self.is_told_more(said, recording.log());
        if !self.has_room(&recording, said.bytes()) {
            self.append_what_fits(&mut recording, said);
        } else if !recording.log_mut().append(said) {
            self.count(Problem::TooManyValues, &recording);
        }
        if is_told_more {
            self.recognise(&mut recording);
        }
        self.recording = Some(recording);
    }

    /// Takes over an annotation; `false` when the span has ended.
    pub(crate) fn annotate(&mut self, mut annotation: RecordedAnnotation) -> bool {
        let Some(mut recording) = self.recording.take() else { return false };
        if annotation.refused > 0 {
            self.count(Problem::Annotation, &recording);
        }
        if annotation.is_fallback() {
            annotation.keep_to_gaps();
        }
        if let Some(kind) = annotation.kind {
            self.say_kind(kind);
        }
        self.times.take(&annotation);
        recording.head.origin.policy = annotation.capture.unwrap_or(recording.head.origin.policy);
        let session_id = annotation.session_id.as_deref().or_else(|| annotation.tags.get(SESSION_TAG));
        self.name_session(&mut recording.head.origin, session_id);
        self.name_ml_app(&mut recording.head.origin, annotation.ml_app.as_deref());
        self.restrict_annotation(&recording.head.origin, &mut annotation);
        if self.has_room(&recording, annotation.text_bytes()) {
            if let Some(details) = &annotation.details {
                self.pass_on(details.prompt.as_ref(), details.tool_definitions.as_ref());
            }
            recording.log_mut().annotate(annotation);
        } else {
            let is_fallback = annotation.is_fallback();
            let [input, output] = shed_content(&mut annotation);
            recording.log_mut().annotate(annotation);
            // What only fills gaps leaves no marker in the place of what others say.
            for meaning in input.into_iter().chain(output).filter(|_| !is_fallback) {
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
            let annotation = RecordedAnnotation::from(annotation.clone()).with_precedence(Precedence::Context);
            recording.log_mut().annotate(annotation);
        } else {
            self.count(Problem::Oversize, &recording);
        }
        self.recording = Some(recording);
    }

    /// Ends the span now; what is said later is not heard.
    pub(crate) fn end(&mut self, now: Instant) -> Option<Ended> {
        let mut recording = self.recording.take()?;
        let mut verdicts = None;
        if self.claim.is_some() {
            self.take_up();
            verdicts = self.decide(&mut recording).filter(|_| !self.trace.is_off());
        } else if let Some(kind) = self.kind.filter(|_| self.kinship.is_watched()) {
            self.kinship.end(kind, counts_tokens(recording.log()));
        }
        self.capture.queue.open.end(self.counted_bytes);
        let Some(kind) = self.kind.filter(|_| !self.trace.is_off()) else {
            self.capture.queue.spare_texts.empty(recording.log_mut());
            drop(recording.take_head());
            keep_recording(recording);
            return verdicts.is_some().then_some(Ended { recording: None, verdicts });
        };
        recording.head.kind = kind;
        self.lift_session(&mut recording.head.origin);
        recording.head.policy = self.policy(&recording.head.origin);
        self.settle_times(&mut recording, now);
        recording.head.panicked = std::thread::panicking();
        Some(Ended { recording: Some(recording), verdicts })
    }

    /// The layer that the recording goes through: a span can have records of several layers.
    pub(crate) fn sender(&self) -> Arc<Capture> {
        Arc::clone(&self.capture)
    }

    /// Whether an annotation is for it, one that makes a span ours or one that does not.
    pub(crate) fn hears(&self, makes_ours: bool) -> bool {
        self.recording.is_some() && (makes_ours || self.standing().is_some())
    }

    /// The span as it can be evaluated, if it is ours.
    pub(crate) fn evaluable(&self) -> Option<Evaluable> {
        let found = self.context().or_else(|| self.place_if_off()).zip(self.recording.as_ref());
        let Some((context, recording)) = found else { return self.finished.as_deref().cloned() };
        let (ml_app, policy) = (recording.head.origin.ml_app.clone(), self.policy_for_others(&recording.head.origin));
        Some(Evaluable { context, ml_app, policy, is_off: self.trace.is_off() })
    }

    /// Remembers that beyond the end, which comes now. A span that closes needs no memory: nobody holds it any more.
    pub(crate) fn stay_evaluable(&mut self) {
        self.finished = self.evaluable().map(Box::new);
    }

    /// Where the span stands; nothing is known of it once it has ended.
    pub(crate) fn context(&self) -> Option<SpanContext> {
        let kind = self.standing()?;
        let recording = self.recording.as_ref()?;
        let origin = &recording.head.origin;
        let agent = match kind {
            SpanKind::Agent => Some(AgentAttribution::new(Some(self.agent_name(recording)), origin.span_id)),
            SpanKind::Llm
            | SpanKind::Workflow
            | SpanKind::Tool
            | SpanKind::Task
            | SpanKind::Embedding
            | SpanKind::Retrieval
            | _ => origin.agent.clone(),
        };
        let mut context = SpanContext::new(origin.trace_id.clone(), origin.span_id);
        context.ml_app.clone_from(&origin.ml_app);
        context.session_id.clone_from(&origin.session_id);
        context.sampling = origin.sampling;
        context.agent = agent;
        context.apm.clone_from(&origin.apm);
        Some(context)
    }

    pub(super) fn lineage(&self) -> Option<Lineage> {
        let context = match self.standing() {
            Some(_) => self.context(),
            None => self.remote_context().or_else(|| self.place_if_off()),
        }?;
        self.has_children.store(true, Ordering::Relaxed);
        let passed = self.passed.as_ref().zip(self.standing()).and_then(|(passed, kind)| passed.below(kind));
        let origin = &self.recording.as_ref()?.head.origin;
        let (policy, passed) = (origin.policy, self.let_through(origin, passed));
        let position = if self.standing().is_some() { Position::Here } else { Position::Remote };
        Some(Lineage { context, position, policy, passed, trace: Arc::clone(&self.trace), slate: self.kinship.slate() })
    }

    /// The parent in another process that a span which is none of ours passes on, with the session that it names itself.
    pub(super) fn remote_context(&self) -> Option<SpanContext> {
        let (recording, mut context) = (self.recording.as_ref()?, self.remote.as_deref()?.clone());
        if self.own_session {
            context.session_id.clone_from(&recording.head.origin.session_id);
        }
        Some(context)
    }

    /// Where the span stands, if that is only to be told to those below because nothing of its trace leaves.
    fn place_if_off(&self) -> Option<SpanContext> {
        let origin = &self.recording.as_ref().filter(|_| self.trace.is_off())?.head.origin;
        Some(SpanContext::new(origin.trace_id.clone(), origin.span_id))
    }

    /// What the span is called so far: as an agent by the name that it has as one, if we have not been told another.
    fn agent_name<'a>(&'a self, recording: &'a Recording) -> &'a str {
        let of_agent = self.claim.as_ref().and_then(|claim| claim.agent.as_deref());
        given_name(recording).or(of_agent).unwrap_or(recording.head.origin.name)
    }

    fn identify_from(&mut self, origin: &mut Origin, said: &FieldLog) {
        if let Some(kind) = said.kind_alone() {
            return self.take_kind(kind, origin.name);
        }
        let Identity { kind, session_id, ml_app, tags, prompt, tools, policy } = said.identity();
        if let Some(kind) = kind {
            self.take_kind(kind, origin.name);
        }
        let tagged = tags.and_then(text_of).and_then(session_of_tags);
        let session = session_id.and_then(name_of).or(tagged.map(Cow::Owned));
        self.name_session(origin, session.as_deref());
        self.name_ml_app(origin, ml_app.and_then(name_of).as_deref());
        self.take_policy(origin, policy);
        if let Some(prompt) = prompt.and_then(text_of).and_then(prompt_of) {
            self.pass_on(Some(&prompt), None);
        }
        if let Some(tools) = tools.and_then(text_of).and_then(tools_of) {
            self.pass_on(None, Some(&tools));
        }
    }

    fn take_kind(&mut self, kind: FieldValue<'_>, place: &'static str) {
        match text_of(kind).and_then(|text| text.parse().ok()) {
            Some(kind) => self.say_kind(kind),
            None => self.capture.queue.problems.count(Problem::UnknownKind, place),
        }
    }

    /// Takes a session that was said in our words.
    fn name_session(&mut self, origin: &mut Origin, session_id: Option<&str>) {
        if session_id.is_some_and(|id| !id.is_empty())
            && let Some(claim) = &mut self.claim
        {
            claim.named_session = false;
        }
        self.identify(origin, session_id);
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
            Arc::make_mut(self.passed.get_or_insert_default()).record(prompt, tools);
        }
    }

    fn name_ml_app(&mut self, origin: &mut Origin, ml_app: Option<&str>) {
        if let Some(ml_app) = ml_app.filter(|name| !name.is_empty()) {
            origin.ml_app = Some(shared(ml_app));
            self.own_ml_app = true;
        }
    }

    fn count(&self, problem: Problem, recording: &Recording) {
        self.capture.queue.problems.count(problem, recording.head.origin.name);
    }
}

impl Drop for SpanRecord {
    fn drop(&mut self) {
        if let Some(ended) = self.end(self.capture.clock.instant()) {
            self.capture.send(ended);
        }
    }
}
