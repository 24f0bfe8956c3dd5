//! What was said, but left to be read: here, and not where it was said.

use crate::recording::{DrainedEntry, Unreadable};
use crate::stats::Problem;
use llmobs_model::Annotation;

/// The same with all of it read.
#[inline]
pub(super) fn read<'a>(taken: DrainedEntry<'a>, problems: &mut Vec<Problem>) -> DrainedEntry<'a> {
    match taken {
        DrainedEntry::Annotation(said) if said.deferred.is_some() => {
            let (annotation, read) = said.map(reset_refused).read();
            problems.extend(read.err().map(|Unreadable| Problem::Unreadable));
            problems.extend((annotation.refused > 0).then_some(Problem::Annotation));
            DrainedEntry::Annotation(Box::new(annotation.into()))
        }
        other @ (DrainedEntry::Field(..) | DrainedEntry::Annotation(_)) => other,
    }
}

/// Capture has counted what was refused before.
fn reset_refused(mut annotation: Annotation) -> Annotation {
    annotation.refused = 0;
    annotation
}
