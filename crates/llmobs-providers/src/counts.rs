//! Counts of tokens → metrics.

use llmobs_model::Annotation;

/// Says those counts that there are.
pub(super) fn count<const N: usize>(said: Annotation, counts: [(&'static str, Option<u64>); N]) -> Annotation {
    let known = counts.into_iter().filter_map(|(name, count)| Some((name, count?)));
    known.fold(said, |said, (name, count)| said.metric(name, count))
}

/// The sum of those counts that there are; `None` when there are none.
pub(super) fn sum<const N: usize>(counts: [Option<u64>; N]) -> Option<u64> {
    counts.into_iter().flatten().reduce(u64::saturating_add)
}
