//! The lines that lead from a span to those below it.

use super::page::{DIM, Line};
use super::trace::Row;

/// The lines to the left of a span: which spans above it have more children to come.
#[derive(Debug, Default)]
pub(super) struct Rails {
    /// For each depth but 0, whether a sibling follows.
    more: Vec<bool>,
    has_children: bool,
}

impl Rails {
    pub(super) fn enter(&mut self, row: &Row<'_>) {
        self.more.truncate(row.depth.saturating_sub(1));
        if row.depth > 0 {
            self.more.push(!row.is_last);
        }
        self.has_children = row.has_children;
    }

    pub(super) fn before_span(&self) -> Line {
        let Some((own, above)) = self.more.split_last() else { return Line::default() };
        if above.len() >= MAX_DEPTH {
            return Self::rails(above).with(DIM, "… ");
        }
        Self::rails(above).with(DIM, if *own { "├─ " } else { "└─ " })
    }

    pub(super) fn before_detail(&self) -> Line {
        Self::rails(&self.more).with(DIM, if self.has_children { "│ " } else { "  " })
    }

    /// A chain of calls may be deeper than any terminal is wide; what is below the last rail stays there.
    fn rails(more: &[bool]) -> Line {
        let rails: String = more.iter().take(MAX_DEPTH).map(|more| if *more { "│  " } else { "   " }).collect();
        Line::default().with(DIM, &rails)
    }
}

const MAX_DEPTH: usize = 12;
