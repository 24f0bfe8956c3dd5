//! `Converse` and `ConverseStream`, whose messages are those of Nova too.

mod assembler;
mod blocks;
mod call;

pub(super) use assembler::ConverseAssembler;
pub(super) use blocks::{input, output, tools};
pub(crate) use call::BedrockConverse;
