//! Detects the purpose of a model by its id.

use serde_json::Value;

use super::agents::AgentUrl;
use crate::endpoint::Api;
use crate::json;

/// The API of an invocation of this model; nothing when the model neither writes nor embeds. Other APIs are as they are.
pub(crate) fn narrow_api(api: Api, model_id: &str) -> Option<Api> {
    if api == Api::BedrockAgent {
        return AgentUrl::read(model_id).map(|_| api);
    }
    if api != Api::BedrockInvoke {
        return Some(api);
    }
    match Use::of(model_id) {
        Use::Generation => Some(Api::BedrockInvoke),
        Use::Embedding => Some(Api::BedrockEmbeddings),
        Use::Other => None,
    }
}

/// Returns the name of the model that responded.
///
/// An id of the URL is the name as it is: that is how the intake knows what a token costs. An ARN of a model or of a
/// system-defined profile ends with such an id. The ARN of an application profile, of provisioned throughput or of a prompt
/// router hides the model; there the one counts that the response names, by itself or in the trace of a router. A model of
/// one's own (imported, custom) has no other name than its ARN.
pub(super) fn responding_model<'a>(url_id: &'a str, body: &'a Value) -> &'a str {
    let Some(resource) = arn_resource(url_id) else { return url_id };
    if let Some(id) = named_resource(resource) {
        return id;
    }
    if !HIDING.iter().any(|kind| resource.starts_with(kind)) {
        return url_id;
    }
    let routed = json::get(body, &["trace", "promptRouter", "invokedModelId"]).as_str().unwrap_or_default();
    let routed = arn_resource(routed).map_or(routed, |resource| named_resource(resource).unwrap_or(routed));
    [routed, json::text(body, "model"), json::text(body, "modelId")]
        .into_iter()
        .find(|name| !name.is_empty())
        .unwrap_or(url_id)
}

/// Resources behind which there is another model.
const HIDING: &[&str] =
    &["application-inference-profile/", "default-prompt-router/", "prompt-router/", "provisioned-model/", "prompt/"];

/// Returns what stands behind region and account in an ARN. The id of a model has colons itself.
fn arn_resource(id: &str) -> Option<&str> {
    id.strip_prefix("arn:")?.splitn(5, ':').nth(4)
}

fn named_resource(resource: &str) -> Option<&str> {
    let (kind, id) = resource.split_once('/')?;
    matches!(kind, "foundation-model" | "inference-profile").then_some(id)
}

/// The purpose of a model, as far as its id tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Writes text; the default.
    Generation,
    /// Turns texts into vectors.
    Embedding,
    /// Ranks documents, draws pictures, makes films.
    Other,
}

/// Words in the id of a model that writes no text.
const OTHERS: &[&str] =
    &["rerank", "stability.", "titan-image", "nova-canvas", "nova-reel", "nova-sonic", "luma.", "stable-diffusion"];

impl Use {
    /// Detects the purpose of a model by its id, with or without the prefix of a region, or by its ARN.
    fn of(model_id: &str) -> Self {
        let id = model_id.to_ascii_lowercase();
        if id.contains("embed") {
            return Self::Embedding;
        }
        if OTHERS.iter().any(|word| id.contains(word)) { Self::Other } else { Self::Generation }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Use::{Embedding, Generation, Other};
    use super::*;

    #[test]
    fn the_id_of_a_model_says_what_it_is_for() {
        for (id, expected) in [
            ("anthropic.claude-3-haiku-20240307-v1:0", Generation),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", Generation),
            ("global.amazon.nova-2-lite-v1:0", Generation),
            ("arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abcdefghijkl", Generation),
            ("arn:aws:bedrock:us-east-1::foundation-model/amazon.titan-embed-text-v2:0", Embedding),
            ("cohere.embed-multilingual-v3", Embedding),
            ("amazon.nova-2-multimodal-embeddings-v1:0", Embedding),
            ("twelvelabs.marengo-embed-2-7-v1:0", Embedding),
            ("cohere.rerank-v3-5:0", Other),
            ("us.stability.stable-image-ultra-v1:1", Other),
            ("amazon.nova-canvas-v1:0", Other),
        ] {
            assert_eq!(Use::of(id), expected, "{id}");
        }
    }

    #[test]
    fn an_opaque_arn_gives_way_to_the_model_that_the_response_names() {
        let profile = "arn:aws:bedrock:us-east-1:000000000000:application-inference-profile/abc";
        let by_router = "arn:aws:bedrock:us-east-1:000000000000:default-prompt-router/anthropic.claude:1";
        let haiku = "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
        let system =
            "arn:aws-us-gov:bedrock:us-gov-west-1:0:inference-profile/us-gov.anthropic.claude-3-haiku-20240307-v1:0";
        let routed = json!({"trace": {"promptRouter": {"invokedModelId": haiku}}});
        for (id, body, expected) in [
            ("us.amazon.nova-lite-v1:0", json!({"model": "other"}), "us.amazon.nova-lite-v1:0"),
            (haiku, json!({"model": "other"}), "anthropic.claude-3-haiku-20240307-v1:0"),
            (system, json!({}), "us-gov.anthropic.claude-3-haiku-20240307-v1:0"),
            (profile, json!({"model": "claude-sonnet-4-5"}), "claude-sonnet-4-5"),
            (profile, json!({}), profile),
            (by_router, routed, "anthropic.claude-3-haiku-20240307-v1:0"),
        ] {
            assert_eq!(responding_model(id, &body), expected, "{id}");
        }
    }
}
