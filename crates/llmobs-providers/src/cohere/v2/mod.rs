//! The second generation: messages as OpenAI has them.

mod assembler;
mod message;

pub(super) use assembler::V2Assembler;
pub(super) use message::{tool_definition, turn};
