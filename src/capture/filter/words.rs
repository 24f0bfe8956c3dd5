//! Whose words the fields of a callsite are, and what each means there.

use tracing_core::{Level, Metadata};

use crate::fields;
use crate::recording::FieldKey;
use llmobs_conventions::{AttributePlan, Conventions, Promise, SWITCH};

/// What is listened to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hearing {
    /// Whether the arguments of instrumented functions are heard.
    pub(crate) capture_instrument: bool,
    pub(crate) conventions: Conventions,
}

/// See the file's card.
pub(super) struct Words {
    metadata: &'static Metadata<'static>,
    hearing: Hearing,
    speaker: Speaker,
    /// An event with a text: an error in it was logged, not returned.
    is_log_line: bool,
}

/// Whose words make a callsite of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaker {
    /// Ours alone.
    Us,
    /// Ours; others are heard too.
    UsAndOthers,
    /// Those of other crates: of their own spans and events, or such that have ours too.
    Others { with_us: bool },
}

impl Words {
    pub(super) fn of(metadata: &'static Metadata<'static>, hearing: Hearing) -> Self {
        let is_known = |name: &str| is_word(name) && is_known(metadata, hearing.conventions, name);
        let with_us = has_meaning(metadata);
        let is_only_context = || metadata.is_span() && promise(metadata, hearing.conventions) == Promise::Context;
        let speaker = if is_foreign(metadata, hearing.conventions) && !(with_us && is_only_context()) {
            Speaker::Others { with_us }
        } else if metadata.is_span() && metadata.fields().iter().any(|field| is_known(field.name())) {
            Speaker::UsAndOthers
        } else {
            Speaker::Us
        };
        let is_log_line = metadata.is_event() && metadata.fields().field("message").is_some();
        Self { metadata, hearing, speaker, is_log_line }
    }

    /// Whether words of other crates are heard here.
    pub(super) fn is_foreign(&self) -> bool {
        self.speaker != Speaker::Us
    }

    /// Whether the span can be ours.
    pub(super) fn is_candidate(&self) -> bool {
        promise(self.metadata, self.hearing.conventions) == Promise::Candidate
    }

    pub(super) fn meaning(&self, name: &'static str) -> Option<FieldKey> {
        if self.metadata.is_event() {
            let foreign = self.is_foreign().then_some(FieldKey::EventField(name));
            return match fields::event_field(name, tells_errors(self.metadata)) {
                Some(FieldKey::Failed) if self.is_log_line => Some(FieldKey::Logged),
                own => own.or(foreign),
            };
        }
        let own = fields::span_field(name);
        let known = || is_known(self.metadata, self.hearing.conventions, name).then_some(FieldKey::Foreign(name));
        let is_argument = self.hearing.capture_instrument && fields::is_argument(name);
        let argument = || is_argument.then_some(FieldKey::Argument(name));
        match self.speaker {
            Speaker::Us => own.or_else(argument),
            Speaker::UsAndOthers => own.or_else(|| known().filter(|_| is_word(name))).or_else(argument),
            Speaker::Others { with_us: true } => own.or_else(known).or_else(argument),
            // What they say beside their words is not for others.
            Speaker::Others { with_us: false } => known(),
        }
    }
}

fn is_known(metadata: &Metadata<'_>, conventions: Conventions, name: &str) -> bool {
    conventions.captures_attribute(metadata.target(), name)
}

/// A name that no argument of a function has: bare ones are words of other crates only in spans of theirs, but for one.
fn is_word(name: &str) -> bool {
    name.contains('.') || name == SWITCH
}

pub(in crate::capture) fn attribute_plan(
    metadata: &'static Metadata<'static>,
    conventions: Conventions,
) -> AttributePlan<'static> {
    let names = metadata.fields().iter().map(|field| field.name());
    AttributePlan::new(conventions, metadata.target(), metadata.name(), names)
}

pub(super) fn has_meaning(metadata: &Metadata<'_>) -> bool {
    let is_error = tells_errors(metadata);
    if metadata.is_span() {
        return metadata.fields().iter().any(|field| fields::span_field(field.name()).is_some());
    }
    metadata.fields().iter().any(|field| fields::event_field(field.name(), is_error).is_some())
}

/// What the names that a span declares promise.
fn promise(metadata: &Metadata<'_>, conventions: Conventions) -> Promise {
    let names = metadata.fields().iter().map(|field| field.name());
    conventions.promise(metadata.target(), metadata.name(), names)
}

/// Whether the words of other crates can make it a span of ours or say something about those below it, or whether it is
/// an event that says something about one.
pub(super) fn is_foreign(metadata: &Metadata<'_>, conventions: Conventions) -> bool {
    if metadata.is_span() {
        return promise(metadata, conventions) != Promise::Nothing;
    }
    let names = metadata.fields().iter().map(|field| field.name());
    let is_error = tells_errors(metadata);
    // An event that says no more than our words do is only ours.
    let names = names.filter(|name| fields::event_field(name, is_error).is_none());
    conventions.captures_event(metadata.name(), *metadata.level() == Level::ERROR, names)
}

/// Whether an `error` field of this event is an error: at ERROR, and at WARN when it is all there is, which is what
/// `#[instrument(err(level = "warn"))]` writes.
fn tells_errors(metadata: &Metadata<'_>) -> bool {
    let level = *metadata.level();
    level == Level::ERROR || level == Level::WARN && metadata.fields().len() == 1
}
