//! Decides what the fields of a callsite mean, by the convention that the callsite follows.

use tracing_core::{Level, Metadata};

use crate::fields;
use crate::recording::FieldKey;
use llmobs_conventions::{AttributePlan, Conventions, Promise, SWITCH};

/// The fields to capture beside `llmobs.*`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldSelection {
    /// `true` if the arguments of instrumented functions are captured.
    pub(crate) capture_instrument: bool,
    pub(crate) conventions: Conventions,
}

/// The fields of one callsite.
pub(super) struct CallsiteFields {
    metadata: &'static Metadata<'static>,
    selection: FieldSelection,
    convention: Convention,
    /// An event with a message: its error was logged, not returned.
    is_log_line: bool,
}

/// The convention that makes a callsite one to capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Convention {
    /// `llmobs.*` only.
    Own,
    /// `llmobs.*`, with third-party attributes beside it.
    OwnWithThirdParty,
    /// A third-party convention, perhaps with `llmobs.*` fields beside it.
    ThirdParty { with_own: bool },
}

impl CallsiteFields {
    pub(super) fn of(metadata: &'static Metadata<'static>, selection: FieldSelection) -> Self {
        let is_known = |name: &str| is_qualified(name) && is_known(metadata, selection.conventions, name);
        let with_own = has_own_fields(metadata);
        let is_only_context = || metadata.is_span() && promise(metadata, selection.conventions) == Promise::Context;
        // Third-party attributes that only set context leave a span with fields of ours one of the application.
        let convention = if is_third_party(metadata, selection.conventions) && !(with_own && is_only_context()) {
            Convention::ThirdParty { with_own }
        } else if metadata.is_span() && metadata.fields().iter().any(|field| is_known(field.name())) {
            Convention::OwnWithThirdParty
        } else {
            Convention::Own
        };
        let is_log_line = metadata.is_event() && metadata.fields().field("message").is_some();
        Self { metadata, selection, convention, is_log_line }
    }

    /// Returns whether third-party attributes are captured here.
    pub(super) fn has_third_party(&self) -> bool {
        self.convention != Convention::Own
    }

    /// Returns whether the span can turn out to be an LLM span.
    pub(super) fn is_candidate(&self) -> bool {
        promise(self.metadata, self.selection.conventions) == Promise::Candidate
    }

    /// Returns the key of a field; `None` when it is not captured.
    pub(super) fn key(&self, name: &'static str) -> Option<FieldKey> {
        if self.metadata.is_event() {
            let attribute = self.has_third_party().then_some(FieldKey::EventField(name));
            return match fields::event_field(name, reports_error(self.metadata)) {
                Some(FieldKey::Failed) if self.is_log_line => Some(FieldKey::Logged),
                own => own.or(attribute),
            };
        }
        let own = fields::span_field(name);
        let known = || is_known(self.metadata, self.selection.conventions, name).then_some(FieldKey::Foreign(name));
        let is_argument = self.selection.capture_instrument && fields::is_argument(name);
        let argument = || is_argument.then_some(FieldKey::Argument(name));
        match self.convention {
            Convention::Own => own.or_else(argument),
            Convention::OwnWithThirdParty => own.or_else(|| known().filter(|_| is_qualified(name))).or_else(argument),
            Convention::ThirdParty { with_own: true } => own.or_else(known).or_else(argument),
            // Other fields of a third-party span were not declared for us.
            Convention::ThirdParty { with_own: false } => known(),
        }
    }
}

fn is_known(metadata: &Metadata<'_>, conventions: Conventions, name: &str) -> bool {
    conventions.captures_attribute(metadata.target(), name)
}

/// Returns whether a name cannot be an argument of a function: a bare name is an attribute only in spans of its own
/// convention, with one exception.
fn is_qualified(name: &str) -> bool {
    name.contains('.') || name == SWITCH
}

/// Plans the third-party attributes of a callsite.
pub(super) fn attribute_plan(metadata: &'static Metadata<'static>, conventions: Conventions) -> AttributePlan<'static> {
    let names = metadata.fields().iter().map(|field| field.name());
    AttributePlan::new(conventions, metadata.target(), metadata.name(), names)
}

/// Returns whether a callsite has a field of our own convention.
pub(super) fn has_own_fields(metadata: &Metadata<'_>) -> bool {
    let is_error = reports_error(metadata);
    if metadata.is_span() {
        return metadata.fields().iter().any(|field| fields::span_field(field.name()).is_some());
    }
    metadata.fields().iter().any(|field| fields::event_field(field.name(), is_error).is_some())
}

/// Returns what the declared names of a span promise.
fn promise(metadata: &Metadata<'_>, conventions: Conventions) -> Promise {
    let names = metadata.fields().iter().map(|field| field.name());
    conventions.promise(metadata.target(), metadata.name(), names)
}

/// Returns whether third-party attributes can make a callsite an LLM span, set something for LLM spans below it, or
/// describe an event of one.
pub(super) fn is_third_party(metadata: &Metadata<'_>, conventions: Conventions) -> bool {
    if metadata.is_span() {
        return promise(metadata, conventions) != Promise::Nothing;
    }
    let names = metadata.fields().iter().map(|field| field.name());
    let is_error = reports_error(metadata);
    // Names that our own convention has too make no third-party event.
    let names = names.filter(|name| fields::event_field(name, is_error).is_none());
    conventions.captures_event(metadata.name(), *metadata.level() == Level::ERROR, names)
}

/// Returns whether an `error` field of this event is an error: at ERROR, and at WARN when it is the only field, as
/// `#[instrument(err(level = "warn"))]` writes it.
fn reports_error(metadata: &Metadata<'_>) -> bool {
    let level = *metadata.level();
    level == Level::ERROR || level == Level::WARN && metadata.fields().len() == 1
}
