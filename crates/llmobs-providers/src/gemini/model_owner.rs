//! The owner of a model, and the members of every span of Google's APIs.

use std::borrow::Cow;

use crate::endpoint::Endpoint;
use llmobs_model::Annotation;

/// The name of every span of these APIs.
pub(super) const NAME: Cow<'static, str> = Cow::Borrowed("google_genai.request");

/// Beginnings of the names of models, and who makes them.
const OWNERS: &[(&str, &str)] = &[
    ("gemini", "google"),
    ("imagen", "google"),
    ("veo", "google"),
    ("text-embedding", "google"),
    ("claude", "anthropic"),
    ("llama", "meta"),
    ("mistral", "mistral"),
    ("codestral", "mistral"),
    ("jamba", "ai21"),
    ("deepseek", "deepseek"),
    ("olmo", "ai2"),
    ("tulu", "ai2"),
    ("molmo", "ai2"),
    ("specter", "ai2"),
    ("cosmoo", "ai2"),
    ("qodo", "qodo"),
    ("mars", "camb.ai"),
];

/// Names the model and its maker; the host's provider where the name says nothing.
pub(super) fn model(annotation: Annotation, endpoint: &Endpoint, model: Option<&str>) -> Annotation {
    let model = model.map(short).unwrap_or_default();
    let owner = OWNERS.iter().find(|(beginning, _)| model.starts_with(beginning));
    let provider = owner.map_or_else(|| endpoint.provider.clone(), |(_, owner)| Cow::Borrowed(*owner));
    let annotation = annotation.model_provider(provider);
    if model.is_empty() { annotation } else { annotation.model_name(model) }
}

/// The last part of `models/…`, `tunedModels/…` or `projects/…/models/…`.
fn short(model: &str) -> &str {
    model.rsplit('/').next().unwrap_or(model)
}
