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

/// Says what stands for embeddings: `[2 embedding(s) returned with size 768]`, or without the size where they are packed.
pub(super) fn embeddings(said: Annotation, count: usize, size: Option<usize>) -> Annotation {
    match size.filter(|size| *size > 0) {
        _ if count == 0 => said,
        Some(size) => said.output(format!("[{count} embedding(s) returned with size {size}]")),
        None => said.output(format!("[{count} embedding(s) returned]")),
    }
}
