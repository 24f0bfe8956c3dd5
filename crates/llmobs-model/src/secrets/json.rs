//! JSON without its secrets.

use serde_json::{Map, Value};

use super::found::MARK;
use super::name::{NameVerdict, judge_name};
use super::shapes::looks_random;
use super::texts::{TextRule, hide_in_text};

/// Replaces the values of secret names, and secrets in texts, by [`MARK`](super::MARK); returns how many.
pub fn hide_in_members(members: &mut Map<String, Value>) -> u32 {
    let mut open = Vec::new();
    let count = hide_level(members, &mut open);
    count.saturating_add(hide_below(open))
}

/// Replaces the secrets in a value, as [`hide_in_members`] does.
pub fn hide_in_value(value: &mut Value) -> u32 {
    hide_below(vec![value])
}

/// Walks without recursion: a value may be deep.
fn hide_below(mut open: Vec<&mut Value>) -> u32 {
    let mut count = 0_u32;
    while let Some(value) = open.pop() {
        let hidden = match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
            Value::String(text) => hide_in_own(text, TextRule::ShapesAndNames),
            Value::Array(items) => {
                open.extend(items);
                0
            }
            Value::Object(members) => hide_level(members, &mut open),
        };
        count = count.saturating_add(hidden);
    }
    count
}

fn hide_level<'a>(members: &'a mut Map<String, Value>, open: &mut Vec<&'a mut Value>) -> u32 {
    let mut count = 0_u32;
    for (name, value) in members.iter_mut() {
        let has_value = match value {
            Value::Null | Value::Bool(_) => false,
            Value::String(text) => !text.is_empty() && text != MARK,
            Value::Number(_) => true,
            // A definition of the parameter, not its value.
            Value::Object(members) => !members.contains_key("type") && !members.contains_key("$ref"),
            Value::Array(items) => !items.is_empty(),
        };
        let is_secret = has_value
            && match judge_name(name) {
                NameVerdict::Harmless => false,
                NameVerdict::ByValue => value.as_str().is_some_and(looks_random),
                NameVerdict::Secret => true,
            };
        let is_headers = value.is_object() && is_headers(name);
        if is_secret {
            *value = Value::String(MARK.to_owned());
            count = count.saturating_add(1);
        } else if let (true, Value::Object(headers)) = (is_headers, &mut *value) {
            for value in headers.values_mut().filter(|value| value.as_str() != Some(MARK)) {
                *value = Value::String(MARK.to_owned());
                count = count.saturating_add(1);
            }
        } else {
            open.push(value);
        }
    }
    count
}

/// Returns whether an object of this name holds HTTP headers; each may be a credential.
fn is_headers(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "headers" || name.ends_with("_headers") || name.ends_with("-headers") || name.ends_with("httpheaders")
}

fn hide_in_own(text: &mut String, rule: TextRule) -> u32 {
    let Some((hidden, count)) = hide_in_text(text, rule) else { return 0 };
    *text = hidden;
    count
}
