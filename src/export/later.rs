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
            DrainedEntry::Annotation(Box::new(RecordedAnnotation::from(annotation).with_precedence(precedence)))
        }
        other @ (DrainedEntry::Field(..) | DrainedEntry::Annotation(_)) => other,
    }
}

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
}
