//! Token counts of all providers: merged while a stream comes, and made consistent when it is over.
//!
//! In: the `usage` objects of responses and frames. Out: metrics in which parts are contained in their whole, as the intake
//! wants them. Never: a count that nobody reported, but for sums of what was reported.

use serde_json::Value;

use crate::json;
use llmobs_model::{Metrics, metric};

/// Merges a later report of usage into an earlier one, member by member: the larger number stays.
///
/// Every host reports at other times: all at the start, all at the end, growing with each chunk, the prompt with the first
/// event and the completion with the last. And many fill what they do not know with 0 or null. Counts only grow while a
/// response is written, so the larger of two is the later one that is known, whatever the order.
pub(crate) fn merge(earlier: &mut Value, later: &Value) {
    match (&mut *earlier, later) {
        (_, Value::Null) => {}
        (Value::Object(known), Value::Object(members)) => {
            for (name, value) in members {
                merge(known.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (known, later) => {
            let is_less = as_number(later).zip(as_number(known)).is_some_and(|(later, known)| later < known);
            let is_other_shape = known.is_object() && !later.is_object();
            if !is_less && !is_other_shape {
                *known = later.clone();
            }
        }
    }
}

fn as_number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// The token counts of one call, as far as they were reported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TokenUsage {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    pub(crate) total: Option<u64>,
    pub(crate) cache_read: Option<u64>,
    pub(crate) cache_write: Option<u64>,
    pub(crate) reasoning: Option<u64>,
}

impl TokenUsage {
    /// Counts cached tokens into the input, for the providers that count them beside it (Anthropic, Bedrock).
    pub(crate) fn with_cache_in_input(mut self) -> Self {
        self.input = sum([self.input, self.cache_read, self.cache_write]);
        self
    }

    /// Takes from `others` what this does not have.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            input: self.input.or(others.input),
            output: self.output.or(others.output),
            total: self.total.or(others.total),
            cache_read: self.cache_read.or(others.cache_read),
            cache_write: self.cache_write.or(others.cache_write),
            reasoning: self.reasoning.or(others.reasoning),
        }
    }

    /// Returns the metrics, each part contained in its whole.
    pub(crate) fn metrics(self) -> Metrics {
        let usage = self.consistent();
        let mut metrics = Metrics::new();
        for (name, count) in [
            (metric::INPUT_TOKENS, usage.input),
            (metric::OUTPUT_TOKENS, usage.output),
            (metric::TOTAL_TOKENS, usage.total),
            (metric::CACHE_READ_INPUT_TOKENS, usage.cache_read),
            (metric::CACHE_WRITE_INPUT_TOKENS, usage.cache_write),
            (metric::REASONING_OUTPUT_TOKENS, usage.reasoning),
        ] {
            if let Some(count) = count {
                metrics.put(name, count);
            }
        }
        metrics
    }

    /// Decides whether reasoning and cached tokens were counted within output and input or beside them.
    ///
    /// Nearly all hosts count them within; some (xAI, the OpenAI dialect of Anthropic's hosts) beside. The total tells: where
    /// it is only reached with the part, the part stands beside. Without a total, a part that is larger than its whole does.
    fn consistent(mut self) -> Self {
        let (input, output) = (self.input.unwrap_or(0), self.output.unwrap_or(0));
        let (cached, reasoning) = (sum([self.cache_read, self.cache_write]), self.reasoning);
        let reaches_total = |counts: [u64; 2]| {
            let sum = counts.into_iter().fold(input.saturating_add(output), u64::saturating_add);
            self.total == Some(sum)
        };
        let [cache_extra, reasoning_extra] = [cached.unwrap_or(0), reasoning.unwrap_or(0)];
        let has_both = cache_extra > 0 && reasoning_extra > 0;
        let is_cache_beside = cache_extra > input
            || reaches_total([cache_extra, 0]) && cache_extra > 0
            || has_both && reaches_total([cache_extra, reasoning_extra]);
        let is_reasoning_beside = reasoning_extra > output
            || reaches_total([0, reasoning_extra]) && reasoning_extra > 0
            || has_both && reaches_total([cache_extra, reasoning_extra]);
        if is_cache_beside {
            self.input = Some(input.saturating_add(cache_extra));
        }
        if is_reasoning_beside {
            self.output = Some(output.saturating_add(reasoning_extra));
        }
        // A total that is less than its parts is wrong; more than them may be what a host counts besides.
        let both = self.input.zip(self.output).map(|(input, output)| input.saturating_add(output));
        let known = both.or(self.input).or(self.output);
        self.total = match (self.total, known) {
            (Some(total), Some(known)) => Some(total.max(known)),
            (Some(total), None) => Some(total).filter(|total| *total > 0),
            (None, _) => both,
        };
        self
    }
}

/// Returns the sum of the counts that are there; `None` when there are none.
pub(crate) fn sum<const N: usize>(counts: [Option<u64>; N]) -> Option<u64> {
    counts.into_iter().flatten().reduce(u64::saturating_add)
}

/// Returns the first count that is there and not 0, else 0 if one is there. Hosts that speak two dialects fill the names of
/// the other one with zeros.
pub(crate) fn first_count(usage: &Value, names: &[&str]) -> Option<u64> {
    let counts = || names.iter().filter_map(|name| json::count(usage, name));
    counts().find(|count| *count > 0).or_else(|| counts().next())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn zero_null_and_absence_do_not_undo_a_count() {
        let mut usage = json!({"input_tokens": 25, "output_tokens": 1, "details": {"cached": 7}});
        for later in [
            json!({"input_tokens": 0, "output_tokens": 15}),
            json!({"input_tokens": null, "details": null}),
            json!({"details": {"cached": 0, "other": 2}}),
            json!(null),
            json!(3),
        ] {
            merge(&mut usage, &later);
        }
        assert_eq!(usage, json!({"input_tokens": 25, "output_tokens": 15, "details": {"cached": 7, "other": 2}}));
    }

    #[test]
    fn parts_that_stand_beside_their_whole_are_counted_into_it() {
        let usage = |input, output, total, cache_read, reasoning| TokenUsage {
            input,
            output,
            total,
            cache_read,
            reasoning,
            ..TokenUsage::default()
        };
        for (reported, input, output, total) in [
            // Within, as nearly everywhere.
            (usage(Some(32), Some(103), Some(135), None, Some(94)), Some(32), Some(103), Some(135)),
            // Beside: the total is only reached with it.
            (usage(Some(32), Some(9), Some(135), None, Some(94)), Some(32), Some(103), Some(135)),
            (usage(Some(32), Some(99), Some(136), None, Some(5)), Some(32), Some(104), Some(136)),
            // Beside: it is larger than the whole.
            (usage(Some(32), Some(9), None, None, Some(94)), Some(32), Some(103), Some(135)),
            (usage(Some(10), Some(5), Some(115), Some(100), None), Some(110), Some(5), Some(115)),
            (usage(Some(10), Some(5), None, Some(100), None), Some(110), Some(5), Some(115)),
            (usage(Some(10), Some(5), Some(118), Some(100), Some(3)), Some(110), Some(8), Some(118)),
            // A total that cannot be, and one that is more.
            (usage(Some(10), Some(5), Some(3), None, None), Some(10), Some(5), Some(15)),
            (usage(Some(10), Some(5), Some(20), None, None), Some(10), Some(5), Some(20)),
            (usage(Some(10), None, None, None, None), Some(10), None, None),
        ] {
            let found = reported.consistent();
            assert_eq!((found.input, found.output, found.total), (input, output, total), "{reported:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_part_is_larger_than_its_whole(counts in prop::array::uniform6(prop::option::of(0..50_u64))) {
            let [input, output, total, cache_read, cache_write, reasoning] = counts;
            let found = TokenUsage { input, output, total, cache_read, cache_write, reasoning }.consistent();
            prop_assert!(sum([found.cache_read, found.cache_write]).unwrap_or(0) <= found.input.unwrap_or(0));
            prop_assert!(found.reasoning.unwrap_or(0) <= found.output.unwrap_or(0));
            if let Some(total) = found.total {
                prop_assert!(found.input.unwrap_or(0).saturating_add(found.output.unwrap_or(0)) <= total);
            }
        }

        #[test]
        fn merging_never_lowers_a_count(
            reports in prop::collection::vec(prop::collection::btree_map("[a-c]", prop::option::of(0..9_u64), 0..4), 0..5),
        ) {
            let mut merged = json!({});
            for report in &reports {
                merge(&mut merged, &json!(report));
            }
            for name in ["a", "b", "c"] {
                let most = reports.iter().filter_map(|report| *report.get(name)?).max();
                prop_assert_eq!(json::count(&merged, name), most);
            }
        }
    }
}
