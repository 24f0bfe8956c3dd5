//! Two normalised values, and where they differ.

use std::fmt;

use serde_json::Value;

/// A place where the crate sends something else.
#[derive(Debug)]
pub(super) struct Gap {
    pub(super) path: String,
    /// Compact JSON, or `<absent>`.
    pub(super) expected: String,
    pub(super) got: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.path, self.expected, self.got)
    }
}

/// Every place where the two differ, as deep as can be said.
pub(super) fn compare(expected: &Value, got: &Value) -> Vec<Gap> {
    let mut gaps = Vec::new();
    walk(Some(expected), Some(got), String::new(), &mut gaps);
    gaps
}

fn walk(expected: Option<&Value>, got: Option<&Value>, path: String, gaps: &mut Vec<Gap>) {
    match (expected, got) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            let mut keys: Vec<_> = left.keys().chain(right.keys()).collect();
            keys.sort_unstable();
            keys.dedup();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(left.get(key), right.get(key), path, gaps);
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for at in 0..left.len().max(right.len()) {
                walk(left.get(at), right.get(at), format!("{path}[{at}]"), gaps);
            }
        }
        _ if expected == got => {}
        _ => gaps.push(Gap { path, expected: shown(expected), got: shown(got) }),
    }
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "<absent>".to_owned(), Value::to_string)
}
