//! Names, parameters and token counts of all APIs of Cohere.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::endpoint::Endpoint;
use crate::json::{as_count, as_text, get, pick, text};
use crate::usage::{TokenUsage, sum};
use llmobs_model::Annotation;

/// The name of every span.
pub(super) const NAME: Cow<'static, str> = Cow::Borrowed("cohere.request");

/// The model of a request, who serves it, and those of its settings that are of these names.
pub(super) fn asked(endpoint: &Endpoint, request: &Value, settings: &[&str]) -> Annotation {
    let mut given = pick(request, settings);
    given.retain(|_, value| !value.is_null());
    let annotation = Annotation::new().model_provider(endpoint.provider.clone()).metadata_map(given);
    match text(request, "model") {
        "" => annotation,
        model => annotation.model_name(model),
    }
}

/// The counts of an answer: `usage` in the second generation, `meta` in the first. Tokens are what the model saw; billed
/// units leave out what Cohere puts around a prompt, and stand in where there is nothing else.
pub(super) fn counted(annotation: Annotation, body: &Value) -> Annotation {
    let usage = ["usage", "meta"].map(|name| get(body, &[name])).into_iter().find(|usage| usage.is_object());
    let usage = usage.unwrap_or(&Value::Null);
    let tokens = |name: &str| {
        let places = [get(usage, &["tokens", name]), get(usage, &["billed_units", name])];
        places.into_iter().find_map(as_count)
    };
    let (input, output) = (tokens("input_tokens"), tokens("output_tokens"));
    let counts = TokenUsage {
        input,
        output,
        total: sum([input, output]),
        cache_read: as_count(get(usage, &["cached_tokens"])),
        reasoning: as_count(get(usage, &["tokens", "reasoning_tokens"])),
        ..TokenUsage::default()
    };
    annotation.metrics(counts.metrics())
}

/// A document that the model may cite: a text, or an object with its text in some member.
pub(super) fn document(document: &Value) -> String {
    let data = document.get("data").or_else(|| document.get("document")).unwrap_or(document);
    let alone = |members: &Map<String, Value>| {
        let mut telling = members.iter().filter(|(name, _)| name.as_str() != "id");
        let (first, second) = (telling.next(), telling.next());
        first.filter(|_| second.is_none()).and_then(|(_, value)| value.as_str()).map(str::to_owned)
    };
    data.as_object().and_then(alone).unwrap_or_else(|| as_text(data).into_owned())
}
