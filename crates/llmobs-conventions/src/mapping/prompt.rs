//! The managed prompt that a model was called with.

use std::borrow::Cow;

use crate::attributes::ResolvedAttributes;
use crate::format::decode;
use crate::format::json::Json;
use llmobs_model::{Prompt, Template, TemplatePart};

/// Returns the prompt. All of it comes from the first convention that has one.
pub(crate) fn prompt(attributes: &ResolvedAttributes<'_>) -> Option<Prompt> {
    let mut prompt = tracked(attributes).or_else(|| SOURCES.iter().find_map(|source| source.read(attributes)))?;
    prompt.without_defaults = true;
    Some(prompt)
}

/// Returns the prompt in Datadog's own JSON object.
fn tracked(attributes: &ResolvedAttributes<'_>) -> Option<Prompt> {
    let json = attributes.json(TRACKED)?;
    let chat = json.get("chat_template").and_then(Json::as_list);
    let chat: Vec<TemplatePart> = chat.unwrap_or_default().iter().filter_map(template_part).collect();
    let text = json.get("template").filter(|text| **text != Json::Text(Cow::Borrowed(""))).map(Json::to_text);
    let template = text.map(Template::Text).or_else(|| (!chat.is_empty()).then_some(Template::Chat(chat)))?;
    let texts = |name: &str| match json.get(name) {
        Some(Json::List(names)) => names.iter().map(Json::to_text).collect(),
        Some(other) => vec![other.to_text()],
        None => Vec::new(),
    };
    let mut prompt = Prompt::unnamed();
    prompt.id = json.first(&["id", "name"]).map(Json::to_text);
    prompt.version = json.get("version").map(Json::to_text);
    prompt.template = Some(template);
    prompt.rag_context_variables = texts("rag_context_variables");
    prompt.rag_query_variables = texts("rag_query_variables");
    for (name, value) in json.get("variables").and_then(Json::members).unwrap_or_default() {
        prompt = prompt.variable(name.as_ref(), value.to_text());
    }
    Some(prompt)
}

fn template_part(json: &Json<'_>) -> Option<TemplatePart> {
    if json.first_text(&["type"]) == Some("placeholder") {
        return json.first_text(&["name"]).map(TemplatePart::placeholder);
    }
    let content = json.get("content")?.to_text();
    Some(TemplatePart::Message { role: json.first_text(&["role"]).unwrap_or_default().into(), content })
}

/// The attributes of one convention.
struct PromptAttributes {
    id: &'static str,
    version: &'static str,
    template: Option<&'static str>,
    /// A JSON object of variables, or the prefix of one attribute a variable.
    variables: Option<&'static str>,
}

impl PromptAttributes {
    fn read(&self, attributes: &ResolvedAttributes<'_>) -> Option<Prompt> {
        let text = |name: &str| attributes.text(name).map(Cow::into_owned);
        let mut prompt = Prompt::unnamed();
        prompt.id = text(self.id);
        prompt.version = text(self.version);
        prompt.template = self.template.and_then(text).map(Template::Text);
        if prompt.id.is_none() && prompt.template.is_none() {
            return None;
        }
        let Some(variables) = self.variables else { return Some(prompt) };
        let object = attributes.json(variables.trim_end_matches('.'));
        for (name, value) in object.iter().filter_map(Json::members).flatten() {
            prompt = prompt.variable(name.as_ref(), value.to_text());
        }
        for (name, value) in attributes.under(variables).filter(|(name, _)| !name.is_empty()) {
            if let Some(value) = decode::text(value) {
                prompt = prompt.variable(name, value.into_owned());
            }
        }
        Some(prompt)
    }
}

const TRACKED: &str = "_dd.ml_obs.prompt_tracking";
const SOURCES: [PromptAttributes; 4] = [
    PromptAttributes {
        id: "gen_ai.prompt.name",
        version: "gen_ai.prompt.version",
        template: Some("gen_ai.prompt.template"),
        variables: Some("gen_ai.prompt.variable."),
    },
    PromptAttributes {
        id: "prompt.id",
        version: "llm.prompt_template.version",
        template: Some("llm.prompt_template.template"),
        variables: Some("llm.prompt_template.variables."),
    },
    PromptAttributes {
        id: "traceloop.prompt.key",
        version: "traceloop.prompt.version",
        template: Some("traceloop.prompt.template"),
        variables: Some("traceloop.prompt.template_variables."),
    },
    PromptAttributes {
        id: "langfuse.observation.prompt.name",
        version: "langfuse.observation.prompt.version",
        template: None,
        variables: None,
    },
];
