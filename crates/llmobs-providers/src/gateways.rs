//! Gateways that pass calls on to other providers: Cloudflare's names the provider in its path, `LiteLLM` in the name of the
//! model and with headers.
//!
//! In: URLs, heads of responses. Out: providers, costs. Never: a provider that neither of them names.

use serde_json::Value;

use super::json;
use super::url::Url;
use llmobs_model::{Annotation, metric};

/// Returns the provider that a gateway's URL names: `gateway.ai.cloudflare.com/v1/{account}/{gateway}/{provider}/…`.
pub(super) fn provider_in_path(url: &Url) -> Option<&'static str> {
    if !url.is_at("gateway.ai.cloudflare.com") {
        return None;
    }
    let segment = url.path.split('/').nth(4)?;
    Some(provider_of(segment).unwrap_or("cloudflare"))
}

/// Adds what `LiteLLM` reports in headers: the cost in dollars, and that the model's name begins with its provider, which
/// counts where the host does not tell one.
pub(super) fn with_headers<'a>(
    mut annotation: Annotation,
    is_known_host: bool,
    header: impl Fn(&str) -> Option<&'a str>,
    request: &Value,
) -> Annotation {
    let cost = header("x-litellm-response-cost");
    let is_litellm = cost.is_some() || LITELLM_HEADERS.iter().any(|name| header(name).is_some());
    if !is_litellm {
        return annotation;
    }
    let cost = cost.and_then(|cost| cost.trim().parse::<f64>().ok()).filter(|cost| cost.is_finite() && *cost >= 0.0);
    if let Some(cost) = cost.filter(|_| annotation.metrics.get(metric::TOTAL_COST).is_none()) {
        annotation = annotation.metric(metric::TOTAL_COST, cost);
    }
    let asked = json::text(request, "model");
    let Some((prefix, model)) = asked.split_once('/').filter(|_| !is_known_host) else {
        return annotation;
    };
    let Some(provider) = provider_of(prefix) else { return annotation };
    // Where the response names the model in its own words, that name stays.
    if annotation.model_name.as_deref() == Some(asked) {
        annotation = annotation.model_name(model);
    }
    annotation.model_provider(provider)
}

const LITELLM_HEADERS: &[&str] = &["x-litellm-version", "x-litellm-model-id"];

/// Returns the provider, as `model_provider` has it, of the name that a gateway gives it.
fn provider_of(name: &str) -> Option<&'static str> {
    GATEWAY_NAMES.iter().find(|(names, _)| names.contains(&name)).map(|(_, provider)| *provider)
}

/// The names that Cloudflare and `LiteLLM` give to providers.
const GATEWAY_NAMES: &[(&[&str], &str)] = &[
    (&["openai"], "openai"),
    (&["azure-openai", "azure", "azure_ai"], "azure_openai"),
    (&["anthropic"], "anthropic"),
    (&["aws-bedrock", "bedrock", "bedrock_converse"], "amazon_bedrock"),
    (&["google-ai-studio", "google-vertex-ai", "gemini", "vertex_ai"], "google"),
    (&["mistral"], "mistral"),
    (&["cohere", "cohere_chat"], "cohere"),
    (&["groq"], "groq"),
    (&["deepseek"], "deepseek"),
    (&["xai", "grok"], "xai"),
    (&["openrouter"], "openrouter"),
    (&["perplexity-ai", "perplexity"], "perplexity"),
    (&["huggingface"], "huggingface"),
    (&["cerebras"], "cerebras"),
    (&["together_ai"], "together"),
    (&["fireworks_ai"], "fireworks"),
    (&["databricks"], "databricks"),
    (&["ollama", "ollama_chat"], "ollama"),
    (&["workers-ai", "cloudflare"], "cloudflare"),
];
