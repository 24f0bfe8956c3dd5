//! Texts without their secrets.

use super::found::Found;
use super::{named, scan};

/// The part of the rule that applies to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "every caller decides which of the two it needs")]
pub enum TextRule {
    /// Shapes of values only: what people write to a model.
    Shapes,
    /// Shapes, and values behind names (`password=…`, `"api_key": "…"`): errors, results of tools, `Debug` of values.
    ShapesAndNames,
}

/// Returns the text with [`MARK`](super::MARK) in place of each secret, and their number; `None` when there is none.
///
/// The time is linear in the text, and what is returned has no secret left that the rule would find.
pub fn hide_in_text(text: &str, rule: TextRule) -> Option<(String, u32)> {
    let (mut hidden, mut count) = hide_once(text, rule)?;
    // A mark may make a name or a value of what stood beside the secret, so a text that had one is looked at again.
    for _ in 0..MAX_PASSES {
        let Some((again, more)) = hide_once(&hidden, rule) else { break };
        (hidden, count) = (again, count.saturating_add(more));
    }
    Some((hidden, count))
}

fn hide_once(text: &str, rule: TextRule) -> Option<(String, u32)> {
    let mut found = Found::default();
    scan::find(text, &mut found);
    if rule == TextRule::ShapesAndNames {
        named::find(text, &mut found);
    }
    found.replace(text)
}

const MAX_PASSES: usize = 8;
