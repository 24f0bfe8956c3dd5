//! What a span and its events said, by name.

use std::borrow::Cow;

use serde_json::Number;

use super::decode;
use super::json::Json;
use super::messages::{Path, collected};
use super::precedence::PROVIDER;
use super::{EventSayings, Sayings, Vocabularies};
use super::{evaluations, gen_ai, heard, otel, profiles};
use crate::recording::FieldValue;

/// The fields that are heard; those that hold nothing are as good as not there. What events say fills the gaps, but for
/// what they say about themselves: messages, errors, evaluations.
///
/// Nothing is copied or sorted unless gaps are filled: capture asks on the application's thread, and a span has a few
/// dozen fields at most.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) target: &'static str,
    pub(super) span_name: &'static str,
    pub(super) declared: &'a [&'static str],
    pub(super) events: &'a [EventSayings<'a>],
    fields: Cow<'a, [(&'static str, FieldValue<'a>)]>,
}

impl<'a> Words<'a> {
    /// `sayings` hold fields of the span that are heard, and everything of its events.
    pub(super) fn new(sayings: &'a Sayings<'_>, vocabularies: Vocabularies) -> Self {
        let mut words = Self {
            target: sayings.target,
            span_name: sayings.span_name,
            declared: sayings.declared_names,
            events: &sayings.events,
            fields: Cow::Borrowed(&sayings.fields),
        };
        words.fill_by_profile(vocabularies);
        words.fill_by_events(vocabularies);
        words
    }

    /// What a crate says in words of its own stands under the names of the tables too.
    fn fill_by_profile(&mut self, vocabularies: Vocabularies) {
        let Some(profile) = profiles::profile(vocabularies, self.target) else { return };
        for (word, meaning) in profile.words {
            if let Some(value) = self.get(word) {
                self.fill(meaning, value);
            }
        }
        if let Some(provider) = profile.provider {
            self.fill(PROVIDER, FieldValue::Text(provider));
        }
    }

    /// Later events before earlier ones.
    fn fill_by_events(&mut self, vocabularies: Vocabularies) {
        let events = self.events.iter().rev().filter(|event| !evaluations::is_evaluation(event));
        // Hundreds of events of one answer have the same few names.
        let mut judged: Vec<&'static str> = Vec::new();
        for (name, value) in events.flat_map(|event| &event.fields) {
            if decode::is_absent(*value) || judged.contains(name) {
                continue;
            }
            judged.push(name);
            let is_of_event = gen_ai::is_of_event(name) || otel::is_of_error(name);
            if !is_of_event && heard::is_heard(vocabularies, self.target, name) {
                self.fill(name, *value);
            }
        }
    }

    fn fill(&mut self, name: &'static str, value: FieldValue<'a>) {
        if !self.has(name) {
            self.fields.to_mut().push((name, value));
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<FieldValue<'a>> {
        let found = self.fields.iter().find(|(own, value)| *own == name && !decode::is_absent(*value));
        found.map(|(_, value)| *value)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        decode::text(self.get(name)?)
    }

    pub(super) fn json(&self, name: &str) -> Option<Json<'a>> {
        decode::json(self.get(name)?)
    }

    pub(super) fn number(&self, name: &str) -> Option<Number> {
        decode::number(self.get(name)?)
    }

    /// The first of these that is a text.
    pub(super) fn first_text(&self, names: &[&str]) -> Option<Cow<'a, str>> {
        names.iter().find_map(|name| self.text(name))
    }

    /// Those whose name begins so, with the rest of it.
    pub(super) fn under<'w>(&'w self, prefix: &'w str) -> impl Iterator<Item = (&'static str, FieldValue<'a>)> + 'w {
        self.all().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }

    pub(super) fn has_under(&self, prefix: &str) -> bool {
        self.under(prefix).next().is_some()
    }

    /// Whether there is one of this name, or an item of the list that is flattened below it.
    pub(super) fn has_list(&self, name: &str) -> bool {
        self.has(name) || self.under(name).any(|(rest, _)| rest.strip_prefix('.').is_some_and(is_item))
    }

    /// The value that is spelled by flattened names below a prefix; with `is_part` only of some.
    pub(super) fn flattened(&self, prefix: &str, is_part: impl Fn(&str) -> bool) -> Option<Json<'a>> {
        let paths: Vec<Path<'static, 'a>> = self
            .under(prefix)
            .filter(|(rest, _)| is_part(rest))
            .filter_map(|(rest, value)| Some((rest, decode::flat(value)?)))
            .collect();
        (!paths.is_empty()).then(|| collected(paths))
    }

    /// Whether one of these was said, but was too large to keep.
    pub(super) fn has_lost(&self, names: &[&str]) -> bool {
        self.fields.iter().any(|(name, value)| *value == FieldValue::Oversize && names.contains(name))
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, FieldValue<'a>)> {
        self.fields.iter().copied().filter(|(_, value)| !decode::is_absent(*value))
    }
}

/// Whether the first segment of a name is a number, as that of a list's item is.
pub(super) fn is_item(rest: &str) -> bool {
    let first = rest.split('.').next().unwrap_or_default();
    !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit())
}
