//! The attributes of one span: as they were recorded, and as the mapping looks them up.

use std::borrow::Cow;

use serde_json::Number;

use crate::convention::frameworks::Framework;
use crate::convention::precedence::PROVIDER;
use crate::convention::{allowlist, gen_ai, otel};
use crate::format::decode;
use crate::format::json::Json;
use crate::messages::{FlattenedName, collected};
use crate::signs::is_item;
use crate::{AttributePlan, AttributeValue};

/// The attributes and events of one span, borrowed from its recorder.
///
/// Only attributes that [`Conventions::captures_attribute`](crate::Conventions::captures_attribute) lets through belong here:
/// the mapping trusts the recorder with that decision, because the recorder makes it once per callsite.
#[derive(Debug, Clone)]
pub struct ForeignAttributes<'a> {
    pub(crate) plan: &'a AttributePlan<'a>,
    pub(crate) attributes: Vec<(&'a str, AttributeValue<'a>)>,
    pub(crate) events: Vec<EventAttributes<'a>>,
    present: NameFilter,
    /// Content was left out, and what remains may be short only.
    pub(crate) is_restricted: bool,
}

/// An event inside a span.
#[derive(Debug, Clone)]
pub struct EventAttributes<'a> {
    /// The name in the event's metadata.
    pub(crate) name: &'a str,
    /// The event's level is ERROR.
    pub(crate) is_error: bool,
    pub(crate) attributes: Vec<(&'a str, AttributeValue<'a>)>,
}

impl<'a> ForeignAttributes<'a> {
    /// Creates an empty set for a span of this plan.
    pub const fn new(plan: &'a AttributePlan<'a>) -> Self {
        Self { plan, attributes: Vec::new(), events: Vec::new(), present: NameFilter::EMPTY, is_restricted: false }
    }

    /// Creates an empty set with room for a number of attributes.
    pub fn with_capacity(plan: &'a AttributePlan<'a>, attributes: usize) -> Self {
        Self {
            plan,
            attributes: Vec::with_capacity(attributes),
            events: Vec::new(),
            present: NameFilter::EMPTY,
            is_restricted: false,
        }
    }

    /// Adds an attribute of the span. Of two values of one name the first counts: push the last recorded one only.
    pub fn push(&mut self, name: &'a str, value: AttributeValue<'a>) {
        self.present.insert(name);
        self.attributes.push((name, value));
    }

    /// Begins an event inside the span. `is_error` says that its level is ERROR.
    pub fn push_event(&mut self, name: &'a str, is_error: bool) {
        self.events.push(EventAttributes { name, is_error, attributes: Vec::new() });
    }

    /// Adds an attribute to the last event that was begun.
    pub fn push_event_attribute(&mut self, name: &'a str, value: AttributeValue<'a>) {
        if let Some(event) = self.events.last_mut() {
            event.attributes.push((name, value));
        }
    }

    /// Returns the plan that the set was created with.
    pub const fn plan(&self) -> &'a AttributePlan<'a> {
        self.plan
    }

    /// Returns the attributes of the span itself.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, AttributeValue<'a>)> {
        self.attributes.iter().copied()
    }

    /// Returns the events inside the span.
    pub fn events(&self) -> &[EventAttributes<'a>] {
        &self.events
    }
}

impl<'a> EventAttributes<'a> {
    /// Returns the name in the event's metadata.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Returns whether the event's level is ERROR.
    pub const fn is_error(&self) -> bool {
        self.is_error
    }

    /// Returns the attributes of the event.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, AttributeValue<'a>)> {
        self.attributes.iter().copied()
    }

    /// Returns whether the event is an evaluation.
    pub(crate) fn is_evaluation(&self) -> bool {
        let is_name =
            |(name, value): &(&str, AttributeValue<'_>)| *name == gen_ai::EVALUATION_NAME && !value.is_absent();
        self.name == gen_ai::EVALUATION_EVENT || self.attributes.iter().any(is_name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<AttributeValue<'a>> {
        self.attributes.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }
}

/// Attributes by name, with gaps filled. Values that hold nothing count as missing.
///
/// Two sources fill gaps: a framework's own names for facts that the tables know under another name, and the events inside
/// the span, except for what events say about themselves (messages, errors, evaluations).
///
/// Nothing is copied or sorted unless a gap is filled: capture classifies on the application's threads, and a span has a few
/// dozen attributes at most.
#[derive(Debug)]
pub(crate) struct ResolvedAttributes<'a> {
    pub(crate) plan: &'a AttributePlan<'a>,
    pub(crate) events: &'a [EventAttributes<'a>],
    attributes: Cow<'a, [(&'a str, AttributeValue<'a>)]>,
    present: NameFilter,
    /// Content was left out, and what remains may be short only.
    pub(crate) is_restricted: bool,
}

/// A set of names that may contain others too: the tables ask for hundreds of names of which a span has two dozen, so most
/// lookups end here, without a comparison.
#[derive(Debug, Clone, Copy)]
struct NameFilter {
    names: [u64; 4],
    /// A bit for each beginning of a name.
    beginnings: u64,
}

impl NameFilter {
    const EMPTY: Self = Self { names: [0; 4], beginnings: 0 };

    fn insert(&mut self, name: &str) {
        let (word, bit) = Self::place(name);
        if let Some(word) = self.names.get_mut(word) {
            *word |= bit;
        }
        self.beginnings |= Self::beginning(name);
    }

    fn may_contain(&self, name: &str) -> bool {
        let (word, bit) = Self::place(name);
        self.names.get(word).is_some_and(|word| word & bit != 0)
    }

    /// Returns whether a name may begin with a prefix of at least three bytes.
    fn may_contain_under(&self, prefix: &str) -> bool {
        self.beginnings & Self::beginning(prefix) != 0
    }

    /// Returns the bit of a name's first bytes, which tell most conventions apart.
    fn beginning(name: &str) -> u64 {
        let sum = name.bytes().take(3).fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
        1_u64.wrapping_shl(sum & 63)
    }

    /// Returns the word and the bit of a name. Names share their beginnings, so its length and its last bytes decide.
    fn place(name: &str) -> (usize, u64) {
        const ODD: u64 = 0x9E37_79B9_7F4A_7C15;
        let length = u64::try_from(name.len()).unwrap_or_default();
        let end = match name.as_bytes().last_chunk::<8>() {
            Some(end) => u64::from_le_bytes(*end),
            None => name.bytes().fold(0, |end: u64, byte| (end << 8) | u64::from(byte)),
        };
        // The product's high bits depend on all bytes; its low bits on the first of them only.
        let hash = (end ^ length).wrapping_mul(ODD);
        let word = usize::try_from(hash >> 62).unwrap_or_default();
        (word, 1_u64.wrapping_shl(u32::try_from((hash >> 56) & 63).unwrap_or_default()))
    }
}

impl<'a> ResolvedAttributes<'a> {
    pub(crate) fn new(span: &'a ForeignAttributes<'_>) -> Self {
        let mut resolved = Self {
            plan: span.plan,
            events: &span.events,
            attributes: Cow::Borrowed(&span.attributes),
            present: span.present,
            is_restricted: span.is_restricted,
        };
        let framework = span.plan.framework;
        resolved.fill_from_framework(framework);
        resolved.fill_from_events();
        if !span.events.is_empty() {
            // Events inside the span have the framework's own names too.
            resolved.fill_from_framework(framework);
        }
        resolved
    }

    fn fill_from_framework(&mut self, framework: Option<&Framework>) {
        let Some(framework) = framework else { return };
        for (own, known) in framework.attributes {
            if let Some(value) = self.get(own) {
                self.fill(known, value);
            }
        }
        if let Some(provider) = framework.provider {
            self.fill(PROVIDER, AttributeValue::Text(provider));
        }
    }

    fn fill_from_events(&mut self) {
        // The last event wins, so walk backwards and fill each name once.
        let events = self.events.iter().rev().filter(|event| !event.is_evaluation());
        // Hundreds of events of one streamed response share a few names: decide on each name once.
        let mut decided: Vec<&str> = Vec::new();
        for (name, value) in events.flat_map(|event| &event.attributes) {
            if value.is_absent() || decided.contains(name) {
                continue;
            }
            decided.push(name);
            let is_of_event = gen_ai::is_of_event(name) || otel::is_of_error(name);
            if !is_of_event && allowlist::is_captured(self.plan.conventions, self.plan.target(), name) {
                self.fill(name, *value);
            }
        }
    }

    fn fill(&mut self, name: &'a str, value: AttributeValue<'a>) {
        if !self.has(name) {
            self.present.insert(name);
            self.attributes.to_mut().push((name, value));
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<AttributeValue<'a>> {
        if !self.present.may_contain(name) {
            return None;
        }
        let found = self.attributes.iter().find(|(own, value)| *own == name && !value.is_absent());
        found.map(|(_, value)| *value)
    }

    /// Returns whether a text of the class parameter may leave.
    pub(crate) fn lets_out(&self, text: &str) -> bool {
        !self.is_restricted || is_short(text)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(crate) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        decode::text(self.get(name)?)
    }

    pub(crate) fn json(&self, name: &str) -> Option<Json<'a>> {
        decode::json(self.get(name)?)
    }

    pub(crate) fn number(&self, name: &str) -> Option<Number> {
        decode::number(self.get(name)?)
    }

    /// Returns the text of the first name that has one.
    pub(crate) fn first_text(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.text(name))
    }

    /// Returns the attributes whose names begin with a prefix, with the rest of each name.
    pub(crate) fn under<'w>(&'w self, prefix: &'w str) -> impl Iterator<Item = (&'a str, AttributeValue<'a>)> + 'w {
        // Most prefixes belong to conventions that the span does not follow.
        let attributes = if self.present.may_contain_under(prefix) { self.attributes.as_ref() } else { &[] };
        let below = attributes.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, *value)));
        below.filter(|(_, value)| !value.is_absent())
    }

    pub(crate) fn has_under(&self, prefix: &str) -> bool {
        self.under(prefix).next().is_some()
    }

    /// Returns whether there is a value under a name, or items of a list flattened below it.
    pub(crate) fn has_list(&self, name: &str) -> bool {
        self.has(name) || self.under(name).any(|(rest, _)| rest.strip_prefix('.').is_some_and(is_item))
    }

    /// Rebuilds the value that is flattened into names below a prefix, from those names that `is_part` accepts.
    pub(crate) fn flattened(&self, prefix: &str, is_part: impl Fn(&str) -> bool) -> Option<Json<'a>> {
        let names: Vec<FlattenedName<'_, 'a>> = self
            .under(prefix)
            .filter(|(rest, _)| is_part(rest))
            .filter_map(|(rest, value)| Some((rest, decode::flat(value)?)))
            .collect();
        (!names.is_empty()).then(|| collected(names))
    }

    /// Rebuilds the list that is flattened into the names below `name`.
    pub(crate) fn flattened_list(&self, name: &str) -> Option<Json<'a>> {
        let is_part = |rest: &&str| rest.strip_prefix('.').is_some_and(is_item);
        let below = self.under(name).filter(|(rest, _)| is_part(rest));
        let names: Vec<FlattenedName<'_, 'a>> =
            below.filter_map(|(rest, value)| Some((rest.strip_prefix('.')?, decode::flat(value)?))).collect();
        (!names.is_empty()).then(|| collected(names))
    }

    /// Returns whether one of these attributes was recorded, but was too large to keep.
    pub(crate) fn has_lost(&self, names: &[&str]) -> bool {
        self.attributes.iter().any(|(name, value)| *value == AttributeValue::Oversize && names.contains(name))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (&'a str, AttributeValue<'a>)> {
        self.attributes.iter().copied().filter(|(_, value)| !value.is_absent())
    }
}

/// Returns whether a text is too short to be content, and no JSON.
pub(crate) fn is_short(text: &str) -> bool {
    text.len() <= 128 && !text.trim_start().starts_with(['{', '['])
}
