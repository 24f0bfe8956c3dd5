//! Detects the model family of a body.

use serde_json::Value;

use crate::json;

/// The shape of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The Messages API of Anthropic.
    Anthropic,
    /// Nova, whose messages are those of `Converse`.
    Nova,
    /// Chat completions as OpenAI has them: Jamba, Mistral, DeepSeek V3, gpt-oss, Qwen, Palmyra, …
    Chat,
    /// Command R.
    Cohere,
    /// A prompt and a text: all others.
    Text,
}

impl Dialect {
    /// The shape of this request.
    pub(super) fn of(request: &Value) -> Self {
        let has = |name: &str| json::present(request, name).is_some();
        match () {
            () if has("anthropic_version") => Self::Anthropic,
            () if has("messages") && is_nova(request) => Self::Nova,
            () if has("messages") => Self::Chat,
            () if has("message") => Self::Cohere,
            () => Self::Text,
        }
    }

    /// The shape of a whole answer, which is looked at by itself: its request may not have been at hand.
    pub(super) fn of_answer(body: &Value) -> Self {
        match () {
            () if json::get(body, &["output", "message"]).is_object() => Self::Nova,
            () if body["content"].is_array() => Self::Anthropic,
            () if json::items(body, "choices").iter().any(|choice| choice["message"].is_object()) => Self::Chat,
            () if body["text"].is_string() => Self::Cohere,
            () => Self::Text,
        }
    }

    /// The shape of a chunk of a stream.
    pub(super) fn of_chunk(chunk: &Value) -> Self {
        let has = |name: &str| chunk.get(name).is_some();
        match () {
            () if NOVA.iter().any(|event| has(event)) => Self::Nova,
            () if has("event_type") => Self::Cohere,
            // The texts of DeepSeek R1 are in a list of the same name.
            () if has("choices") && json::items(chunk, "choices").iter().all(|choice| choice.get("text").is_none()) => {
                Self::Chat
            }
            () if chunk["type"].is_string() && !has("completion") => Self::Anthropic,
            () => Self::Text,
        }
    }
}

/// The events of Nova.
const NOVA: &[&str] =
    &["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"];

/// Blocks without a type, a list as system prompt, or a name that no other family has.
fn is_nova(request: &Value) -> bool {
    let has_name = ["schemaVersion", "inferenceConfig", "toolConfig"].iter().any(|name| request.get(name).is_some());
    let is_untyped = |block: &Value| block.is_object() && block.get("type").is_none();
    let mut blocks = json::items(request, "messages").iter().flat_map(|message| json::items(message, "content"));
    has_name || blocks.any(is_untyped)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_says_which_family_it_belongs_to() {
        let blocks = json!([{"role": "user", "content": [{"text": "hi"}]}]);
        let typed = json!([{"role": "user", "content": [{"type": "text", "text": "hi"}]}]);
        for (request, expected) in [
            (json!({"anthropic_version": "bedrock-2023-05-31", "messages": typed}), Dialect::Anthropic),
            (json!({"messages": blocks}), Dialect::Nova),
            (json!({"schemaVersion": "messages-v1", "messages": []}), Dialect::Nova),
            (json!({"messages": typed}), Dialect::Chat),
            (json!({"messages": [{"role": "user", "content": "hi"}]}), Dialect::Chat),
            (json!({"message": "hi", "chat_history": []}), Dialect::Cohere),
            (json!({"prompt": "hi"}), Dialect::Text),
            (json!({"inputText": "hi"}), Dialect::Text),
            (json!(null), Dialect::Text),
        ] {
            assert_eq!(Dialect::of(&request), expected, "{request}");
        }
    }
}
