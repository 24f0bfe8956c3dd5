//! The first generation: one message, and those before it.

mod message;
mod stream;

pub(super) use message::{answered, asked};
pub(super) use stream::First;
