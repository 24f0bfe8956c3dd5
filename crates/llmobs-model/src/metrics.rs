//! Metrics: numbers of a span, and the names that the intake knows.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::{Number, Value};

use super::json_size::{cow_bytes, sum_bytes};
use super::rewrite_texts::in_cow;

/// Names of metrics that the intake knows; any other name is welcome too.
///
/// Tokens are counts, costs are US dollars, times are seconds.
pub mod metric {
    /// Tokens in the prompt.
    pub const INPUT_TOKENS: &str = "input_tokens";
    /// Tokens in the completion.
    pub const OUTPUT_TOKENS: &str = "output_tokens";
    /// Tokens in the prompt and the completion.
    pub const TOTAL_TOKENS: &str = "total_tokens";
    /// Prompt tokens read from the provider's cache.
    pub const CACHE_READ_INPUT_TOKENS: &str = "cache_read_input_tokens";
    /// Prompt tokens written to the provider's cache.
    pub const CACHE_WRITE_INPUT_TOKENS: &str = "cache_write_input_tokens";
    /// Prompt tokens written to a cache of five minutes.
    pub const EPHEMERAL_5M_INPUT_TOKENS: &str = "ephemeral_5m_input_tokens";
    /// Prompt tokens written to a cache of one hour.
    pub const EPHEMERAL_1H_INPUT_TOKENS: &str = "ephemeral_1h_input_tokens";
    /// Prompt tokens that no cache had.
    pub const NON_CACHED_INPUT_TOKENS: &str = "non_cached_input_tokens";
    /// Completion tokens spent on reasoning.
    pub const REASONING_OUTPUT_TOKENS: &str = "reasoning_output_tokens";
    /// Characters that the provider bills.
    pub const BILLABLE_CHARACTER_COUNT: &str = "billable_character_count";
    /// Cost of the prompt.
    pub const INPUT_COST: &str = "input_cost";
    /// Cost of the completion.
    pub const OUTPUT_COST: &str = "output_cost";
    /// Cost of the prompt and the completion.
    pub const TOTAL_COST: &str = "total_cost";
    /// Cost of prompt tokens that no cache had.
    pub const NON_CACHED_INPUT_COST: &str = "non_cached_input_cost";
    /// Cost of prompt tokens read from the cache.
    pub const CACHE_READ_INPUT_COST: &str = "cache_read_input_cost";
    /// Cost of prompt tokens written to the cache.
    pub const CACHE_WRITE_INPUT_COST: &str = "cache_write_input_cost";
    /// Seconds until the first token of a stream.
    pub const TIME_TO_FIRST_TOKEN: &str = "time_to_first_token";
    /// Seconds per token after the first.
    pub const TIME_PER_OUTPUT_TOKEN: &str = "time_per_output_token";
    /// Seconds that the request waited at the model's server.
    pub const TIME_IN_QUEUE: &str = "time_in_queue";
    /// Seconds that the model read the prompt.
    pub const TIME_IN_MODEL_PREFILL: &str = "time_in_model_prefill";
    /// Seconds that the model wrote the completion.
    pub const TIME_IN_MODEL_DECODE: &str = "time_in_model_decode";
    /// Seconds that the model read the prompt and wrote the completion.
    pub const TIME_IN_MODEL_INFERENCE: &str = "time_in_model_inference";
}

/// The metrics of a span: one number a name; a later number replaces an earlier one.
///
/// Integers stay integers on the wire. A dot in a name becomes `_`, because the intake drops the whole
/// batch for one dot; a number that is not finite is refused.
///
/// # Example
///
/// ```
/// use llmobs_model::{Metrics, metric};
///
/// let mut metrics = Metrics::new();
/// assert!(metrics.insert(metric::INPUT_TOKENS, 212));
/// assert!(metrics.insert("gpu.seconds", 0.5));
/// assert!(!metrics.insert("broken", f64::NAN));
/// assert_eq!(metrics.get("gpu_seconds").and_then(|n| n.as_f64()), Some(0.5));
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    entries: Vec<(Cow<'static, str>, Number)>,
    /// The places of names by their hash, where there are many: to look at each would take the square of their number.
    index: NameIndex,
}

impl Metrics {
    /// Creates an empty set.
    pub const fn new() -> Self {
        Self { entries: Vec::new(), index: NameIndex(None) }
    }

    /// Sets a metric, and returns whether it was accepted: the name is not blank and the number finite.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<MetricValue>) -> bool {
        self.put(name.into(), value)
    }

    /// Sets a metric as [`insert`](Self::insert) does, without a copy of a static name.
    #[doc(hidden)]
    pub fn put(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<MetricValue>) -> bool {
        let name = without_dots(name.into());
        let Some(value) = value.into().0 else { return false };
        if is_blank(&name) {
            return false;
        }
        let at = self.position(&name);
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.1 = value;
        } else {
            self.entries.push((name, value));
            self.index.extend(&self.entries);
        }
        true
    }

    /// Sets all metrics of `later` over these.
    pub fn extend(&mut self, later: Self) {
        if self.entries.is_empty() {
            *self = later;
            return;
        }
        for (name, value) in later.entries {
            self.put(name, value);
        }
    }

    /// Returns an empty set with the same capacity, up to a bound.
    #[doc(hidden)]
    pub fn emptied(mut self) -> Self {
        self.entries.clear();
        self.index = NameIndex(None);
        // A span with thousands of metrics must not leave its capacity behind.
        self.entries.shrink_to(128);
        self
    }

    /// Removes a metric, and returns its number.
    pub fn remove(&mut self, name: &str) -> Option<Number> {
        let at = self.position(name)?;
        // All places behind it change.
        self.index = NameIndex(None);
        Some(self.entries.remove(at).1)
    }

    /// Returns the number under this name.
    pub fn get(&self, name: &str) -> Option<&Number> {
        self.entries.get(self.position(name)?).map(|(_, value)| value)
    }

    fn position(&self, name: &str) -> Option<usize> {
        match self.index.find(name) {
            Place::Nowhere => return None,
            Place::Perhaps(at) if self.entries.get(at).is_some_and(|(own, _)| own == name) => return Some(at),
            // Two names with one hash, or no index yet.
            Place::Perhaps(_) | Place::Unknown => {}
        }
        self.entries.iter().position(|(own, _)| own == name)
    }

    /// Returns all metrics in the order in which they were first set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Number)> {
        self.entries.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Returns whether there are no metrics.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Calls `rewrite` with every name; where two become the same, the later number holds.
    pub(crate) fn rewrite_names(&mut self, rewrite: &mut dyn FnMut(&mut String)) {
        self.index = NameIndex(None);
        for (mut name, value) in std::mem::take(&mut self.entries) {
            in_cow(&mut name, rewrite);
            self.insert(name, value);
        }
    }

    /// Removes the numbers that a provider of models counts: tokens and their cost.
    #[doc(hidden)]
    pub fn remove_usage(&mut self) {
        self.entries.retain(|(name, _)| !name.contains("token") && !name.ends_with("_cost"));
        self.index = NameIndex(None);
    }

    /// Returns the bytes that the metrics retain, about.
    #[doc(hidden)]
    pub fn text_bytes(&self) -> usize {
        sum_bytes(&self.entries, |(name, _)| cow_bytes(name)).saturating_add(self.index.retained_bytes())
    }
}

/// The places of names in a list, by the hash of the name. There is none for short lists.
#[derive(Debug, Clone, Default)]
#[expect(clippy::box_collection, reason = "few annotations have one, and all would be larger")]
struct NameIndex(Option<Box<HashMap<u64, usize>>>);

/// The answer of an index.
enum Place {
    Unknown,
    Nowhere,
    /// Here, unless two names have one hash.
    Perhaps(usize),
}

impl NameIndex {
    /// In a shorter list looking at each name is faster.
    const MIN_NAMES: usize = 64;

    fn find(&self, name: &str) -> Place {
        let Some(places) = &self.0 else { return Place::Unknown };
        places.get(&hash(name, places.hasher())).map_or(Place::Nowhere, |at| Place::Perhaps(*at))
    }

    /// Adds the last name of a list, or all of a list that has become long.
    fn extend(&mut self, entries: &[(Cow<'static, str>, Number)]) {
        if entries.len() < Self::MIN_NAMES {
            return;
        }
        let known = if self.0.is_some() { entries.len().saturating_sub(1) } else { 0 };
        let places = self.0.get_or_insert_default();
        for (at, (name, _)) in entries.iter().enumerate().skip(known) {
            let hash = hash(name, places.hasher());
            places.entry(hash).or_insert(at);
        }
    }

    fn retained_bytes(&self) -> usize {
        // Hash, place, a byte beside them, and the slots that stay free.
        const SLOT: usize = 20;
        self.0.as_ref().map_or(0, |places| places.capacity().saturating_mul(SLOT))
    }
}

/// An index says nothing that the list does not.
impl PartialEq for NameIndex {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn hash(name: &str, hasher: &RandomState) -> u64 {
    hasher.hash_one(name)
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Reads an object; members that are not numbers are left out, and anything but an object is an empty set.
impl<'de> Deserialize<'de> for Metrics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Object(members) => {
                let numbers = members.into_iter().filter_map(|(name, value)| match value {
                    Value::Number(number) => Some((name, number)),
                    Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => None,
                });
                numbers.collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Self::new(),
        })
    }
}

impl<K: Into<String>, V: Into<MetricValue>> FromIterator<(K, V)> for Metrics {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut metrics = Self::new();
        for (name, value) in pairs {
            metrics.insert(name, value);
        }
        metrics
    }
}

/// A number for a metric: any integer up to 64 bits or any float. Floats that are not finite are refused.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricValue(pub(crate) Option<Number>);

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl From<$integer> for MetricValue {
            fn from(value: $integer) -> Self {
                Self(Some(value.into()))
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

impl From<f64> for MetricValue {
    fn from(value: f64) -> Self {
        Self(Number::from_f64(value))
    }
}

impl From<f32> for MetricValue {
    fn from(value: f32) -> Self {
        Self::from(f64::from(value))
    }
}

impl From<Number> for MetricValue {
    fn from(value: Number) -> Self {
        Self(Some(value))
    }
}

fn is_blank(name: &str) -> bool {
    !name.as_bytes().first().is_some_and(u8::is_ascii_graphic) && name.trim().is_empty()
}

fn without_dots(name: Cow<'static, str>) -> Cow<'static, str> {
    if name.as_bytes().contains(&b'.') { Cow::Owned(name.replace('.', "_")) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_metrics_behave_as_few_do() {
        let mut metrics = Metrics::new();
        for round in 0..3_u32 {
            for number in 0..1_000_u32 {
                assert!(metrics.insert(format!("metric{number}"), number + round));
            }
        }
        assert_eq!(metrics.iter().count(), 1_000);
        assert_eq!(metrics.get("metric999").and_then(Number::as_u64), Some(1_001));
        assert_eq!(metrics.remove("metric0").and_then(|number| number.as_u64()), Some(2));
        assert!(metrics.get("metric0").is_none() && metrics.get("metric1").is_some());
        metrics.insert("late", 1);
        assert_eq!(metrics.iter().last().map(|(name, _)| name), Some("late"));
    }

    #[test]
    fn integers_stay_integers_and_later_wins() {
        let metrics = Metrics::from_iter([("a", 1_u64), ("b", u64::MAX), ("a", 3)]);
        let all: Vec<_> = metrics.iter().map(|(name, value)| (name, value.to_string())).collect();
        assert_eq!(all, [("a", "3".to_owned()), ("b", "18446744073709551615".to_owned())]);
    }

    #[test]
    fn metrics_that_would_cost_the_batch_are_refused() {
        let mut metrics = Metrics::new();
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(!metrics.insert("m", bad));
        }
        assert!(!metrics.insert("", 1) && metrics.is_empty());
        assert!(metrics.insert("a.b.c", 1) && metrics.get("a_b_c").is_some());
    }

    #[test]
    fn every_constant_is_a_good_name_and_no_two_are_the_same() {
        use metric::*;
        let tokens = [INPUT_TOKENS, OUTPUT_TOKENS, TOTAL_TOKENS, REASONING_OUTPUT_TOKENS, BILLABLE_CHARACTER_COUNT];
        let cache = [CACHE_READ_INPUT_TOKENS, CACHE_WRITE_INPUT_TOKENS, NON_CACHED_INPUT_TOKENS];
        let short_lived = [EPHEMERAL_5M_INPUT_TOKENS, EPHEMERAL_1H_INPUT_TOKENS];
        let costs = [INPUT_COST, OUTPUT_COST, TOTAL_COST, NON_CACHED_INPUT_COST, CACHE_READ_INPUT_COST];
        let times = [TIME_TO_FIRST_TOKEN, TIME_PER_OUTPUT_TOKEN, TIME_IN_QUEUE, TIME_IN_MODEL_INFERENCE];
        let stages = [CACHE_WRITE_INPUT_COST, TIME_IN_MODEL_PREFILL, TIME_IN_MODEL_DECODE];
        let all = [&tokens[..], &cache, &short_lived, &costs, &times, &stages].concat();
        let mut metrics = Metrics::new();
        for (value, name) in (1..).zip(&all) {
            assert!(metrics.insert(*name, value) && metrics.get(name).is_some(), "{name}");
        }
        assert_eq!(metrics.iter().count(), all.len());
    }
}
