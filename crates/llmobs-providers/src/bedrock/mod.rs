//! Amazon Bedrock: `InvokeModel`, whose bodies are those of each model's family, `Converse`, and the streams of both; agents.
//!
//! ```text
//!  request body ─▶ dialect ─┬─▶ anthropic::Messages      the same bodies as at Anthropic's own API
//!  (or the first chunk)     ├─▶ converse                 Nova
//!                           ├─▶ openai::Chat             Jamba, Mistral, DeepSeek V3, gpt-oss, Qwen, …
//!                           ├─▶ cohere                   Command R
//!                           └─▶ text                     prompt in, text out: Titan, Llama, Mistral, Command, …
//! ```
//!
//! Which family a body belongs to is read off its shape: the id of an inference profile or of a model of one's own does not
//! say it. Never: a call to look a model or a profile up.

mod agents;
mod converse;
mod counts;
mod embeddings;
mod invoke;
mod model;

#[cfg(test)]
mod tests;

pub(super) use agents::Agents;
pub(super) use agents::Place;
pub(super) use converse::Converse;
pub(super) use embeddings::Embeddings;
pub(super) use invoke::Invoke;
pub(super) use model::narrowed;
