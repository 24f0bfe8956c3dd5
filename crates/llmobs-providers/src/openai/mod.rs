//! The APIs of OpenAI, which many others speak too.
//!
//! In: the JSON of requests and answers. Out: what it says, and the JSON of an answer that came as a stream.
//! Never: a member of a request that is not on a list; tokens that nobody counted.

mod names;
mod usage;

mod message;
mod tools;

mod chat;
mod chat_assembler;
mod common_chunk;
mod completions;
mod embeddings;
mod tool_call_assembler;

mod items;
mod prompt;
mod responses;
mod responses_assembler;

pub(super) use chat::OpenAiChat;
pub(super) use completions::OpenAiCompletions;
pub(super) use embeddings::OpenAiEmbeddings;
pub(super) use responses::OpenAiResponses;
pub(super) use usage::with_cost;
