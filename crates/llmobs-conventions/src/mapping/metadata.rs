//! Metadata: request parameters and other attributes worth keeping.

use serde_json::{Map, Value};

use crate::AttributeValue;
use crate::attributes::{ResolvedAttributes, is_short};
use crate::convention::class::says_content;
use crate::convention::gen_ai;
use crate::convention::langfuse::PROVIDER_MEMBER;
use crate::convention::precedence::{LAST_METADATA, LISTS, METADATA, METADATA_FAMILIES, METADATA_OBJECTS};
use crate::format::decode;
use crate::format::json::Json;
use crate::format::secrets::is_secret;
use crate::mapping::tags;
use llmobs_model::RESERVED_METADATA_KEY;

/// Returns the metadata: single attributes first, then JSON objects, which only fill gaps.
pub(crate) fn metadata(attributes: &ResolvedAttributes<'_>) -> Map<String, Value> {
    let mut all = Map::new();
    for (rest, value) in attributes.under(gen_ai::REQUEST) {
        if rest != MODEL {
            let parameter = if LISTS.contains(&rest) { list(value) } else { decode::member(value) };
            put_nested(&mut all, rest, parameter);
        }
    }
    for (name, member) in METADATA {
        let Some(value) = attributes.get(name) else { continue };
        put(&mut all, member, if LISTS.contains(member) { list(value) } else { decode::member(value) });
    }
    for family in METADATA_FAMILIES {
        for (rest, value) in attributes.under(family).filter(|(rest, _)| *rest != PROVIDER_MEMBER) {
            if !rest.is_empty() && !MODEL_MEMBERS.contains(&rest) {
                put(&mut all, rest, decode::member(value));
            }
        }
    }
    for name in METADATA_OBJECTS {
        let object = attributes.json(name);
        let is_request = name.ends_with("invocation_parameters");
        for (member, value) in object.iter().filter_map(Json::members).flatten() {
            let is_known = MODEL_MEMBERS.contains(&member.as_ref())
                || *member == PROVIDER_MEMBER
                || (is_request && REQUEST_MEMBERS.contains(&member.as_ref()));
            if !is_known {
                put_member(&mut all, member, Some(value.to_value()));
            }
        }
    }
    for (name, value) in attributes.all() {
        if let Some(member) = tags::metadata_instead(attributes, name, value) {
            put(&mut all, member, decode::member(value));
        }
    }
    if attributes.is_restricted {
        retain_short(&mut all);
    }
    all
}

/// Overwrites members with those of the JSON object that wins over everything.
pub(crate) fn overwrite(attributes: &ResolvedAttributes<'_>, all: &mut Map<String, Value>) {
    let mut last = attributes.json(LAST_METADATA).as_ref().map(Json::to_map).unwrap_or_default();
    if attributes.is_restricted {
        retain_short(&mut last);
    }
    for (member, value) in last {
        if !MODEL_MEMBERS.contains(&member.as_str()) {
            all.remove(&member);
            put_member(all, &member, Some(value));
        }
    }
}

/// Removes what may be content: members whose names say so, long texts, and lists other than those of known parameters.
fn retain_short(members: &mut Map<String, Value>) {
    members.retain(|name, value| {
        if says_content(name) && !SETTINGS.contains(&name.as_str()) {
            return false;
        }
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
            Value::String(text) => is_short(text),
            Value::Array(items) => {
                let is_short_item = |item: &Value| match item {
                    Value::Null | Value::Bool(_) | Value::Number(_) => true,
                    Value::String(text) => is_short(text),
                    Value::Array(_) | Value::Object(_) => false,
                };
                SHORT_LISTS.contains(&name.as_str()) && items.iter().all(is_short_item)
            }
            Value::Object(inner) => {
                retain_short(inner);
                !inner.is_empty()
            }
        }
    });
}

/// Sets a member that does not exist yet. Null and secrets are left out.
fn put_member(all: &mut Map<String, Value>, member: &str, value: Option<Value>) {
    if !is_secret(member) {
        put(all, member, value);
    }
}

/// Sets the member of an attribute unless it exists. Null and secret values are left out; an attribute with the name of a
/// secret is not captured in the first place.
pub(crate) fn put(all: &mut Map<String, Value>, member: &str, value: Option<Value>) {
    let Some(value) = value.filter(|value| !value.is_null() && !shows_secret(value)) else { return };
    if member != RESERVED_METADATA_KEY && !all.contains_key(member) {
        all.insert(member.to_owned(), without_secrets(value));
    }
}

/// Sets a member whose name has dots, as members of nested objects.
fn put_nested(all: &mut Map<String, Value>, path: &str, value: Option<Value>) {
    let Some((first, rest)) = path.split_once('.') else { return put(all, path, value) };
    let (Some(value), false) = (value, first == RESERVED_METADATA_KEY) else { return };
    let inner = all.entry(first).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put_nested(inner, rest, Some(value));
    }
}

/// Returns the value without members that look like secrets.
fn without_secrets(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(name, value)| !is_secret(name) && !shows_secret(value))
            .map(|(name, value)| (name, without_secrets(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_secrets).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

/// Returns whether a text is a struct with a secret, as `Debug` writes it: `Client { api_key: "…" }`.
fn shows_secret(value: &Value) -> bool {
    let members = value.as_str().and_then(|text| text.split_once('{')?.1.rsplit_once(':'));
    let last_word =
        |part: &'_ str| part.rsplit(|c| !is_of_name(c)).find(|word| !word.is_empty()).is_some_and(is_secret);
    members.is_some_and(|(members, _)| members.split(':').any(last_word))
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

fn list(value: AttributeValue<'_>) -> Option<Value> {
    let items = decode::list(value);
    (!items.is_empty()).then(|| items.into())
}

/// Members that are settings although a word of their names says content.
const SETTINGS: [&str; 2] = ["parallel_tool_calls", "max_function_calls"];
/// Lists that hold settings.
const SHORT_LISTS: [&str; 6] = ["stop_sequences", "stop", "encoding_formats", "modalities", "tags", "include"];
/// Members of a request that are no parameters; they are mapped elsewhere.
const REQUEST_MEMBERS: [&str; 5] = ["model", "messages", "input", "prompt", "tools"];
/// Parameter that is the model of the span.
const MODEL: &str = "model";
const MODEL_MEMBERS: [&str; 3] = ["model_name", "model_provider", RESERVED_METADATA_KEY];
