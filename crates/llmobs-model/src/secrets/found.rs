//! Ranges of secrets in a text, and the mark in their place.

use std::ops::Range;

/// The text in place of a secret.
pub const MARK: &str = "[secret]";

/// Ranges of secrets in one text.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<Secret>);

#[derive(Debug)]
struct Secret {
    range: Range<usize>,
    /// The backslashes before the quotes that the mark needs to stay JSON; `None` where it needs none.
    quotes: Option<usize>,
}

impl Found {
    /// Adds a range, unless it is empty or the mark stands there already.
    pub(super) fn add(&mut self, text: &str, range: Range<usize>) {
        self.add_quoted(text, range, None);
    }

    /// Adds a range in JSON that is not a string: the mark becomes one, behind so many backslashes.
    pub(super) fn add_quoted(&mut self, text: &str, range: Range<usize>, quotes: Option<usize>) {
        if !is_hidden(text, &range) && !range.is_empty() {
            self.0.push(Secret { range, quotes });
        }
    }

    /// Returns the text with the mark in place of each range, and their number; `None` when there is none.
    pub(super) fn replace(mut self, text: &str) -> Option<(String, u32)> {
        if self.0.is_empty() {
            return None;
        }
        self.0.sort_unstable_by_key(|secret| (secret.range.start, secret.range.end));
        let mut hidden = String::with_capacity(text.len());
        let (mut copied, mut count) = (0, 0_u32);
        for Secret { range, quotes } in self.0 {
            if range.end <= copied {
                continue;
            }
            if range.start >= copied && (count == 0 || range.start > copied) {
                hidden.push_str(text.get(copied..range.start).unwrap_or_default());
                let quote = quotes.map(|backslashes| format!("{}\"", "\\".repeat(backslashes))).unwrap_or_default();
                hidden.extend([quote.as_str(), MARK, quote.as_str()]);
                count = count.saturating_add(1);
            }
            copied = range.end;
        }
        hidden.push_str(text.get(copied..).unwrap_or_default());
        Some((hidden, count))
    }
}

/// Returns whether the mark stands in place of a range already. What is longer than the mark only begins like it.
pub(super) fn is_hidden(text: &str, range: &Range<usize>) -> bool {
    text.get(range.start..).is_none_or(|rest| rest.starts_with(MARK)) && range.len() <= MARK.len()
}
