//! A model's reason for calling a tool: asked for in the tool's schema, taken out of the call.

use std::sync::Arc;

use rmcp::model::{CallToolRequestParams, JsonObject, ListToolsResult};
use serde_json::{Value, json};

/// Adds an argument for the intent to the schemas of these tools, unless a tool has an argument of that name itself.
///
/// Shape: `{"properties":{"telemetry":{"type":"object","properties":{"intent":{"type":"string",…}},…}},"required":["telemetry"]}`.
pub(crate) fn ask_for(listed: &mut ListToolsResult) {
    for tool in &mut listed.tools {
        if is_askable(&tool.input_schema) {
            extend(Arc::make_mut(&mut tool.input_schema));
        }
    }
}

/// Takes the intent out of a call. An argument of that name with another form is the tool's own, and stays.
pub(crate) fn take(call: &mut CallToolRequestParams) -> Option<String> {
    let arguments = call.arguments.as_mut()?;
    let Value::Object(telemetry) = arguments.get(TELEMETRY)? else { return None };
    if telemetry.keys().any(|key| key != INTENT) {
        return None;
    }
    let Some(Value::Object(mut telemetry)) = arguments.remove(TELEMETRY) else { return None };
    match telemetry.remove(INTENT)? {
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

fn is_askable(schema: &JsonObject) -> bool {
    let is_object = schema.get("type").is_none_or(|kind| kind == "object");
    let properties = schema.get("properties");
    let is_free = properties.is_none_or(|all| all.as_object().is_some_and(|all| !all.contains_key(TELEMETRY)));
    is_object && is_free && schema.get("required").is_none_or(Value::is_array)
}

fn extend(schema: &mut JsonObject) {
    schema.entry("type").or_insert_with(|| "object".into());
    if let Value::Object(properties) = schema.entry("properties").or_insert_with(|| json!({})) {
        let intent = json!({"type": "string", "description": QUESTION});
        let telemetry = json!({"type": "object", "properties": {INTENT: intent}, "required": [INTENT]});
        properties.insert(TELEMETRY.to_owned(), telemetry);
    }
    if let Value::Array(required) = schema.entry("required").or_insert_with(|| json!([])) {
        required.push(TELEMETRY.into());
    }
}

const TELEMETRY: &str = "telemetry";
const INTENT: &str = "intent";
const QUESTION: &str = "Why this tool is called now: the task at hand and what the call is to contribute, in a sentence or \
                        two of English. No argument values, no personal data, no secrets.";

#[cfg(test)]
mod tests {
    use super::*;
    use rmcp::model::Tool;

    fn asked(schema: Value) -> Value {
        let schema: JsonObject = serde_json::from_value(schema).unwrap();
        let mut listed = ListToolsResult::with_all_items(vec![Tool::new("weather", "tells it", Arc::new(schema))]);
        ask_for(&mut listed);
        Value::Object((*listed.tools[0].input_schema).clone())
    }

    #[test]
    fn a_schema_asks_for_the_intent_once_and_keeps_its_own_arguments() {
        let once = asked(json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}));
        assert_eq!(once["properties"]["city"], json!({"type": "string"}));
        assert_eq!(once["properties"]["telemetry"]["required"], json!(["intent"]));
        assert_eq!(once["required"], json!(["city", "telemetry"]));
        assert_eq!(asked(once.clone()), once);
        let bare = asked(json!({}));
        assert_eq!((&bare["type"], &bare["required"]), (&json!("object"), &json!(["telemetry"])));
        for left_alone in [
            json!({"type": "string"}),
            json!({"type": "object", "properties": {"telemetry": {"type": "boolean"}}}),
            json!({"type": "object", "properties": true}),
        ] {
            assert_eq!(asked(left_alone.clone()), left_alone);
        }
    }

    #[test]
    fn the_intent_is_taken_out_of_a_call_and_the_tools_own_arguments_are_not() {
        for (arguments, intent, left) in [
            (json!({"a": 1, "telemetry": {"intent": "to know"}}), Some("to know"), json!({"a": 1})),
            (json!({"telemetry": {"intent": ["x"]}}), Some(r#"["x"]"#), json!({})),
            (json!({"telemetry": {"intent": ""}}), None, json!({})),
            (json!({"telemetry": {}}), None, json!({})),
            (json!({"telemetry": true}), None, json!({"telemetry": true})),
            (
                json!({"telemetry": {"intent": "x", "level": 1}}),
                None,
                json!({"telemetry": {"intent": "x", "level": 1}}),
            ),
            (json!({"intent": "x"}), None, json!({"intent": "x"})),
        ] {
            let arguments: JsonObject = serde_json::from_value(arguments).unwrap();
            let mut call = CallToolRequestParams::new("weather").with_arguments(arguments);
            assert_eq!(take(&mut call).as_deref(), intent);
            assert_eq!(call.arguments.map(Value::Object), Some(left));
        }
    }
}
