//! The APIs of OpenAI, which many others speak too.
//!
//! In: the JSON of requests and answers. Out: what it says, and the JSON of an answer that came as a stream.
//! Never: a member of a request that is not on a list; tokens that nobody counted.

mod names;
mod usage;

mod message;
mod tools;

mod chat;
mod chat_delta;
mod chat_stream;
mod completions;
mod embeddings;

mod items;
mod prompt;
mod responses;
mod responses_stream;

pub(super) use chat::Chat;
pub(super) use completions::Completions;
pub(super) use embeddings::Embeddings;
pub(super) use responses::Responses;
pub(super) use usage::cost;
