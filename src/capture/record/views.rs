//! The values that others read of an open span.

use std::sync::Arc;

use super::super::evaluable::EvaluableSpan;
use super::super::parent_context::{InheritedContext, ParentContext, ParentPosition};
use super::super::services::Services;
use super::super::trace::TraceState;
use super::SpanRecord;
use llmobs_model::{AgentAttribution, SpanContext, SpanKind};

impl SpanRecord {
    pub(crate) const fn kind(&self) -> Option<SpanKind> {
        self.identity.kind
    }

    /// Takes the kind back from a span without third-party attributes, which then ends unsent.
    #[cfg(feature = "observe")]
    pub(crate) const fn withdraw(&mut self) {
        self.identity.kind = None;
    }

    /// Returns the time of the last value or child, by [`OpenBudget::now`](super::super::budget::OpenBudget::now).
    pub(crate) const fn last_used(&self) -> u64 {
        self.last_used
    }

    pub(crate) const fn trace(&self) -> &Arc<TraceState> {
        &self.identity.trace
    }

    /// Returns the kind, or the provisional one of a span that may become an LLM span.
    pub(crate) fn standing_kind(&self) -> Option<SpanKind> {
        let provisional =
            || self.foreign.as_ref().filter(|foreign| foreign.may_be_llm_span()).map(|_| SpanKind::Workflow);
        self.identity.kind.or_else(provisional)
    }

    /// Returns whether the span is no LLM span and only sets something for LLM spans below it.
    pub(crate) fn is_context_only(&self) -> bool {
        self.identity.kind.is_none()
            && self.identity.remote_parent.is_none()
            && self.foreign.as_ref().is_some_and(|foreign| !foreign.is_candidate)
    }

    /// Returns the time since the start of an LLM span, and its kind.
    pub(crate) fn age(&self, services: &Services) -> Option<(f64, SpanKind)> {
        let age = self.identity.age(self.content.origin(), services.clock.instant());
        Some((age.as_secs_f64(), self.identity.kind?))
    }

    /// Returns the span as evaluations see it, if it is an LLM span.
    pub(crate) fn evaluable(&self, services: &Services) -> Option<EvaluableSpan> {
        let context = self.context().or_else(|| self.context_if_off())?;
        Some(self.evaluable_at(services, context))
    }

    pub(super) fn evaluable_at(&self, services: &Services, context: SpanContext) -> EvaluableSpan {
        let origin = self.content.origin();
        let (ml_app, policy) = (origin.ml_app.clone(), self.identity.third_party_policy(services, origin));
        EvaluableSpan { context, ml_app, policy, is_off: self.identity.trace.is_off() }
    }

    /// Returns the context of an LLM span.
    pub(crate) fn context(&self) -> Option<SpanContext> {
        let kind = self.standing_kind()?;
        let origin = self.content.origin();
        let agent = match kind {
            SpanKind::Agent => Some(AgentAttribution::new(Some(self.agent_name()), origin.span_id)),
            SpanKind::Llm
            | SpanKind::Workflow
            | SpanKind::Tool
            | SpanKind::Task
            | SpanKind::Embedding
            | SpanKind::Retrieval
            | _ => origin.agent.clone(),
        };
        let mut context = self.span_context();
        context.ml_app.clone_from(&origin.ml_app);
        context.session_id.clone_from(&origin.session_id);
        context.sampling = origin.sampling;
        context.agent = agent;
        context.apm.clone_from(&origin.apm);
        Some(context)
    }

    /// Returns what a span that starts below this one takes over.
    pub(crate) fn parent_context(&mut self, services: &Services) -> Option<ParentContext> {
        let kind = self.standing_kind();
        let context = match kind {
            Some(_) => self.context(),
            None => self.remote_context().or_else(|| self.context_if_off()),
        }?;
        // From here on `adopt` refuses: this child would stay behind in the old trace.
        self.identity.has_children = true;
        self.last_used = services.budget.now();
        let origin = self.content.origin();
        Some(ParentContext {
            context,
            position: if kind.is_some() { ParentPosition::Local } else { ParentPosition::Remote },
            // Without the bound of this span's kind: the child is bound by its own.
            policy: origin.policy,
            child_defaults: self.identity.child_defaults_below(services, origin, kind),
            trace: Arc::clone(&self.identity.trace),
            marks: self.nesting.marks(),
        })
    }

    /// Returns what a span that is no LLM span sets for those below it.
    pub(crate) fn inherited_context(&mut self) -> Option<InheritedContext> {
        if !self.is_context_only() {
            return None;
        }
        self.identity.has_children = true;
        let trace = Arc::clone(&self.identity.trace);
        Some(InheritedContext::new(self.span_context(), trace, self.session_for_descendants(), self.nesting.user()))
    }

    /// Returns the session that a non-LLM span sets for those below it.
    pub(crate) fn session_for_descendants(&self) -> Option<Arc<str>> {
        self.content.origin().session_id.clone().filter(|_| self.identity.has_own_session && self.is_context_only())
    }

    /// Returns the context for outgoing requests: that of an LLM span, or else of the remote parent of this span.
    pub(crate) fn outgoing_context(&self) -> Option<SpanContext> {
        let mut context = match self.standing_kind() {
            Some(_) => self.context(),
            None => self.remote_context(),
        }?;
        context.session_id = context.session_id.or_else(|| self.identity.trace.session());
        Some(context)
    }

    /// Returns the remote parent that a non-LLM span hands on, with the session that the span names itself.
    pub(super) fn remote_context(&self) -> Option<SpanContext> {
        let mut context = self.identity.remote_parent.as_deref()?.clone();
        if self.identity.has_own_session {
            context.session_id.clone_from(&self.content.origin().session_id);
        }
        Some(context)
    }

    /// Returns the place of any span of a trace that is not captured, so that those below it are not captured either.
    pub(super) fn context_if_off(&self) -> Option<SpanContext> {
        self.identity.trace.is_off().then(|| self.span_context())
    }

    /// Returns the name of an agent: the given one, that of an attribute, or the span's.
    pub(super) fn agent_name(&self) -> &str {
        let attribute = self.foreign.as_ref().and_then(|foreign| foreign.agent.as_deref());
        self.content.given_name().or(attribute).unwrap_or(self.content.origin().name)
    }
}
