//! Cohere's own APIs: `/v1/chat`, `/v2/chat`, `/v1/embed`, `/v2/embed`.
//!
//! In: both generations; which one it is shows in the bodies. The second streams SSE, the first lines of JSON or SSE.
//! Never: the texts of documents that citations repeat.
//!
//! Source: the references of `docs.cohere.com`, v1 and v2. Datadog's SDKs have nothing for it: the words are those of
//! OpenAI's chat, documents are messages of the role `document`, plans are thoughts, and the end is `finish_reason` in the
//! metadata.

mod assembler;
mod chat;
mod citations;
mod embed;
#[cfg(test)]
mod tests;
mod usage;
mod v1;
mod v2;

pub(super) use chat::CohereChat;
pub(super) use embed::CohereEmbed;
