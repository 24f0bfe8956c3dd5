//! Prompts, tool definitions and lists of tag keys in the SDKs' own JSON.

use serde_json::{Map, Value};

use llmobs_model::{Prompt, Role, Tags, Template, TemplatePart, ToolDefinition};

/// Reads a prompt, and returns whether all of it could be read.
///
/// A member of the wrong type, or two templates, make it no prompt; an unknown member is left out.
/// Shape: `{"id": …, "version"?: …, "template"?: …, "chat_template"?: […], "variables"?: {…}, …}`.
pub fn prompt(json: &Map<String, Value>) -> (Option<Prompt>, bool) {
    let is_known = json.keys().all(|name| PROMPT_MEMBERS.contains(&name.as_str()));
    let prompt = whole_prompt(json);
    let is_clean = is_known && prompt.is_some();
    (prompt, is_clean)
}

fn whole_prompt(json: &Map<String, Value>) -> Option<Prompt> {
    let mut prompt = Prompt::unnamed();
    for (name, slot) in [
        ("id", &mut prompt.id),
        ("ml_app", &mut prompt.ml_app),
        ("version", &mut prompt.version),
        ("label", &mut prompt.label),
        ("prompt_uuid", &mut prompt.prompt_uuid),
        ("prompt_version_uuid", &mut prompt.prompt_version_uuid),
    ] {
        *slot = optional(json, name, |value| value.as_str().map(str::to_owned))?;
    }
    let text = optional(json, "template", |value| value.as_str().map(|text| Template::Text(text.to_owned())))?;
    let chat = optional(json, "chat_template", |value| list(value, template_part).map(Template::Chat))?;
    prompt.template = match (text, chat) {
        (Some(_), Some(_)) => return None,
        (text, chat) => text.or(chat),
    };
    prompt.variables = optional(json, "variables", |value| value.as_object().cloned())?.unwrap_or_default();
    prompt.tags = optional(json, "tags", tags)?.unwrap_or_default();
    prompt.rag_context_variables = optional(json, "rag_context_variables", texts)?.unwrap_or_default();
    prompt.rag_query_variables = optional(json, "rag_query_variables", texts)?.unwrap_or_default();
    Some(prompt)
}

fn template_part(json: &Value) -> Option<TemplatePart> {
    let text = |name: &str| json.get(name).and_then(Value::as_str);
    if text("type") == Some("placeholder") {
        return text("name").map(TemplatePart::placeholder);
    }
    Some(TemplatePart::Message { role: Role::from(text("role")?), content: text("content")?.to_owned() })
}

fn tags(json: &Value) -> Option<Tags> {
    json.as_object()?.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// Reads tool definitions, and returns whether all of them could be read.
///
/// A definition without a name is left out, and so is a member of the wrong type.
/// Shape: `[{"name": …, "description"?: …, "schema"?: {…}, "version"?: …}]`.
pub fn tool_definitions(json: &Value) -> (Option<Vec<ToolDefinition>>, bool) {
    let Value::Array(items) = json else { return (None, false) };
    let mut is_clean = true;
    let mut definitions = Vec::with_capacity(items.len());
    for item in items {
        let name = item.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let (Some(name), Some(members)) = (name, item.as_object()) else {
            is_clean = false;
            continue;
        };
        let mut definition = ToolDefinition::new(name);
        let text = |value: &Value| value.as_str().map(str::to_owned);
        for (name, slot) in [("description", &mut definition.description), ("version", &mut definition.version)] {
            let read = optional(members, name, text);
            is_clean &= read.is_some();
            *slot = read.flatten();
        }
        let schema = optional(members, "schema", |value| value.as_object().cloned());
        is_clean &= schema.is_some();
        definition.schema = schema.flatten();
        definitions.push(definition);
    }
    (Some(definitions), is_clean)
}

/// Returns the tag keys in a JSON array of strings, or in a text with commas. `None` if a JSON array holds anything
/// else.
pub fn keys(text: &str) -> Option<Vec<String>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).ok();
    }
    let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
    Some(keys.map(str::to_owned).collect())
}

/// Reads a member: `Some(None)` if it is absent or null, `None` if it has the wrong form.
#[expect(clippy::option_option, reason = "with `?` the outer `None` means: the whole is ill-formed")]
fn optional<T>(json: &Map<String, Value>, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Option<Option<T>> {
    match json.get(name).filter(|value| !value.is_null()) {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}

fn texts(json: &Value) -> Option<Vec<String>> {
    list(json, |item| item.as_str().map(str::to_owned))
}

fn list<T>(json: &Value, one: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    json.as_array()?.iter().map(one).collect()
}

const PROMPT_MEMBERS: [&str; 12] = [
    "id",
    "ml_app",
    "version",
    "label",
    "template",
    "chat_template",
    "variables",
    "tags",
    "rag_context_variables",
    "rag_query_variables",
    "prompt_uuid",
    "prompt_version_uuid",
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use llmobs_model::Message;

    fn read(json: &Value) -> (Option<Prompt>, bool) {
        prompt(json.as_object().unwrap())
    }

    #[test]
    fn a_whole_prompt_is_read() {
        let given = json!({"id": "chat", "ml_app": "app", "version": "1", "label": "prod", "tags": {"team": "x"},
            "chat_template": [{"role": "user", "content": "{{q}}"}, {"type": "placeholder", "name": "history"}],
            "variables": {"q": 5, "l": [1]}, "rag_context_variables": ["c"], "rag_query_variables": ["q"],
            "prompt_uuid": "u1", "prompt_version_uuid": "u2"});
        let chat = [TemplatePart::from(Message::user("{{q}}")), TemplatePart::placeholder("history")];
        let mut expected = Prompt::new("chat").version("1").label("prod").tag("team", "x").chat_template(chat);
        expected.ml_app = Some("app".to_owned());
        let expected = expected.variable("q", 5).variable("l", json!([1])).managed("u1", "u2");
        let expected = expected.rag_context_variables(["c"]).rag_query_variables(["q"]);
        assert_eq!(read(&given), (Some(expected), true));
    }

    #[test]
    fn a_prompt_of_the_wrong_form_is_refused_and_an_unknown_member_told() {
        assert_eq!(read(&json!({})), (Some(Prompt::unnamed()), true));
        assert_eq!(read(&json!({"id": "a", "banana": 1})), (Some(Prompt::new("a")), false));
        for bad in [
            json!({"template": "a", "chat_template": [{"role": "r", "content": "c"}]}),
            json!({"template": 5}),
            json!({"template": "a", "version": 5}),
            json!({"id": 5}),
            json!({"variables": ["x"]}),
            json!({"tags": {"a": 1}}),
            json!({"rag_context_variables": "ctx"}),
            json!({"chat_template": [{"content": "c"}]}),
            json!({"chat_template": "x"}),
        ] {
            assert_eq!(read(&bad), (None, false), "{bad}");
        }
    }

    #[test]
    fn tools_without_a_name_and_parts_of_the_wrong_type_are_left_out() {
        let whole =
            json!([{"name": "a", "description": "d", "schema": {"type": "object"}, "version": "2"}, {"name": "b"}]);
        let a = ToolDefinition::new("a").description("d").schema(json!({"type": "object"})).version("2");
        assert_eq!(tool_definitions(&whole), (Some(vec![a, ToolDefinition::new("b")]), true));
        let broken = json!([{"description": "no name"}, "x", {"name": ""}, {"name": "c", "schema": "x", "version": 1}]);
        assert_eq!(tool_definitions(&broken), (Some(vec![ToolDefinition::new("c")]), false));
        assert_eq!(tool_definitions(&json!({"name": "a"})), (None, false));
    }

    #[test]
    fn keys_come_as_json_or_with_commas() {
        let two = Some(vec!["team".to_owned(), "feature".to_owned()]);
        assert_eq!((keys(r#"["team","feature"]"#), keys("team, feature,")), (two.clone(), two));
        assert_eq!((keys("[5]"), keys("")), (None, Some(Vec::new())));
    }
}
