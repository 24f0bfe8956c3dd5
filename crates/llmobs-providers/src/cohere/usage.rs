//! What the APIs of Cohere have in common.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::counts::{count, sum};
use crate::endpoint::Endpoint;
use crate::json::{allowed, as_text, get, text};
use llmobs_model::{Annotation, metric};

/// What every span is called.
pub(super) const NAME: Cow<'static, str> = Cow::Borrowed("cohere.request");

/// The model of a request, who serves it, and those of its settings that are of these names.
pub(super) fn asked(endpoint: &Endpoint, request: &Value, settings: &[&str]) -> Annotation {
    let mut given = allowed(request, settings);
    given.retain(|_, value| !value.is_null());
    let said = Annotation::new().model_provider(endpoint.provider.clone()).metadata_map(given);
    match text(request, "model") {
        "" => said,
        model => said.model_name(model),
    }
}

/// The counts of an answer: `usage` in the second generation, `meta` in the first. Tokens are what the model saw; billed
/// units leave out what Cohere puts around a prompt, and stand in where there is nothing else.
pub(super) fn counted(said: Annotation, body: &Value) -> Annotation {
    let usage = ["usage", "meta"].map(|name| get(body, &[name])).into_iter().find(|usage| usage.is_object());
    let usage = usage.unwrap_or(&Value::Null);
    let tokens = |name: &str| {
        let places = [get(usage, &["tokens", name]), get(usage, &["billed_units", name])];
        places.into_iter().find_map(whole_number)
    };
    let (input, output) = (tokens("input_tokens"), tokens("output_tokens"));
    let counts = [
        (metric::INPUT_TOKENS, input),
        (metric::OUTPUT_TOKENS, output),
        (metric::TOTAL_TOKENS, sum([input, output])),
        (metric::CACHE_READ_INPUT_TOKENS, whole_number(get(usage, &["cached_tokens"]))),
        (metric::REASONING_OUTPUT_TOKENS, whole_number(get(usage, &["tokens", "reasoning_tokens"]))),
    ];
    count(said, counts)
}

/// Cohere's schema has counts as numbers with fractions: `12.0`.
fn whole_number(count: &Value) -> Option<u64> {
    count.as_u64().or_else(|| count.to_string().strip_suffix(".0")?.parse().ok())
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
