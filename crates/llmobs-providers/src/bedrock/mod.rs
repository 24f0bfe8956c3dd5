//! Amazon Bedrock: `InvokeModel`, whose bodies are those of each model's family, `Converse`, and the streams of both; agents.
//!
//! ```text
//!  request body ─▶ dialect ─┬─▶ anthropic::AnthropicMessages      the same bodies as at Anthropic's own API
//!  (or the first chunk)     ├─▶ converse                 Nova
//!                           ├─▶ openai::OpenAiChat             Jamba, Mistral, DeepSeek V3, gpt-oss, Qwen, …
//!                           ├─▶ cohere                   Command R
//!                           └─▶ text                     prompt in, text out: Titan, Llama, Mistral, Command, …
//! ```
//!
//! Which family a body belongs to is read off its shape: the id of an inference profile or of a model of one's own does not
//! say it. Never: a call to look a model or a profile up.

mod agents;
mod converse;
mod embeddings;
mod invoke;
mod model_use;
mod token_counts;

#[cfg(test)]
mod tests;

pub(super) use agents::AgentUrl;
pub(super) use agents::BedrockAgent;
pub(super) use converse::BedrockConverse;
pub(super) use embeddings::BedrockEmbeddings;
pub(super) use invoke::BedrockInvoke;
pub(super) use model_use::narrow_api;
