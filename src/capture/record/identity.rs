//! The identity of an open span: kind, times, trace, session, application, policy.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing_core::Metadata;

use super::super::interner::intern;
use super::super::services::Services;
use super::super::text_caps;
use super::super::trace::TraceState;
use super::values::{name_of, text_of};
use crate::clock::nanos_between;
use crate::fields::{prompt_of, session_of_tags, tools_of};
use crate::recording::{ChildDefaults, FieldLog, FieldValue, Head, IdentityFields, Origin};
use crate::stats::Problem;
use llmobs_model::{Annotation, CapturePolicy, Prompt, SpanContext, SpanKind, ToolDefinition};

/// The identity of an open span. Ids and inherited values are in the [`Origin`] of its recording.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts, each read on its own")]
pub(super) struct SpanIdentity {
    /// `None` until a field or an annotation gives one; an LLM span from then on.
    pub(super) kind: Option<SpanKind>,
    started: Instant,
    /// Times that were set explicitly, in nanoseconds since 1970.
    start_ns: Option<u64>,
    end_ns: Option<u64>,
    pub(super) trace: Arc<TraceState>,
    /// Defaults for spans directly below.
    pub(super) child_defaults: Option<Arc<ChildDefaults>>,
    child_defaults_bytes: usize,
    /// The parent in another process, which a non-LLM span hands on too.
    pub(super) remote_parent: Option<Box<SpanContext>>,
    /// A span has started below this one, so that its parent cannot change any more.
    pub(super) has_children: bool,
    /// The span named its session itself.
    pub(super) has_own_session: bool,
    /// The span named its application itself.
    pub(super) has_own_ml_app: bool,
    /// The place in the APM trace is the span's own.
    pub(super) is_correlated: bool,
}

impl SpanIdentity {
    pub(super) const fn new(started: Instant, trace: Arc<TraceState>) -> Self {
        Self {
            kind: None,
            started,
            start_ns: None,
            end_ns: None,
            trace,
            child_defaults: None,
            child_defaults_bytes: 0,
            remote_parent: None,
            has_children: false,
            has_own_session: false,
            has_own_ml_app: false,
            is_correlated: false,
        }
    }

    /// Takes the identity that values of our own convention set, all but the kind.
    pub(super) fn apply(
        &mut self,
        services: &Services,
        origin: &mut Origin,
        values: &FieldLog,
        callsite: &'static Metadata<'static>,
    ) -> Identified {
        // Most spans set nothing but their kind.
        if let Some(kind) = values.kind_alone() {
            return Identified { kind: parse_kind(services, kind, callsite), has_session: false };
        }
        let IdentityFields { kind, session_id, ml_app, tags, prompt, tools, policy } = values.identity();
        let tagged = tags.and_then(text_of).and_then(session_of_tags);
        let session = session_id.and_then(name_of).or(tagged.map(Cow::Owned));
        self.set_session(origin, session.as_deref());
        self.set_ml_app(origin, ml_app.and_then(name_of).as_deref());
        Self::set_policy(services, origin, policy);
        let prompt = prompt.and_then(text_of).and_then(prompt_of);
        let tools = tools.and_then(text_of).and_then(tools_of);
        self.set_child_defaults(prompt.as_ref(), tools.as_ref());
        let has_session = session.is_some_and(|session| !session.is_empty());
        Identified { kind: kind.and_then(|kind| parse_kind(services, kind, callsite)), has_session }
    }

    /// Takes the times of an annotation.
    pub(super) fn set_times(&mut self, annotation: &Annotation) {
        self.start_ns = annotation.start_ns.or(self.start_ns);
        self.end_ns = annotation.end_ns.or(self.end_ns);
    }

    pub(super) fn set_session(&mut self, origin: &mut Origin, session_id: Option<&str>) {
        if let Some(session_id) = session_id.filter(|id| !id.is_empty()) {
            let session_id = intern(text_caps::name(session_id));
            self.trace.name_session(&session_id);
            origin.session_id = Some(session_id);
            self.has_own_session = true;
        }
    }

    pub(super) fn set_ml_app(&mut self, origin: &mut Origin, ml_app: Option<&str>) {
        if let Some(ml_app) = ml_app.filter(|name| !name.is_empty()) {
            origin.ml_app = Some(intern(text_caps::name(ml_app)));
            self.has_own_ml_app = true;
        }
    }

    /// Keeps the defaults for spans that start directly below from now on.
    pub(super) fn set_child_defaults(&mut self, prompt: Option<&Prompt>, tools: Option<&Vec<ToolDefinition>>) {
        if prompt.is_some() || tools.is_some() {
            let defaults = Arc::make_mut(self.child_defaults.get_or_insert_default());
            defaults.record(prompt, tools);
            self.child_defaults_bytes = defaults.retained_bytes();
        }
    }

    /// Returns the bytes of what the span keeps for others: defaults for its children, and long names of its own.
    #[inline]
    pub(super) fn shared_bytes(&self, origin: &Origin) -> usize {
        // Short names are shared by many spans or within the base of each.
        const SHORT: usize = 64;
        let names = [
            origin.session_id.as_ref().filter(|_| self.has_own_session),
            origin.ml_app.as_ref().filter(|_| self.has_own_ml_app),
        ];
        let bytes = |name: &&Arc<str>| if name.len() > SHORT { name.len().saturating_add(32) } else { 0 };
        let names = names.iter().flatten().map(bytes).fold(0_usize, usize::saturating_add);
        self.child_defaults_bytes.saturating_add(names)
    }

    /// Takes a policy from a field. A word that is no policy means that nothing is captured.
    pub(super) fn set_policy(services: &Services, origin: &mut Origin, value: Option<FieldValue<'_>>) {
        let Some(value) = value else { return };
        origin.policy = text_of(value).and_then(|word| word.parse().ok()).unwrap_or_else(|| {
            services.count(Problem::UnknownPolicy, origin.name);
            CapturePolicy::None
        });
    }

    /// Returns the policy so far: the span's own or the inherited one, within the bound of its kind.
    pub(super) fn policy(&self, services: &Services, origin: &Origin) -> CapturePolicy {
        // Without a kind there is no bound yet; the kind's own is applied when the span ends.
        let bound = self.kind.map(|kind| services.policies.of(kind)).unwrap_or_default();
        origin.policy.min(bound)
    }

    /// Returns the policy for values that libraries record: the strictest bound of all while the kind is not known.
    pub(super) fn third_party_policy(&self, services: &Services, origin: &Origin) -> CapturePolicy {
        let policies = &services.policies;
        origin.policy.min(self.kind.map_or_else(|| policies.strictest(), |kind| policies.of(kind)))
    }

    /// Removes from an annotation what the policy does not let out.
    pub(super) fn restrict_annotation(&self, services: &Services, origin: &Origin, annotation: &mut Annotation) {
        let policy = self.policy(services, origin);
        if policy < CapturePolicy::All {
            annotation.input = None;
            annotation.output = None;
            if let Some(details) = &mut annotation.details {
                // Tools stay: the version of a tool is no content, and spans below take it from here.
                details.prompt = None;
                details.intent = None;
                details.agent_manifest = None;
            }
        }
        if policy < CapturePolicy::Metadata {
            annotation.metadata.clear();
        }
    }

    /// Returns the defaults for spans below a span of `kind`, as far as the policy lets them out: a span below may have
    /// a laxer policy.
    pub(super) fn child_defaults_below(
        &self,
        services: &Services,
        origin: &Origin,
        kind: Option<SpanKind>,
    ) -> Option<Arc<ChildDefaults>> {
        let defaults = self.child_defaults.as_ref()?.below(kind?)?;
        if self.policy(services, origin) == CapturePolicy::All {
            return Some(defaults);
        }
        let tool_definitions = Some(defaults.tool_definitions.clone()?);
        Some(Arc::new(ChildDefaults { prompt: None, tool_definitions }))
    }

    /// Settles start and duration of a span that ends `now`. An end before the start becomes the start.
    pub(super) fn settle_times(&self, head: &mut Head, now: Instant) {
        // By the monotonic clock: the system's may be set back while the span is open.
        let took_ns = nanos_between(self.started, now);
        let end_ns = self.end_ns.unwrap_or_else(|| head.origin.start_ns.saturating_add(took_ns));
        head.origin.start_ns = self.start_ns.unwrap_or(head.origin.start_ns);
        head.duration_ns = end_ns.saturating_sub(head.origin.start_ns);
    }

    /// Returns the time since the start of the span, which may have been set explicitly.
    pub(super) fn age(&self, origin: &Origin, now: Instant) -> Duration {
        let now_ns = origin.start_ns.saturating_add(nanos_between(self.started, now));
        let start_ns = self.start_ns.unwrap_or(origin.start_ns);
        Duration::from_nanos(now_ns.saturating_sub(start_ns))
    }
}

/// The values found by [`SpanIdentity::apply`] that concern more than the identity.
#[derive(Debug, Default)]
pub(super) struct Identified {
    pub(super) kind: Option<SpanKind>,
    pub(super) has_session: bool,
}

fn parse_kind(services: &Services, kind: FieldValue<'_>, callsite: &'static Metadata<'static>) -> Option<SpanKind> {
    let text = text_of(kind);
    let parsed = text.and_then(|text| text.parse().ok());
    if parsed.is_none() {
        services.count(Problem::UnknownKind, callsite.name());
        services.plans.note_unknown_kind(callsite, text);
    }
    parsed
}
