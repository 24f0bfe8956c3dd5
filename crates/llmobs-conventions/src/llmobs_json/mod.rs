//! JSON in the dialect of LLM Observability's SDKs: messages, documents, prompts, tool definitions, tag keys.

mod details;
mod messages;

pub use details::{keys, prompt, tool_definitions};
pub use messages::{documents, messages};
