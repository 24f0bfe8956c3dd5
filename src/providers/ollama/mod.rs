//! Ollama's own API: `/api/chat`, `/api/generate`, `/api/embed`. What it serves below `/v1` is OpenAI's.
//!
//! In: one JSON object, or lines of them, which is what it sends unless the request says `"stream": false`.
//! Never: bytes of images.

mod chat;
mod embed;
mod generate;
mod picture;
mod rebuild;
#[cfg(test)]
mod tests;
mod usage;

pub(super) use chat::Chat;
pub(super) use embed::Embed;
pub(super) use generate::Generate;
