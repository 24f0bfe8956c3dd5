//! What several APIs count alike: tokens, and the embeddings that come back.

use crate::model::Annotation;

/// Says those counts that there are.
pub(super) fn count<const N: usize>(said: Annotation, counts: [(&'static str, Option<u64>); N]) -> Annotation {
    let known = counts.into_iter().filter_map(|(name, count)| Some((name, count?)));
    known.fold(said, |said, (name, count)| said.metric(name, count))
}

/// The sum of those counts that there are; `None` when there are none.
pub(super) fn sum<const N: usize>(counts: [Option<u64>; N]) -> Option<u64> {
    counts.into_iter().flatten().reduce(u64::saturating_add)
}

/// What stands for embeddings: `[2 embedding(s) returned with size 768]`, or without the size where they are packed.
pub(super) fn embeddings(count: usize, size: Option<usize>) -> String {
    match size.filter(|size| *size > 0) {
        Some(size) => format!("[{count} embedding(s) returned with size {size}]"),
        None => format!("[{count} embedding(s) returned]"),
    }
}
