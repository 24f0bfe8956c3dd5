//! What was said, but left to be read: here, and not where it was said.

use crate::model::{Annotation, Taken, Unreadable};
use crate::stats::Problem;

/// The same with all of it read.
#[inline]
pub(super) fn read<'a>(taken: Taken<'a>, problems: &mut Vec<Problem>) -> Taken<'a> {
    match taken {
        Taken::Annotation(said) if said.later.is_some() => {
            // Capture has counted what was refused before.
            let (said, read) = Annotation { refused: 0, ..*said }.read();
            problems.extend(read.err().map(|Unreadable| Problem::Unreadable));
            problems.extend((said.refused > 0).then_some(Problem::Annotation));
            Taken::Annotation(Box::new(said))
        }
        other @ (Taken::Field(..) | Taken::Annotation(_)) => other,
    }
}
