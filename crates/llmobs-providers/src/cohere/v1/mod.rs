//! The first generation: one message, and those before it.

mod assembler;
mod message;

pub(super) use assembler::V1Assembler;
pub(super) use message::{answered, asked};
