//! Ollama's own API: `/api/chat`, `/api/generate`, `/api/embed`. What it serves below `/v1` is OpenAI's.
//!
//! In: one JSON object, or lines of them, which is what it sends unless the request says `"stream": false`.
//! Never: pictures of a type that their first bytes do not show.
//!
//! Source: `docs/api.md` of Ollama. Datadog's SDKs have nothing for it: the words are those of OpenAI's chat, the end is
//! `finish_reason` in the metadata, and the times of its own clock are metrics.

mod assembler;
mod chat;
mod embed;
mod generate;
mod images;
#[cfg(test)]
mod tests;
mod usage;

pub(super) use chat::OllamaChat;
pub(super) use embed::OllamaEmbed;
pub(super) use generate::OllamaGenerate;
