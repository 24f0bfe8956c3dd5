//! The second generation: messages as OpenAI has them.

mod message;
mod stream;

pub(super) use message::{tool_definition, turn};
pub(super) use stream::Second;
