//! `Converse` and `ConverseStream`, whose messages are those of Nova too.

mod blocks;
mod call;
mod rebuild;

pub(super) use blocks::{input, output, tools};
pub(crate) use call::Converse;
pub(super) use rebuild::Rebuilt;
