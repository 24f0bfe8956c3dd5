//! Prompts that are kept at OpenAI: `prompt: {id, version, variables}` in a request.

use serde_json::{Map, Value};

use super::items::reference;
use crate::json;
use llmobs_model::{Annotation, Message, Prompt};

/// Adds the prompt that a request names, and the tags that say who found it.
pub(super) fn with_prompt(annotation: Annotation, request: &Value) -> Annotation {
    let asked = json::get(request, &["prompt"]);
    let id = json::text(asked, "id");
    if id.is_empty() {
        return annotation;
    }
    let mut prompt = Prompt::new(id);
    if let Some(version) = json::present(asked, "version") {
        prompt = prompt.version(json::as_text(version));
    }
    for (name, value) in variables(asked) {
        prompt = prompt.variable(name, value);
    }
    let annotation = annotation.prompt(prompt).tag("prompt_tracking_instrumentation_method", "auto");
    let values = asked.get("variables").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let is_multimodal = values.map(|value| json::text(value, "type")).any(|kind| !kind.is_empty() && kind != TEXT);
    if is_multimodal { annotation.tag("prompt_multimodal", "true") } else { annotation }
}

/// Adds the template: what the answer says was filled in, with the names of the variables where their values are.
pub(super) fn with_template(annotation: Annotation, request: &Value, body: &Value) -> Annotation {
    let asked = json::get(request, &["prompt"]);
    let id = json::text(asked, "id");
    let filled_in = json::items(body, "instructions");
    if id.is_empty() || filled_in.is_empty() {
        return annotation;
    }
    let mut variables = variables(asked);
    variables.retain(|(_, value)| !value.is_empty() && !MARKERS.contains(&value.as_str()));
    // The longest first: one may stand in another.
    variables.sort_by_key(|(name, value)| (std::cmp::Reverse(value.len()), name.clone()));
    let turns = filled_in.iter().map(|turn| Message::new(json::text(turn, "role"), template(turn, &variables)));
    annotation.prompt(Prompt::new(id).chat_template(turns))
}

fn template(turn: &Value, variables: &[(String, String)]) -> String {
    let text = match turn.get("content").and_then(Value::as_array) {
        Some(parts) => parts.iter().map(as_text).collect(),
        None => json::text(turn, "content").to_owned(),
    };
    variables.iter().fold(text, |text, (name, value)| text.replace(value.as_str(), &format!("{{{{{name}}}}}")))
}

fn variables(prompt: &Value) -> Vec<(String, String)> {
    let members = prompt.get("variables").and_then(Value::as_object).into_iter().flatten();
    members.map(|(name, value)| (name.clone(), as_text(value))).collect()
}

/// A variable, or a part of a turn: text, or where a picture or file is.
fn as_text(value: &Value) -> String {
    match json::text(value, "type") {
        "input_image" => reference(value, MARKERS[0]),
        "input_file" => reference(value, MARKERS[1]),
        _ if value.is_object() => json::text(value, "text").to_owned(),
        _ => json::as_text(value).into_owned(),
    }
}

const TEXT: &str = "input_text";
/// The markers of a picture and of a file without an address.
const MARKERS: [&str; 2] = ["[image]", "[file]"];
