//! Plans: decisions by the names of a span's attributes, before any value is known.

use crate::convention::destination::Destination;
use crate::convention::frameworks::Framework;
use crate::convention::precedence::{SESSION, USER};
use crate::convention::{allowlist, destination, frameworks};
use crate::{Conventions, SWITCH, signs};

/// The plan of a span, from its target, its name and the names of its attributes.
///
/// A plan is made once for each callsite (in `tracing`) or each set of names (in OTLP) and serves every span of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePlan<'n> {
    pub(crate) conventions: Conventions,
    target: &'n str,
    span_name: &'n str,
    names: Box<[&'n str]>,
    /// By name: the destination of its value.
    destinations: Box<[Destination]>,
    /// The framework that emits the span.
    pub(crate) framework: Option<&'static Framework>,
    /// The span is emitted by one of rig's crates.
    pub(crate) is_of_rig: bool,
    promise: Promise,
}

/// The promise of the names of a span's attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Promise {
    /// No name belongs to a convention.
    Nothing,
    /// Session, user or the switch that turns a trace off: they count for spans below, but make no LLM span.
    Context,
    /// The span becomes an LLM span if its values say so.
    Candidate,
}

impl<'n> AttributePlan<'n> {
    /// Creates the plan of a span. `target` is the module in `tracing` and the instrumentation scope in OTLP.
    pub fn new(
        conventions: Conventions,
        target: &'n str,
        span_name: &'n str,
        attribute_names: impl IntoIterator<Item = &'n str>,
    ) -> Self {
        let names: Box<[&'n str]> = attribute_names.into_iter().collect();
        let promise = promise(conventions, (target, span_name), names.iter().copied());
        let destinations = names.iter().map(|name| destination::destination(target, name)).collect();
        let framework = frameworks::framework(conventions, target);
        let is_of_rig = frameworks::is_rig(target);
        Self { conventions, target, span_name, names, destinations, framework, is_of_rig, promise }
    }

    /// Returns the target that the plan was made for.
    pub const fn target(&self) -> &'n str {
        self.target
    }

    /// Returns the name of the span in its own tracing system.
    pub const fn span_name(&self) -> &'n str {
        self.span_name
    }

    /// Returns the attribute names that the plan was made for, recorded or not.
    pub const fn names(&self) -> &[&'n str] {
        &self.names
    }

    /// Returns what the names promise.
    pub const fn promise(&self) -> Promise {
        self.promise
    }
}

impl AttributePlan<'_> {
    /// Returns the destination of an attribute, which the plan knows if the name is one of its own.
    pub(crate) fn destination(&self, name: &str) -> Destination {
        // A recorder hands over the very names of the callsite, so that their addresses tell them apart.
        let at = self.names.iter().position(|own| std::ptr::eq(*own, name));
        let planned = at.and_then(|at| self.destinations.get(at)).copied();
        planned.unwrap_or_else(|| destination::destination(self.target, name))
    }
}

/// Decides what names promise; see [`Conventions::promise`].
pub(crate) fn promise<'n>(
    conventions: Conventions,
    (target, span_name): (&str, &str),
    names: impl IntoIterator<Item = &'n str>,
) -> Promise {
    if frameworks::kind(conventions, target, span_name).is_some() {
        return Promise::Candidate;
    }
    // A sign with a generic name, such as `input.value`, needs a second name that only LLM libraries use.
    let (mut has_generic_sign, mut is_specific) = (false, frameworks::framework(conventions, target).is_some());
    let mut found = Promise::Nothing;
    for name in names.into_iter().filter(|name| allowlist::is_captured(conventions, target, name)) {
        let is_name_specific = signs::is_llm_specific(name);
        if signs::is_sign(name) {
            if is_name_specific {
                return Promise::Candidate;
            }
            has_generic_sign = true;
        }
        is_specific |= is_name_specific;
        if name == SWITCH || SESSION.contains(&name) || USER.contains(&name) {
            found = Promise::Context;
        }
    }
    if has_generic_sign && is_specific { Promise::Candidate } else { found }
}
