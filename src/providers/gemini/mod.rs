//! Google's APIs: Gemini's and, in the same shapes, Vertex AI's.
//!
//! In: `generateContent` and `streamGenerateContent`, `embedContent` and its batch, Vertex AI's `predict` of embedding
//! models, `interactions`. Members may be in camel case or in snake case, as protobuf JSON has it.
//! Never: bytes of inline media; the model of a URL that the endpoint has not named.

mod content;
mod embed;
mod generate;
mod interactions;
mod member;
mod owner;
mod rebuild;
#[cfg(test)]
mod tests;

pub(super) use embed::Embed;
pub(super) use generate::Generate;
pub(super) use interactions::Interactions;
