//! Cohere's own APIs: `/v1/chat`, `/v2/chat`, `/v1/embed`, `/v2/embed`.
//!
//! In: both generations; which one it is shows in the bodies. The second streams SSE, the first lines of JSON or SSE.
//! Never: the texts of documents that citations repeat.

mod chat;
mod citations;
mod embed;
mod first;
mod rebuild;
mod second;
#[cfg(test)]
mod tests;
mod usage;

pub(super) use chat::Chat;
pub(super) use embed::Embed;
