//! Members in camel case or in snake case: protobuf JSON may have either.

use std::borrow::Cow;

use serde_json::Value;

use crate::json;

/// The member of this name, which is in camel case, or the same in snake case; `Null` when there is neither.
pub(super) fn member<'a>(value: &'a Value, camel: &str) -> &'a Value {
    json::present(value, camel).or_else(|| json::present(value, &snake(camel))).unwrap_or(&Value::Null)
}

/// `topP` → `top_p`.
pub(super) fn snake(camel: &str) -> Cow<'_, str> {
    if !camel.contains(|letter: char| letter.is_ascii_uppercase()) {
        return Cow::Borrowed(camel);
    }
    let mut snake = String::with_capacity(camel.len().saturating_add(4));
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    Cow::Owned(snake)
}
