//! A span that another crate tells of in its own words: what it is, as far as that is known, and what becomes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing_core::Metadata;

use super::super::ended::Verdicts;
use super::super::evaluate::Place;
use super::super::filter::{Plan, attribute_plan};
use super::super::known::shared;
use super::super::lineage::Borne;
use super::{Evaluable, SpanRecord};
use crate::fields::foreign_attributes;
use crate::recording::{Deferred, FieldKey, FieldLog, FieldValue, KindSource, LogEntry, Origin, Recording};
use llmobs_conventions::{
    AttributePlan, AttributeValue, Classification, EvaluationDraft, ForeignAttributes, RESPONSE_ID_TAG, Remark,
    Summary, is_decisive,
};
use llmobs_model::{Evaluation, EvaluationScope, SpanContext, SpanKind};

/// See the file's card. A span of ours that uses such words has one too.
#[derive(Debug)]
pub(in crate::capture) struct Claim {
    callsite: Arc<AttributePlan<'static>>,
    /// It can be ours by the words of other crates. Otherwise they say something for those below it.
    is_candidate: bool,
    nature: Classification,
    /// Fields whose values were looked at, a bit for each: for a span that is not known yet, another value of one tells
    /// nothing new.
    looked_at: u64,
    /// Its kind was said in our words: then it is no question any more.
    pub(in crate::capture) is_settled: bool,
    /// The session that the record has is from here, so that one in our words replaces it.
    pub(in crate::capture) named_session: bool,
    pub(in crate::capture) agent: Option<Arc<str>>,
}

impl Claim {
    /// Whether it can still be a span of ours.
    pub(in crate::capture) const fn may_be_ours(&self) -> bool {
        match self.nature {
            Classification::Span(_) | Classification::Undecided => self.is_candidate,
            Classification::Evaluation | Classification::Off | _ => false,
        }
    }

    #[inline(never)]
    fn is_told_more(&mut self, said: &FieldLog, before: &FieldLog) -> bool {
        let is_known = self.is_settled || matches!(self.nature, Classification::Span(_));
        let mut is_more = false;
        for said in said.iter() {
            let LogEntry::Field(FieldKey::Foreign(name), value) = said else { continue };
            if is_decisive(name) {
                is_more |= !before.iter().any(|before| is_same(before, name, value));
            } else if !is_known && !AttributeValue::from(value).is_absent() {
                let bit = self.callsite.names().iter().position(|declared| *declared == name).map_or(0, bit_of);
                is_more |= self.looked_at & bit == 0;
                self.looked_at |= bit;
            }
        }
        is_more
    }
}

impl SpanRecord {
    /// Listens to the words of other crates from now on.
    pub(in crate::capture) fn listen(&mut self, callsite: Arc<AttributePlan<'static>>, is_candidate: bool) {
        if is_candidate {
            self.kinship.keep_slate();
        } else {
            self.capture.has_bearers.store(true, Ordering::Relaxed);
            self.capture.queue.open.put_aside();
        }
        let (nature, is_settled, named_session, agent) = (Classification::Undecided, false, false, None);
        let looked_at = 0;
        self.claim =
            Some(Box::new(Claim { callsite, is_candidate, nature, looked_at, is_settled, named_session, agent }));
    }

    /// Counts it among the open spans, because it becomes ours or ends; one that only says something for those below is
    /// not among them.
    pub(super) fn take_up(&self) {
        if self.claim.as_ref().is_some_and(|claim| !claim.is_candidate && !claim.is_settled) {
            self.capture.queue.open.take_up();
        }
    }

    /// Whether it is none of ours and only says something for those below it.
    pub(in crate::capture) fn is_bearer(&self) -> bool {
        self.kind.is_none()
            && self.remote.is_none()
            && self.recording.is_some()
            && self.claim.as_ref().is_some_and(|claim| !claim.is_candidate)
    }

    /// What it says for those below it, if it is none of ours.
    pub(in crate::capture) fn borne(&self) -> Option<Borne> {
        let origin = &self.recording.as_ref().filter(|_| self.is_bearer())?.head.origin;
        self.has_children.store(true, Ordering::Relaxed);
        let context = SpanContext::new(origin.trace_id.clone(), origin.span_id);
        Some(Borne::of(context, Arc::clone(&self.trace)).naming(self.session_borne(), self.kinship.user()))
    }

    /// The session that it names for those below it, if it is none of ours.
    pub(in crate::capture) fn session_borne(&self) -> Option<Arc<str>> {
        let recording = self.recording.as_ref().filter(|_| self.own_session && self.is_bearer())?;
        recording.head.origin.session_id.clone()
    }

    /// Takes over what an event inside the span said. Words of other crates are heard in every span of ours.
    pub(in crate::capture) fn hear_event(
        &mut self,
        said: &mut FieldLog,
        plan: &Plan,
        metadata: &'static Metadata<'static>,
    ) {
        if plan.foreign.is_some()
            && self.claim.is_none()
            && let Some(kind) = self.kind
        {
            self.listen(Arc::new(attribute_plan(metadata, self.capture.conventions())), true);
            self.say_kind(kind);
        }
        self.apply(said, plan.has_identity);
    }

    /// Takes a kind that was said in our words.
    pub(in crate::capture) fn say_kind(&mut self, kind: SpanKind) {
        self.kind = Some(kind);
        self.take_up();
        if let Some(claim) = &mut self.claim {
            claim.is_settled = true;
        }
    }

    /// The kind, or the one that a span has for those below it until it is known.
    pub(in crate::capture) fn standing(&self) -> Option<SpanKind> {
        let provisional = || self.claim.as_ref().filter(|claim| claim.may_be_ours()).map(|_| SpanKind::Workflow);
        self.kind.or_else(provisional)
    }

    /// Whether something that was said is worth another look: that costs as much as was said before, so that a span which is
    /// told of each piece of an answer must not be looked at each time.
    #[inline]
    pub(super) fn is_told_more(&mut self, said: &FieldLog, before: &FieldLog) -> bool {
        self.claim.as_mut().is_some_and(|claim| claim.is_told_more(said, before))
    }

    /// Looks at what was said so far in the words of other crates.
    pub(super) fn recognise(&mut self, recording: &mut Recording) {
        let Some(found) = self.look(recording) else { return };
        let Some(claim) = &mut self.claim else { return };
        claim.nature = found.classification;
        claim.agent = found.agent.map(Arc::from);
        if !claim.is_settled && claim.is_candidate {
            self.kind = match found.classification {
                Classification::Span(kind) => Some(kind),
                Classification::Evaluation | Classification::Off | Classification::Undecided | _ => None,
            };
        }
        let is_free = !self.own_session || claim.named_session;
        claim.named_session |= is_free && found.session.is_some();
        if found.classification == Classification::Off && !self.trace.is_off() {
            self.trace.turn_off();
            self.capture.remark(Remark::Off, self.place(&recording.head.origin));
        }
        if let Some(user) = found.user {
            self.kinship.name_user(shared(&user));
        }
        if let Some(session) = found.session.filter(|_| is_free) {
            self.trace.lift_session();
            self.identify(&mut recording.head.origin, Some(&session));
        }
        if let Some(id) = found.response_id.filter(|_| self.kind.is_some() || self.trace.is_off()) {
            let origin = &recording.head.origin;
            let context = SpanContext::new(origin.trace_id.clone(), origin.span_id);
            let (ml_app, policy) = (origin.ml_app.clone(), self.policy_for_others(origin));
            let told = Evaluable { context, ml_app, policy, is_off: false };
            // A framework repeats what the call inside has told, and so does an agent.
            let repeats = |kind: SpanKind| {
                self.kinship.is_told_below(kind, false) || !kind.has_model() && self.kinship.has_spans_below()
            };
            self.capture.responses.remember(&id, told, &self.trace, self.kind.is_some_and(repeats));
        }
    }

    /// A root without a session belongs to the only one that spans below have named in the words of other crates.
    pub(super) fn lift_session(&self, origin: &mut Origin) {
        if origin.session_id.is_none() && origin.parent_id.is_none() {
            origin.session_id = self.trace.lifted_session();
            if origin.session_id.is_none() && self.trace.has_several_sessions() {
                self.capture.remark(Remark::Sessions, self.place(origin));
            }
        }
    }

    fn place(&self, origin: &Origin) -> Place {
        (self.claim.as_ref().map_or("", |claim| claim.callsite.target()), origin.name)
    }

    fn look(&self, recording: &Recording) -> Option<Summary> {
        let claim = self.claim.as_ref()?;
        Some(foreign_attributes(&claim.callsite, recording.log()).summarize())
    }

    /// Decides what becomes of the span, which ends: its kind may have come with its last words.
    pub(super) fn decide(&mut self, recording: &mut Recording) -> Option<Box<Verdicts>> {
        if self.claim.as_ref().is_some_and(|claim| !claim.is_candidate) && self.kind.is_none() {
            return None;
        }
        self.recognise(recording);
        let claim = self.claim.as_ref()?;
        let place = recording.head.origin.name;
        let attributes = foreign_attributes(&claim.callsite, recording.log());
        if claim.nature == Classification::Evaluation && self.kind.is_none() {
            let told = attributes.evaluations();
            let above = recording.head.origin.parent_id;
            let above = above.map(|above| SpanContext::new(recording.head.origin.trace_id.clone(), above));
            return Verdicts::new(place, self.joined(recording, told, above.as_ref()));
        }
        if self.kind.is_none() && self.kinship.has_spans_below() && claim.may_be_ours() {
            self.kind = Some(SpanKind::Workflow);
        }
        let kind = self.kind?;
        let evaluations = self.inline_evaluations(recording, &attributes);
        let has_usage = counts_tokens(recording.log()) || attributes.has_usage();
        self.kinship.end(kind, has_usage);
        recording.head.source = match (claim.is_settled, self.kinship.is_told_below(kind, has_usage)) {
            (true, _) => KindSource::Explicit,
            (false, false) => KindSource::Attributes,
            (false, true) => {
                self.kind = Some(SpanKind::Workflow);
                KindSource::Demoted
            }
        };
        recording.head.plan = Some(Arc::clone(&claim.callsite));
        Verdicts::new(place, evaluations)
    }

    /// The evaluations that a span says about itself, or about its trace.
    fn inline_evaluations(&self, recording: &Recording, attributes: &ForeignAttributes<'_>) -> Vec<Evaluation> {
        let told = attributes.inline_evaluations();
        if told.is_empty() {
            return Vec::new();
        }
        let origin = &recording.head.origin;
        self.joined(recording, told, Some(&SpanContext::new(origin.trace_id.clone(), origin.span_id)))
    }

    fn joined(&self, recording: &Recording, drafts: Vec<EvaluationDraft>, to: Option<&SpanContext>) -> Vec<Evaluation> {
        let (own_ml_app, own_policy) =
            (recording.head.origin.ml_app.as_deref(), self.policy_for_others(&recording.head.origin));
        let to_root = |span: &SpanContext| match self.trace.root() {
            Some(root) => SpanContext::new(span.trace_id.clone(), root),
            None => span.clone(),
        };
        let join = |draft: EvaluationDraft| {
            if let Some(told) = self.capture.told_of(&draft, self.place(&recording.head.origin)) {
                return (!told.is_off).then(|| told.about(draft, own_policy));
            }
            let to = match draft.evaluation.target_scope() {
                EvaluationScope::Span => to.cloned(),
                EvaluationScope::Trace | _ => to.map(to_root),
            };
            Some(join_draft(draft, to).or_ml_app(own_ml_app).restricted_to(own_policy))
        };
        drafts.into_iter().filter_map(join).collect()
    }
}

/// Joins an evaluation to this span, or to the one that has the response.
pub(in crate::capture) fn join_draft(draft: EvaluationDraft, to: Option<SpanContext>) -> Evaluation {
    match (to, draft.response_id) {
        (Some(span), _) => draft.evaluation.span(span),
        (None, Some(id)) => draft.evaluation.span_with_tag(RESPONSE_ID_TAG, id),
        // Nothing to join it to: that is told when it is submitted.
        (None, None) => draft.evaluation,
    }
}

/// Whether something counts tokens in our words: a field, or an annotation.
pub(super) fn counts_tokens(log: &FieldLog) -> bool {
    log.iter().any(|said| match said {
        LogEntry::Field(FieldKey::Metrics, _) => true,
        LogEntry::Field(FieldKey::Metric(name), _) => name.ends_with(TOKENS),
        LogEntry::Field(..) => false,
        LogEntry::Annotation(recorded) => {
            let is_expected = recorded.deferred.as_ref().is_some_and(Deferred::has_usage);
            is_expected || recorded.metrics.iter().any(|(name, _)| name.ends_with(TOKENS))
        }
    })
}

/// Whether this is what was said under a name, value for value.
fn is_same(said: LogEntry<'_>, name: &str, value: FieldValue<'_>) -> bool {
    match said {
        LogEntry::Field(FieldKey::Foreign(own), before) => own == name && before == value,
        LogEntry::Field(..) | LogEntry::Annotation(_) => false,
    }
}

/// The bit of a field; one that is too far behind has none, and is looked at each time.
fn bit_of(field: usize) -> u64 {
    u32::try_from(field).ok().and_then(|field| 1_u64.checked_shl(field)).unwrap_or_default()
}

/// How the names of metrics end that count tokens.
const TOKENS: &str = "_tokens";
