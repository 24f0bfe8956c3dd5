//! A span while it is open.

use std::sync::Arc;
use std::time::Instant;

use super::budget::BASE_SPAN_BYTES;
use super::calls_inside::CallsInside;
use super::callsite_fields::attribute_plan;
use super::ended::{Ended, InlineEvaluations};
use super::evaluable::{EvaluableSpan, join_or_refer};
use super::interner::intern;
use super::mistakes::Callsite;
use super::nesting::NestingState;
use super::parent_context::{ParentContext, SpanStart};
use super::plan::Plan;
use super::services::{RemarkSite, Services};
use super::trace::TraceState;
use crate::fields::SESSION_TAG;
use crate::recording::{FieldLog, KindSource, RecordedAnnotation, Recording};
use crate::stats::{LossReason, Problem};
use llmobs_conventions::{AttributePlan, Classification, EvaluationDraft, Remark};
use llmobs_model::{Annotation, ApmContext, Evaluation, EvaluationScope, SpanContext, SpanKind};

mod calls;
mod content;
mod foreign;
mod identity;
mod remote_parent;
mod values;
mod views;

use content::SpanContent;
use foreign::{ForeignState, counts_tokens};
use identity::{Identified, SpanIdentity};

/// An open span of one layer: an LLM span, one that may become one, or one that sets something for LLM spans below it.
///
/// Whoever takes it out of the [`SpanTable`](super::span_table::SpanTable) calls [`end`](Self::end), so that no span
/// vanishes uncounted.
#[derive(Debug)]
pub(crate) struct SpanRecord {
    identity: SpanIdentity,
    content: SpanContent,
    nesting: NestingState,
    /// The model calls that clients have made inside it.
    calls: Option<CallsInside>,
    /// The state of third-party attributes, if the span has any.
    foreign: Option<Box<ForeignState>>,
    /// The time of the last value or child, by [`OpenBudget::now`](super::budget::OpenBudget::now).
    last_used: u64,
}

impl SpanRecord {
    /// Returns the bytes that a span counts for when it begins with this empty recording.
    #[inline]
    pub(super) fn begin_bytes(recording: &Recording) -> u64 {
        content::held_bytes(recording, BASE_SPAN_BYTES)
    }

    /// Begins a span now, whose [`begin_bytes`](Self::begin_bytes) have been counted.
    pub(super) fn begin(
        services: &Services,
        recording: Box<Recording>,
        name: &'static str,
        parent: Option<ParentContext>,
        apm: Option<Arc<ApmContext>>,
    ) -> Self {
        let (span_id, start_ns) = (services.ids.span_id(), services.clock.wall_ns());
        let mut start = parent.map_or_else(|| SpanStart::root(span_id), |parent| parent.start(span_id));
        start.apm = apm;
        let (trace, marks) = (Arc::clone(&start.trace), start.marks.take());
        let origin = start.into_origin(services, (name, span_id, start_ns));
        let mut content = SpanContent::new(recording, origin);
        if let Some(user) = marks.as_ref().and_then(|marks| marks.user()) {
            content.inherit_user(&user);
        }
        let identity = SpanIdentity::new(services.clock.instant(), trace);
        let (nesting, last_used) = (NestingState::below(marks), services.budget.now());
        Self { identity, content, nesting, calls: None, foreign: None, last_used }
    }

    /// Returns the log for the values that the span is created with, while nobody else can see the record.
    pub(super) fn log_mut(&mut self) -> &mut FieldLog {
        self.content.log_mut()
    }

    /// Applies the values that the span was created with.
    pub(super) fn apply_initial_values(&mut self, services: &Services, callsite: Callsite) {
        let (log, origin) = self.content.log_and_origin();
        let kind = self.identity.apply(services, origin, log, callsite);
        self.set_own_identity(services, &kind);
        if self.foreign.is_some() {
            self.classify(services);
        }
        // Only now: the values themselves may set the policy, or the kind that bounds it.
        let policy = self.identity.policy(services, self.content.origin());
        SpanContent::restrict(policy, self.content.log_mut());
        // Last, so that no value is cut for want of room that the policy was about to make.
        self.content.bound_initial_values(services);
    }

    /// Applies values that were recorded later; `identifying` is their callsite if it has a field that sets the identity.
    pub(super) fn apply(&mut self, services: &Services, values: &mut FieldLog, identifying: Option<Callsite>) {
        self.last_used = services.budget.now();
        if let Some(callsite) = identifying.filter(|_| values.has_identity()) {
            let kind = self.identity.apply(services, self.content.origin_mut(), values, callsite);
            self.set_own_identity(services, &kind);
        }
        SpanContent::restrict(self.identity.policy(services, self.content.origin()), values);
        let log = self.content.log();
        // Asked before the values join the log: a value is a new one only compared with what was there.
        let can_change = self.foreign.as_mut().is_some_and(|foreign| foreign.can_change(values, log));
        self.content.append(services, values);
        if can_change {
            self.classify(services);
        }
    }

    /// Applies the values of an event inside the span. Third-party attributes are read in events of every LLM span.
    pub(super) fn apply_event(
        &mut self,
        services: &Services,
        values: &mut FieldLog,
        plan: &Plan,
        (event, metadata): (Callsite, Callsite),
    ) {
        if plan.third_party.is_some()
            && self.foreign.is_none()
            && let Some(kind) = self.identity.kind
        {
            self.track_foreign(services, Arc::new(attribute_plan(metadata, services.conventions())), true);
            self.set_kind(services, kind);
        }
        self.apply(services, values, plan.has_identity.then_some(event));
    }

    /// Applies an annotation.
    pub(super) fn annotate(&mut self, services: &Services, mut annotation: RecordedAnnotation) {
        self.last_used = services.budget.now();
        if annotation.refused > 0 {
            self.content.count(services, Problem::Annotation);
        }
        // Before its kind is read: a client that watches the call does not decide what the span is.
        if annotation.is_fallback() {
            annotation.keep_to_gaps();
        }
        if let Some(kind) = annotation.kind {
            self.set_kind(services, kind);
        }
        self.identity.set_times(&annotation);
        let origin = self.content.origin_mut();
        origin.policy = annotation.capture.unwrap_or(origin.policy);
        let session_id = annotation.session_id.as_deref().or_else(|| annotation.tags.get(SESSION_TAG));
        if session_id.is_some_and(|id| !id.is_empty())
            && let Some(foreign) = &mut self.foreign
        {
            foreign.has_named_session = false;
        }
        self.identity.set_session(origin, session_id);
        self.identity.set_ml_app(origin, annotation.ml_app.as_deref());
        self.identity.restrict_annotation(services, origin, &mut annotation);
        // Copied here: the policy has been applied by now, and the content takes the annotation over.
        let defaults =
            annotation.details.as_ref().map(|details| (details.prompt.clone(), details.tool_definitions.clone()));
        let has_room = self.content.annotate(services, annotation);
        if let Some((prompt, tools)) = defaults.filter(|_| has_room) {
            self.identity.set_child_defaults(prompt.as_ref(), tools.as_ref());
        }
        self.content.set_shared_bytes(services, self.identity.shared_bytes(self.content.origin()));
    }

    /// Applies an annotation context before anything else is recorded, if it is meant for this span's trace.
    pub(super) fn annotate_from_context(
        &mut self,
        services: &Services,
        annotation: &Annotation,
        traces: &[Arc<TraceState>],
    ) {
        if !traces.is_empty() && !traces.iter().any(|trace| Arc::ptr_eq(trace, &self.identity.trace)) {
            return;
        }
        if annotation.refused > 0 {
            self.content.count(services, Problem::Annotation);
        }
        self.content.annotate_from_context(services, annotation);
    }

    /// Reads third-party attributes from now on.
    pub(super) fn track_foreign(&mut self, services: &Services, plan: Arc<AttributePlan<'static>>, is_candidate: bool) {
        if is_candidate {
            self.nesting.track_descendants();
        } else {
            services.budget.exclude_from_count();
        }
        self.foreign = Some(Box::new(ForeignState::new(plan, is_candidate)));
    }

    /// Sets the kind explicitly.
    fn set_kind(&mut self, services: &Services, kind: SpanKind) {
        self.identity.kind = Some(kind);
        self.count_as_open(services);
        if let Some(foreign) = &mut self.foreign {
            foreign.is_settled = true;
        }
    }

    /// Counts a non-LLM span among the open ones, because it becomes an LLM span or ends.
    fn count_as_open(&self, services: &Services) {
        if self.foreign.as_ref().is_some_and(|foreign| !foreign.is_candidate && !foreign.is_settled) {
            services.budget.include_in_count();
        }
    }

    fn set_own_identity(&mut self, services: &Services, identified: &Identified) {
        if let Some(kind) = identified.kind {
            self.set_kind(services, kind);
        }
        if let Some(foreign) = &mut self.foreign {
            foreign.has_named_session &= !identified.has_session;
        }
        self.content.set_shared_bytes(services, self.identity.shared_bytes(self.content.origin()));
    }

    /// Ends the span at `now`.
    #[expect(clippy::boxed_local, reason = "the table hands the box over; a record is large")]
    pub(super) fn end(mut self: Box<Self>, services: &Services, now: Instant) -> Ended {
        let mut evaluations = None;
        if self.foreign.is_some() {
            self.count_as_open(services);
            evaluations = self.decide(services).filter(|_| !self.identity.trace.is_off());
        } else if let Some(kind) = self.identity.kind.filter(|_| self.nesting.is_tracked()) {
            // Such a span is never demoted, but a third-party span above must know that its call is reported here.
            self.nesting.report_end(kind, counts_tokens(self.content.log()));
        }
        // Any span of a trace can switch it off, also after this one has begun.
        let Some(kind) = self.identity.kind.filter(|_| !self.identity.trace.is_off()) else {
            self.content.discard(services);
            return Ended { recording: None, evaluations };
        };
        self.take_session_of_descendants(services);
        let policy = self.identity.policy(services, self.content.origin());
        let head = self.content.head_mut();
        head.kind = kind;
        head.policy = policy;
        head.panicked = std::thread::panicking();
        self.identity.settle_times(head, now);
        Ended { recording: Some(self.content.into_recording(services)), evaluations }
    }

    /// Ends the span unsent, because it has been idle and others need its room. It is counted as lost.
    #[expect(clippy::boxed_local, reason = "the table hands the box over; a record is large")]
    pub(super) fn give_way(self: Box<Self>, services: &Services) {
        self.count_as_open(services);
        // A span that only sets something for others was never offered.
        if self.standing_kind().is_some() && !self.identity.trace.is_off() {
            services.queue.refuse(LossReason::OpenSpans);
        }
        self.content.discard(services);
    }

    /// Gives a root without a session the only one that its descendants named in third-party attributes.
    fn take_session_of_descendants(&mut self, services: &Services) {
        let (trace, origin) = (&self.identity.trace, self.content.origin());
        if origin.session_id.is_none() && origin.parent_id.is_none() {
            let session_id = trace.session_for_root();
            if session_id.is_none() && trace.has_conflicting_sessions() {
                services.remark(Remark::Sessions, self.remark_site());
            }
            self.content.origin_mut().session_id = session_id;
        }
    }

    /// Classifies the span by its third-party attributes.
    fn classify(&mut self, services: &Services) {
        let Some(foreign) = &mut self.foreign else { return };
        let summary = foreign.classify(self.content.log());
        if !foreign.is_settled && foreign.is_candidate {
            self.identity.kind = match summary.classification {
                Classification::Span(kind) => Some(kind),
                Classification::Evaluation | Classification::Off | Classification::Undecided | _ => None,
            };
        }
        // A session that the application named stays; one from an attribute gives way to a later attribute.
        let is_free = !self.identity.has_own_session || foreign.has_named_session;
        foreign.has_named_session |= is_free && summary.session.is_some();
        if summary.classification == Classification::Off && !self.identity.trace.is_off() {
            self.identity.trace.turn_off();
            services.remark(Remark::Off, self.remark_site());
        }
        if let Some(user) = summary.user {
            self.nesting.set_user(intern(&user));
        }
        if let Some(session) = summary.session.filter(|_| is_free) {
            self.identity.trace.offer_session_to_root();
            self.identity.set_session(self.content.origin_mut(), Some(&session));
        }
        if let Some(id) = summary.response_id {
            self.note_response(services, &id);
        }
    }

    /// Notes that this span reported a response, for evaluations that name it.
    fn note_response(&self, services: &Services, response_id: &str) {
        let trace = &self.identity.trace;
        if self.identity.kind.is_none() && !trace.is_off() {
            return;
        }
        let span = EvaluableSpan { is_off: false, ..self.evaluable_at(services, self.span_context()) };
        // A framework repeats the response of the call inside it, and so does an agent.
        let repeats = |kind: SpanKind| {
            self.nesting.is_reported_by_descendant(kind, false) || !kind.has_model() && self.nesting.has_descendants()
        };
        services.responses.insert(response_id, span, trace, self.identity.kind.is_some_and(repeats));
    }

    /// Decides what a span with third-party attributes ends as; its kind may have come with its last values.
    fn decide(&mut self, services: &Services) -> Option<Box<InlineEvaluations>> {
        if self.is_context_only() {
            return None;
        }
        self.classify(services);
        let foreign = self.foreign.as_deref()?;
        let attributes = foreign.attributes(self.content.log());
        let span_name = self.content.origin().name;
        if foreign.classification == Classification::Evaluation && self.identity.kind.is_none() {
            let drafts = attributes.evaluations();
            let origin = self.content.origin();
            let parent = origin.parent_id.map(|parent| SpanContext::new(origin.trace_id.clone(), parent));
            return InlineEvaluations::new(span_name, self.join(services, drafts, parent.as_ref()));
        }
        // Spans below name it as their parent already, so it is sent although nothing has said what it is.
        if self.identity.kind.is_none() && self.nesting.has_descendants() && foreign.may_be_llm_span() {
            self.identity.kind = Some(SpanKind::Workflow);
        }
        let kind = self.identity.kind?;
        let evaluations = self.join(services, attributes.inline_evaluations(), Some(&self.span_context()));
        let has_usage = counts_tokens(self.content.log()) || attributes.has_usage();
        // Before it is demoted: an ancestor that reports the same call must see a call here, and not a workflow.
        self.nesting.report_end(kind, has_usage);
        let is_duplicate = self.nesting.is_reported_by_descendant(kind, has_usage);
        let source = match (foreign.is_settled, is_duplicate) {
            (true, _) => KindSource::Explicit,
            (false, false) => KindSource::Attributes,
            (false, true) => KindSource::Demoted,
        };
        if source == KindSource::Demoted {
            self.identity.kind = Some(SpanKind::Workflow);
        }
        let plan = Arc::clone(&foreign.plan);
        let head = self.content.head_mut();
        (head.source, head.plan) = (source, Some(plan));
        InlineEvaluations::new(span_name, evaluations)
    }

    /// Joins evaluations to the response that each names, or else to `span`.
    fn join(&self, services: &Services, drafts: Vec<EvaluationDraft>, span: Option<&SpanContext>) -> Vec<Evaluation> {
        let origin = self.content.origin();
        let (ml_app, policy) = (origin.ml_app.as_deref(), self.identity.third_party_policy(services, origin));
        let to_root = |span: &SpanContext| match self.identity.trace.root() {
            Some(root) => SpanContext::new(span.trace_id.clone(), root),
            None => span.clone(),
        };
        let join = |draft: EvaluationDraft| {
            if let Some(reported) = services.span_of_response(&draft, self.remark_site()) {
                return (!reported.is_off).then(|| reported.join_draft(draft, policy));
            }
            let span = match draft.evaluation.target_scope() {
                EvaluationScope::Span => span.cloned(),
                EvaluationScope::Trace | _ => span.map(to_root),
            };
            Some(join_or_refer(draft, span).or_ml_app(ml_app).restricted_to(policy))
        };
        drafts.into_iter().filter_map(join).collect()
    }

    fn remark_site(&self) -> RemarkSite {
        (self.foreign.as_ref().map_or("", |foreign| foreign.plan.target()), self.content.origin().name)
    }

    fn span_context(&self) -> SpanContext {
        let origin = self.content.origin();
        SpanContext::new(origin.trace_id.clone(), origin.span_id)
    }
}
