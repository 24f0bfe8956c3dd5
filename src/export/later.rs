//! What was said, but left to be read: here, and not where it was said.

use crate::recording::{DrainedEntry, RecordedAnnotation, Unreadable};
use crate::stats::Problem;
use llmobs_model::Annotation;

/// The same with all of it read.
#[inline]
pub(super) fn read<'a>(taken: DrainedEntry<'a>, problems: &mut Vec<Problem>) -> DrainedEntry<'a> {
    match taken {
        DrainedEntry::Annotation(said) if said.deferred.is_some() => {
            let precedence = said.precedence;
            let (annotation, read) = said.map(reset_refused).read();
            problems.extend(read.err().map(|Unreadable| Problem::Unreadable));
            problems.extend((annotation.refused > 0).then_some(Problem::Annotation));
            // A codec says so in the metadata, where users of the crate without this one find it, too.
            problems.extend(annotation.metadata.contains_key(UNREADABLE).then_some(Problem::Unreadable));
            DrainedEntry::Annotation(Box::new(RecordedAnnotation::from(annotation).with_precedence(precedence)))
        }
        other @ (DrainedEntry::Field(..) | DrainedEntry::Annotation(_)) => other,
    }
}

/// The metadata member of a provider's response that could not be read, as `llmobs-providers` names it.
const UNREADABLE: &str = "unreadable_response";

/// Capture has counted what was refused before.
fn reset_refused(mut annotation: Annotation) -> Annotation {
    annotation.refused = 0;
    annotation
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Precedence;

    #[test]
    fn a_deferred_annotation_keeps_its_precedence_when_it_is_read() {
        let deferred = RecordedAnnotation::deferred(1, Annotation::new).with_precedence(Precedence::Fallback);
        let read = read(DrainedEntry::Annotation(Box::new(deferred)), &mut Vec::new());
        assert!(matches!(read, DrainedEntry::Annotation(annotation) if annotation.is_fallback()));
    }

    #[test]
    fn a_response_that_could_not_be_read_is_counted() {
        for (name, expected) in [(UNREADABLE, vec![Problem::Unreadable]), ("other", vec![])] {
            let deferred = RecordedAnnotation::deferred(1, move || Annotation::new().metadata(name, "not JSON"));
            let mut problems = Vec::new();
            read(DrainedEntry::Annotation(Box::new(deferred)), &mut problems);
            assert_eq!(problems, expected);
        }
    }
}
