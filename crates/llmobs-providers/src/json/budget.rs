//! The memory that a streamed response may take.

use serde_json::Value;

/// The memory that is left for a streamed response. All texts and values of one stream share it, so that the whole is bounded
/// whatever its parts are.
///
/// Texts are plain strings: `budget.push(&mut text, piece)`.
#[derive(Debug)]
pub(crate) struct StreamBudget {
    left: usize,
}

impl StreamBudget {
    /// Bytes of a response that are put together at most: far more than an event may have.
    pub(crate) const BYTES: usize = 32 * 1024 * 1024;

    pub(crate) const fn new() -> Self {
        Self { left: Self::BYTES }
    }

    /// Returns how many bytes were taken.
    pub(crate) const fn taken(&self) -> usize {
        Self::BYTES.saturating_sub(self.left)
    }

    /// Takes so many bytes; `false` when they are not left. Entries of lists take some too: a million pieces of text without
    /// a byte would cost memory all the same.
    pub(crate) fn take(&mut self, bytes: usize) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    /// Appends a piece to a text, as much of it as the budget allows.
    pub(crate) fn push(&mut self, text: &mut String, piece: &str) {
        let mut end = piece.len().min(self.left);
        while !piece.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        self.left = self.left.saturating_sub(end);
        text.push_str(piece.get(..end).unwrap_or_default());
    }

    /// Appends a member that is text to a text; `true` when there was any, which makes it a piece of content.
    pub(crate) fn push_member(&mut self, text: &mut String, from: &Value, name: &str) -> bool {
        let piece = super::text(from, name);
        self.push(text, piece);
        !piece.is_empty()
    }

    /// Copies a value; null when the budget does not allow it.
    pub(crate) fn keep(&mut self, value: &Value) -> Value {
        if self.take(estimated_bytes(value)) { value.clone() } else { Value::Null }
    }
}

impl Default for StreamBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// Estimates the memory of a value. Its depth is bounded by the reader.
pub(crate) fn estimated_bytes(value: &Value) -> usize {
    const NODE: usize = 32;
    let inside = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().fold(0_usize, |sum, item| sum.saturating_add(estimated_bytes(item))),
        Value::Object(members) => members
            .iter()
            .fold(0_usize, |sum, (name, value)| sum.saturating_add(name.len()).saturating_add(estimated_bytes(value))),
    };
    inside.saturating_add(NODE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_when_the_budget_ends() {
        let mut budget = StreamBudget { left: 4 };
        let mut text = String::new();
        budget.push(&mut text, "äöü");
        budget.push(&mut text, "x");
        assert_eq!((text.as_str(), budget.left), ("äö", 0));
        assert_eq!((budget.keep(&json!("x")), budget.take(1), budget.take(0)), (Value::Null, false, true));
    }
}
