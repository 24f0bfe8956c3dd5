//! The `AnthropicMessages` API of Anthropic: its own, and the same bodies on Vertex AI and on Bedrock; and the API before it.
//!
//! In: a request, and an answer whole or as the events of its stream. Out: messages, metadata, tools, metrics.
//! Never: signatures, what only Anthropic can decrypt, and stop reasons, which no other client of the intake has in its metadata.

mod assembler;
mod blocks;
mod complete;
mod messages;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use assembler::MessageAssembler;
pub(super) use complete::AnthropicComplete;
pub(super) use messages::AnthropicMessages;
#[cfg(test)]
pub(super) use tests::{Block, interleaved};
pub(super) use usage::tokens;
