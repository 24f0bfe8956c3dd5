//! Detects the purpose of a model by its id.

use super::agents::AgentUrl;
use crate::endpoint::Api;

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
}
