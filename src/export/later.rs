//! What was said, but left to be read: here, and not where it was said.

use crate::model::{Annotation, Unreadable};
use crate::stats::Problem;

/// The annotation with all of it read.
pub(super) fn read(mut said: Box<Annotation>, problems: &mut Vec<Problem>) -> Box<Annotation> {
    if said.later.is_none() {
        return said;
    }
    // Capture has counted what was refused before.
    said.refused = 0;
    let (all, read) = said.read();
    problems.extend(read.err().map(|Unreadable| Problem::Unreadable));
    problems.extend((all.refused > 0).then_some(Problem::Annotation));
    Box::new(all)
}
