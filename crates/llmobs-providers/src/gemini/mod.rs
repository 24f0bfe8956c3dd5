//! Google's APIs: Gemini's and, in the same shapes, Vertex AI's.
//!
//! In: `generateContent` and `streamGenerateContent`, `embedContent` and its batch, Vertex AI's `predict` of embedding
//! models, `interactions`. Members may be in camel case or in snake case, as protobuf JSON has it.
//! Never: bytes of inline media.
//!
//! Source: the references of `ai.google.dev/api` and of Vertex AI, and for what is shown of them Datadog's Python SDK,
//! `ddtrace/llmobs/_integrations/google_genai.py`; it merges thoughts into streamed answers, which we do not. It has
//! nothing for `interactions`: there the words are those of `generateContent`.

mod assembler;
mod case;
mod content;
mod embed;
mod generate;
mod interactions;
mod model_owner;
mod partial_call;
#[cfg(test)]
mod tests;

pub(super) use embed::GeminiEmbed;
pub(super) use generate::GeminiGenerate;
pub(super) use interactions::GeminiInteractions;
