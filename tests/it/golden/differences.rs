//! Where the crate sends something else on purpose.
//!
//! Every row names its reason in `docs/decisions/0001-differences-from-the-python-sdk.md`.
//! A row that a scenario does not show any more fails that scenario.

use super::compare::Gap;

/// One kind of difference.
pub(super) struct Difference {
    /// The row of the decision record that gives the reason.
    pub(super) row: &'static str,
    /// Every one of them shows it, in both modes.
    pub(super) scenarios: &'static [&'static str],
    /// Where; `*` stands for anything.
    pub(super) path: &'static str,
    /// What the Python SDK sent, as JSON; `*` stands for anything.
    pub(super) expected: &'static str,
    /// What the crate sends.
    pub(super) ours: &'static str,
}

impl Difference {
    fn explains(&self, gap: &Gap) -> bool {
        matches(self.path, &gap.path) && matches(self.expected, &gap.expected) && matches(self.ours, &gap.got)
    }
}

/// A line for every gap without a row and for every row without a gap.
pub(super) fn unexplained(scenario: &str, gaps: Vec<Gap>) -> impl Iterator<Item = String> {
    let rows: Vec<_> = DIFFERENCES.iter().filter(|row| row.scenarios.contains(&scenario)).collect();
    let idle = rows.iter().filter(|row| !gaps.iter().any(|gap| row.explains(gap)));
    let idle: Vec<_> = idle.map(|row| format!("{}: no longer differs at {}", row.row, row.path)).collect();
    let open = gaps.into_iter().filter(move |gap| !rows.iter().any(|row| row.explains(gap)));
    open.map(|gap| gap.to_string()).chain(idle)
}

/// Whether the text has this form.
fn matches(form: &str, text: &str) -> bool {
    let Some((before, after)) = form.split_once('*') else { return form == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| matches(after, rest))
}

pub(super) const DIFFERENCES: &[Difference] = &[];
