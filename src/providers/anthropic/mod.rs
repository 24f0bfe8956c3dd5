//! The Messages API of Anthropic: its own, and the same bodies on Vertex AI and on Bedrock.
//!
//! In: a request, and an answer whole or as the events of its stream. Out: messages, metadata, tools, metrics.
//! Never: signatures, what only Anthropic can decrypt, and stop reasons, which no other client of the intake has in its metadata.

mod blocks;
mod messages;
mod rebuild;
mod usage;

#[cfg(test)]
mod tests;

pub(super) use messages::Messages;
pub(super) use rebuild::Rebuilt;
#[cfg(test)]
pub(super) use tests::{Block, interleaved};
