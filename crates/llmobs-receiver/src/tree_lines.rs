//! The lines of a tree that lead from a span to its children.

use super::styled_line::{DIM, Line};
use super::trace::Row;

/// The lines to the left of a span. An ancestor that has more children to come has a line.
#[derive(Debug, Default)]
pub(super) struct TreeLines {
    /// For each depth but 0, true when a sibling follows.
    more: Vec<bool>,
    has_children: bool,
}

impl TreeLines {
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
            return Self::lines(above).with(DIM, "… ");
        }
        Self::lines(above).with(DIM, if *own { "├─ " } else { "└─ " })
    }

    pub(super) fn before_detail(&self) -> Line {
        Self::lines(&self.more).with(DIM, if self.has_children { "│ " } else { "  " })
    }

    /// Draws the lines of the ancestors. A chain of calls may be deeper than a terminal is wide, so deep spans share a column.
    fn lines(more: &[bool]) -> Line {
        let lines: String = more.iter().take(MAX_DEPTH).map(|more| if *more { "│  " } else { "   " }).collect();
        Line::default().with(DIM, &lines)
    }
}

const MAX_DEPTH: usize = 12;
