//! The Messages API of Anthropic: its own, and the same bodies on Vertex AI and on Bedrock.
//!
//! In: a request, and an answer whole or as the events of its stream. Out: messages, metadata, tools, metrics.
//! Never: citations, signatures and stop reasons, for which the intake has no place; encrypted or inline media beyond their bounds.

mod blocks;
mod messages;
mod rebuild;
mod usage;

pub(super) use messages::Messages;
pub(super) use rebuild::Rebuilt;
