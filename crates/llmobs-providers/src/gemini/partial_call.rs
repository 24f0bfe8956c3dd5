//! A function call whose arguments are streamed too: `partialArgs`, each a value and where in the arguments it belongs.

use serde_json::{Map, Value, json};

use super::case::member;
use crate::json::{StreamBudget, get, text};

/// A call that has begun.
#[derive(Debug, Default)]
pub(super) struct PartialCall {
    name: String,
    id: String,
    arguments: Value,
    will_continue: bool,
}

impl PartialCall {
    /// A call that begins, if it is to be continued; what comes whole is none.
    pub(super) fn begin(call: &Value, budget: &mut StreamBudget) -> Option<Self> {
        if !will_continue(call) && !member(call, "partialArgs").is_array() {
            return None;
        }
        let mut begun = Self { arguments: budget.keep(get(call, &["args"])), ..Self::default() };
        budget.push_member(&mut begun.name, call, "name");
        budget.push_member(&mut begun.id, call, "id");
        begun.grow(call, budget);
        Some(begun)
    }

    /// Tells whether a part continues this call: it has no name of its own.
    pub(super) fn is_continued_by(&self, call: &Value) -> bool {
        self.will_continue && text(call, "name").is_empty()
    }

    /// Takes in more of it.
    pub(super) fn grow(&mut self, call: &Value, budget: &mut StreamBudget) {
        self.will_continue = will_continue(call);
        for piece in member(call, "partialArgs").as_array().into_iter().flatten() {
            let path = member(piece, "jsonPath").as_str().unwrap_or_default();
            if let Some(place) = find(&mut self.arguments, path, budget) {
                put(place, piece, budget);
            }
        }
    }

    pub(super) fn finish(self) -> Value {
        json!({"functionCall": {"name": self.name, "id": self.id, "args": self.arguments}})
    }
}

fn will_continue(call: &Value) -> bool {
    member(call, "willContinue").as_bool() == Some(true)
}

/// The place at the end of a path such as `$.stops[0].city`, made where it is not there yet.
fn find<'a>(arguments: &'a mut Value, path: &str, budget: &mut StreamBudget) -> Option<&'a mut Value> {
    const DEEPEST: usize = 64;
    let names = path.trim_start_matches('$').split(['.', '[', ']']).filter(|name| !name.is_empty());
    names.take(DEEPEST).try_fold(arguments, |place, name| inside(place, name.trim_matches(['\'', '"']), budget))
}

fn inside<'a>(place: &'a mut Value, name: &str, budget: &mut StreamBudget) -> Option<&'a mut Value> {
    const ENTRY: usize = 64;
    let index = name.parse::<usize>().ok().filter(|_| !place.is_object());
    if place.is_null() {
        *place = if index.is_some() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
    }
    if let Some(index) = index {
        let list = place.as_array_mut()?;
        if index == list.len() && budget.take(ENTRY) {
            list.push(Value::Null);
        }
        return list.get_mut(index);
    }
    let members = place.as_object_mut()?;
    if !members.contains_key(name) && !budget.take(name.len().saturating_add(ENTRY)) {
        return None;
    }
    Some(members.entry(name.to_owned()).or_insert(Value::Null))
}

/// A text goes behind what is there of it; any other value comes whole.
fn put(place: &mut Value, piece: &Value, budget: &mut StreamBudget) {
    if let Some(more) = member(piece, "stringValue").as_str() {
        if !place.is_string() {
            *place = Value::String(String::new());
        }
        if let Value::String(text) = place {
            budget.push(text, more);
        }
        return;
    }
    let values = ["numberValue", "boolValue"].map(|name| member(piece, name));
    if let Some(value) = values.into_iter().find(|value| !value.is_null()) {
        *place = budget.keep(value);
    }
}
